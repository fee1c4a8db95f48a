"""Poisson samples without a coin per row.

Each of n rows joins a Poisson sample by its own coin of probability q. The size of the sample is
then binomial, and given the size every subset is as likely as any other; so a size and a uniform
subset of that size are the same sample, at the cost of the rows that are drawn.

The size is read off the distribution function, below the median from the left and above it from
the right, so that both tails keep their relative precision: the law is met to about 10^-13 in total
variation. Given the size, subsets are exactly uniform.
"""

from typing import Any

import numpy as np
from scipy.stats import binom

from sklearn_private.mechanisms import random_permutation, uniform_below, uniform_words

_REACH = 2.0**-64  # The next size beyond the table is less likely than this.


class BinomialSize:
    """Draw the size of a Poisson sample.

    Parameters
    ----------
    n : int
        Rows.
    rate : float
        Probability of each, in (0, 1].

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source
    >>> from torch_private.sampling import BinomialSize
    >>> 0 <= BinomialSize(1000, 0.1).draw(noise_source()) <= 1000
    True
    """

    def __init__(self, n: int, rate: float):
        low, high = int(binom.ppf(_REACH, n, rate)), int(binom.isf(_REACH, n, rate))
        self._low = max(low - 1, 0)
        sizes = np.arange(self._low, min(high + 1, n) + 1)
        self._below = binom.cdf(sizes, n, rate)
        self._above = binom.sf(sizes, n, rate)[::-1]

    def draw(self, rng: object) -> Any:
        """Return one size, from the bytes of ``rng``."""
        word = int(uniform_words(1, rng)[0])
        u = (word >> 1) * 2.0**-64  # in [0, 1/2)
        if word & 1:  # the right half: the first size k with P(size > k) <= u
            index = len(self._above) - int(np.searchsorted(self._above, u, side="right"))
            return self._low + min(index, len(self._above) - 1)
        return self._low + int(np.searchsorted(self._below, u, side="right"))


def uniform_subset(k: int, n: int, rng: object) -> np.ndarray:
    """Draw a uniform subset of 0, ..., n - 1.

    The first k distinct ones of independent uniform numbers are one, and also given that a row of
    numbers held k distinct ones at all, since no number differs from another.

    Parameters
    ----------
    k, n : int
        Size of the subset and of the whole.
    rng : SecureSource or numpy.random.Generator
        Source of bytes, see :func:`sklearn_private.mechanisms.noise_source`.

    Returns
    -------
    ndarray of int64, shape (k,)
        In no particular order.

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source
    >>> from torch_private.sampling import uniform_subset
    >>> len(set(uniform_subset(5, 9, noise_source()).tolist()))
    5
    """
    if 3 * k >= n:
        return random_permutation(n, rng)[:k]
    expected = -n * np.log1p(-k / n)  # draws until k distinct ones, on average nearly
    n_draws = int(expected + 4 * np.sqrt(k) + 8)
    while True:
        drawn = uniform_below(n, n_draws, rng)
        first = np.sort(np.unique(drawn, return_index=True)[1])
        if len(first) >= k:
            return drawn[first[:k]]
