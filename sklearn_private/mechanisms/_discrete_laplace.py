"""The discrete Laplace distribution, exactly: P(k) proportional to exp(-|k| / scale).

For a rational scale t / s [1]_: the integer X with P(x) proportional to exp(-x / t) is U + t V,
where U is uniform below t and kept with probability exp(-U / t), and V counts coins of probability
exp(-1) that fall heads in a row. Its quotient Y = X // s has P(y) proportional to exp(-y s / t). A
random sign, with "minus zero" drawn again, makes it two-sided. Every step is exact in integers.

U + t V must fit int64. With t at most 2^54 that needs V < 2^9 - 1, which fails with probability
exp(-511): never.

.. [1] C. Canonne, G. Kamath, T. Steinke, "The discrete Gaussian for differential privacy",
   NeurIPS 2020, algorithm 2.
"""

from typing import Any

import numpy as np

from ..exceptions import RangeError
from ._arguments import check, rational
from ._bernoulli import bernoulli_exp
from ._uniform import collect, uniform_below, uniform_words

LARGEST_NUMERATOR = 2**54


def discrete_laplace(scale: Any, size: int | tuple[int, ...], rng: object) -> np.ndarray:
    """Draw integers k with probability proportional to exp(-|k| / scale), exactly.

    Parameters
    ----------
    scale : int, float or Fraction
        Above 0. Larger is noisier: the standard deviation is about 1.41 times the scale. A float
        is the rational number that it stores. In lowest terms its numerator is at most 2^54.
    size : int or tuple of int
        Shape of the result.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of int64, shape size
        Independent draws.

    Raises
    ------
    InvalidParameterError
        If ``scale`` is not a positive finite number.
    RangeError
        If its numerator is above 2^54, so that a draw might not fit int64.

    See Also
    --------
    laplace : Adds this noise to real values.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from sklearn_private.mechanisms import discrete_laplace, noise_source
    >>> discrete_laplace(Fraction(7, 2), (2, 3), noise_source()).shape
    (2, 3)
    """
    check("discrete_laplace", rng=rng, scale=scale)
    t, s = rational(scale).as_integer_ratio()
    if t > LARGEST_NUMERATOR:
        raise RangeError.unreleased(
            f"discrete_laplace cannot draw with scale={scale!r}: its numerator, in lowest terms, "
            "is above 2**54, so a draw might overflow int64.",
            "Use a coarser unit, or round the scale up to a fraction of smaller terms.",
        )
    s = min(s, 2**63 - 1)  # Every X is below 2^63, so the quotient is 0 all the same.

    def draw(n):
        u = uniform_below(t, n, rng)
        u = u[bernoulli_exp(u, t, rng)]
        magnitude = (u + t * _heads_in_a_row(u.size, rng)) // s
        negative = uniform_words(u.size, rng) >> np.uint64(63) == 1
        return np.where(negative, -magnitude, magnitude)[~negative | (magnitude > 0)]

    return collect(draw, size)


def _heads_in_a_row(n, rng):
    """Count, n times, how many coins of probability exp(-1) fall heads before one falls tails."""
    counts = np.zeros(n, dtype=np.int64)
    tossing = np.arange(n)
    while tossing.size:
        tossing = tossing[bernoulli_exp(np.ones(tossing.size, dtype=np.int64), 1, rng)]
        counts[tossing] += 1
    return counts
