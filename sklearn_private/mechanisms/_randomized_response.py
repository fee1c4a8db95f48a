"""Randomized response over k categories: noise before anybody sees the data.

A report is the truth with probability p and else uniform over all k categories [1]_. The ratio of
the probabilities of a report under two truths is 1 + k p / (1 - p), which is exp(epsilon) for p =
(1 - exp(-epsilon)) / (1 + (k - 1) exp(-epsilon)). p is rounded down to a multiple of 2^-62, so
every probability is a known rational number, the ratio is at most exp(epsilon), and the estimate of
the shares is unbiased for the p that is used.

.. [1] P. Kairouz, K. Bonawitz, D. Ramage, "Discrete distribution estimation under local privacy",
   ICML 2016.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from .._checks import Checks
from ._arguments import check
from ._uniform import uniform_below, uniform_words

TRUTH_BITS = 62


def randomized_response(
    codes: ArrayLike, *, n_categories: int, epsilon: float, rng: object
) -> np.ndarray:
    """Replace each category by a random one, so that each report is epsilon-DP by itself.

    Parameters
    ----------
    codes : array_like of int
        Categories, 0 to n_categories - 1, of any shape.
    n_categories : int
        At least 2. The list of categories is public.
    epsilon : float
        Above 0. Smaller tells the truth less often.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of int64
        Reports, of the shape of ``codes``.

    Raises
    ------
    InvalidParameterError
        If a parameter breaks its rule, or a code is not one of the categories.

    See Also
    --------
    estimate_frequencies : What the reports say about the population.

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source, randomized_response
    >>> reports = randomized_response([0, 1, 2], n_categories=3, epsilon=1.0, rng=noise_source())
    >>> reports.shape
    (3,)
    """
    check("randomized_response", rng=rng, epsilon=epsilon)
    codes = _categories("randomized_response", "codes", codes, n_categories)
    told = uniform_words(codes.size, rng) >> np.uint64(64 - TRUTH_BITS)
    truthful = told < np.uint64(_truth(n_categories, epsilon))
    lies = uniform_below(int(n_categories), codes.size, rng)
    return np.where(truthful, codes.ravel(), lies).reshape(codes.shape)


def estimate_frequencies(reports: ArrayLike, *, n_categories: int, epsilon: float) -> np.ndarray:
    """Estimate, without bias, the share of each category from randomized responses.

    Parameters
    ----------
    reports : array_like of int
        What :func:`randomized_response` returned, at least one report.
    n_categories : int
        As given there.
    epsilon : float
        As given there.

    Returns
    -------
    ndarray of float64, shape (n_categories,)
        They add up to 1. A small share may come out negative: cutting it off would bias the rest.

    Raises
    ------
    InvalidParameterError
        If a parameter breaks its rule, a report is not one of the categories, there is none, or
        epsilon is so small that the reports carry nothing.

    Examples
    --------
    >>> from sklearn_private.mechanisms import estimate_frequencies
    >>> estimate_frequencies([0, 0, 0, 1], n_categories=2, epsilon=40.0).round(6)
    array([0.75, 0.25])
    """
    checks = Checks("estimate_frequencies")
    checks.real(epsilon=epsilon, above=0)
    reports = _categories("estimate_frequencies", "reports", reports, n_categories)
    if reports.size == 0:
        raise checks.invalid("reports", "at least one report", value="none")
    p = _truth(n_categories, epsilon) / 2**TRUTH_BITS
    if p == 0:
        raise checks.invalid(
            "epsilon", "large enough for a report to carry anything", value=epsilon
        )
    shares = np.bincount(reports.ravel(), minlength=n_categories) / reports.size
    return (shares - (1 - p) / n_categories) / p


def _truth(n_categories, epsilon):
    """Return 2^62 times the probability of a truthful report, rounded down."""
    epsilon = float(epsilon)
    p = -math.expm1(-epsilon) / (1 + (n_categories - 1) * math.exp(-epsilon))
    # The factor outweighs the rounding of the line above, so the ratio stays below exp(epsilon).
    return math.floor(p * (1 - 2.0**-48) * 2**TRUTH_BITS)


def _categories(function, name, codes, n_categories):
    checks = Checks(function)
    checks.integer(n_categories=n_categories, at_least=2)
    codes = np.asarray(codes)
    if codes.dtype.kind not in "iu" or ((codes < 0) | (codes >= n_categories)).any():
        raise checks.invalid(
            name,
            f"integers from 0 to {n_categories - 1}",
            value=f"an array of {codes.dtype} that is not",
        )
    return codes.astype(np.int64)
