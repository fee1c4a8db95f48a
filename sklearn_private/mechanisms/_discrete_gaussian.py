"""The discrete Gaussian distribution, exactly and fast.

P(x) is proportional to f(x) = exp(-x^2 / (2 sigma^2)), for integers x. What follows is rejection
under a staircase [1]_. The magnitudes 0, 1, 2, ... are cut into blocks of m values, where m is a
power of two in (sigma/32, sigma/16], or 1. Block k gets an integer weight w_k >= c f(k m), where c
is a public constant; the weights add up to less than 2^63. One word of 63 bits chooses a block (or
none: the words left over), another the place in it and the sign. A third, U in [0, 1), accepts the
place x if U < c f(x) / w_k, which is at most 1. So each x is returned with probability (w_k / 2^63)
(1 / m) c f(x) / w_k, which is proportional to f(x). "Minus zero" is drawn again.

Beyond T = K m >= 9 sigma, one cell of weight w stands for infinitely many blocks of 8 m values, the
j-th of weight w / 2^(j+1), whose places are accepted if U < 8 c f(x) / (w / 2^(j+1)). That is at
most 1, because w >= 16 c f(T) and f(T + 8 m j) <= f(T) exp(-8 m T j / sigma^2) <= f(T) / 2^j, since
8 m T / sigma^2 > 8 (1/32) 9 > ln 2. The widths and weights cancel as before.

All of it is exact, for any c and any weights above their bounds, provided that the comparison with
U is. In float64 the exponent, at most 42, has a relative error below 9 * 2^-53, so c f(x) / w_k is
known to within 2^-43. Where U lies farther than 2^-40 from it, the float decides. Else, and beyond
T, U gets as many more bits and exp as many more digits (``decimal`` rounds it correctly) as it
takes to decide. No float ever decides wrongly: the draws follow the law itself.

.. [1] L. Devroye, "Non-uniform random variate generation", Springer 1986, section VIII.2.
"""

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

import numpy as np

from ..exceptions import RangeError
from ._arguments import check, rational
from ._uniform import collect, uniform_below, uniform_words

# Up to 60 sigma fit int64, and more has probability exp(-1800); the square of 1 / sigma is finite.
SMALLEST_SIGMA, LARGEST_SIGMA = 2.0**-500, 2.0**56
BODY = 9  # The blocks reach to this many sigma; the tail begins there.
TAIL_WIDTH = 8  # Its blocks are this many times as wide.
MARGIN = 2.0**-40  # Nearer than this to the boundary, a float does not decide.


def discrete_gaussian(
    sigma: float | Fraction, size: int | tuple[int, ...], rng: object
) -> np.ndarray:
    """Draw integers x with probability proportional to exp(-x² / (2 sigma²)), exactly.

    Parameters
    ----------
    sigma : int, float or Fraction
        Between 2^-500 and 2^56. Larger is noisier: from 1 on it is the standard deviation, very
        nearly. A float is the rational number that it stores.
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
        If ``sigma`` is not a positive finite number.
    RangeError
        If it is outside those limits.

    See Also
    --------
    gaussian : Adds this noise to real values.

    Examples
    --------
    >>> from sklearn_private.mechanisms import discrete_gaussian, noise_source
    >>> noise = discrete_gaussian(2**40, 10_000, noise_source(0))
    >>> bool(0.98 < noise.std() / 2**40 < 1.02)
    True
    """
    check("discrete_gaussian", rng=rng, sigma=sigma)
    if not SMALLEST_SIGMA <= sigma <= LARGEST_SIGMA:
        raise RangeError.unreleased(
            f"discrete_gaussian cannot draw with sigma={sigma!r}: above 2**56 a draw might not "
            "fit int64, below 2**-500 every draw is 0.",
            "Use another unit.",
        )
    staircase = _staircase(rational(sigma))
    return collect(lambda n: _draw(staircase, n, rng), size)


@dataclass(frozen=True)
class _Staircase:
    """The proposal: blocks of 2**shift magnitudes each, the tail as the last cell."""

    sigma: Fraction
    shift: int
    c: Fraction
    weights: np.ndarray  # of the K blocks and of the tail
    cumulative: np.ndarray  # their running sum, at most 2**63 - 1
    ratios: np.ndarray  # c / weight of the K blocks; 0 for the tail and for "none"

    @property
    def tail(self):
        return self.weights.size - 1


@lru_cache(maxsize=128)
def _staircase(sigma):
    width = float(sigma)
    shift = max(0, math.frexp(width / 32)[1])
    n_blocks = max(1, math.ceil(BODY * width / 2**shift))
    with np.errstate(over="ignore"):
        steps = np.exp(-0.5 * (np.arange(n_blocks + 1) * 2.0**shift / width) ** 2)
    steps[-1] *= 2 * TAIL_WIDTH  # Half of the tail's weight goes to its first, wider block.
    c = 2.0**63 * (1 - 2.0**-30) / steps.sum()
    # The factor outweighs the rounding of exp: every weight is above c times the true step.
    weights = np.floor(c * steps * (1 + 2.0**-40)).astype(np.int64) + 1
    ratios = np.append(c / weights[:-1], [0.0, 0.0])
    return _Staircase(sigma, shift, Fraction(c), weights, np.cumsum(weights), ratios)


def _draw(staircase, n, rng):
    """Make n attempts; return the accepted draws."""
    cells = np.searchsorted(
        staircase.cumulative, (uniform_words(n, rng) >> np.uint64(1)).view(np.int64), side="right"
    )
    bits = uniform_words(n, rng)
    words = uniform_words(n, rng)
    places = (bits & np.uint64(2**staircase.shift - 1)).view(np.int64)
    magnitudes = (cells << staircase.shift) + places
    z = magnitudes * (1 / float(staircase.sigma))
    gap = np.exp(-0.5 * z * z) * staircase.ratios[cells] - words * 2.0**-64
    accepted = gap > 0
    for i in np.flatnonzero((np.abs(gap) <= MARGIN) | (cells == staircase.tail)):
        magnitude = _decide(staircase, int(cells[i]), int(places[i]), int(words[i]), rng)
        accepted[i] = magnitude is not None
        magnitudes[i] = magnitude or 0
    negative = bits >> np.uint64(63) == 1
    accepted &= ~negative | (magnitudes > 0)
    return np.where(negative, -magnitudes, magnitudes)[accepted]


def _decide(staircase, cell, place, word, rng):
    """Return the magnitude of an attempt that float64 cannot decide, or None if it is rejected."""
    if cell > staircase.tail:
        return None
    start, weight, factor = cell << staircase.shift, int(staircase.weights[cell]), staircase.c
    if cell == staircase.tail:
        width = TAIL_WIDTH << staircase.shift
        j = _coins_in_a_row(rng)
        start, factor = start + j * width, TAIL_WIDTH * 2 ** (j + 1) * factor
        place = int(uniform_below(width, 1, rng)[0])
    exponent = Fraction(start + place) ** 2 / (2 * staircase.sigma**2)
    return start + place if _below_exp(word, factor / weight, exponent, rng) else None


def _coins_in_a_row(rng):
    """Count how many fair coins fall heads before one falls tails."""
    count = 0
    while uniform_below(2, 1, rng)[0]:
        count += 1
    return count


def _below_exp(word, factor, exponent, rng):
    """Say whether U < factor·exp(-exponent), where the bits of U in [0, 1) start with ``word``."""
    n_bits = 64
    while True:
        value, error = _exp(exponent, digits=20 + n_bits // 2)
        low, high = factor * (value - error), factor * (value + error)
        if Fraction(word + 1, 2**n_bits) <= low:
            return True
        if Fraction(word, 2**n_bits) >= high:
            return False
        word = word << 64 | int(uniform_words(1, rng)[0])
        n_bits += 64


def _exp(exponent, digits):
    """Return exp(-exponent) for an exponent >= 0, and a bound on its error.

    The quotient is off by a factor 1 + r with |r| <= 10^(1-digits) / 2, which moves the result by
    at most exponent·|r|·exp(-exponent·(1-|r|)) < |r|, and the rounding of exp adds at most as much.
    """
    with localcontext() as context:
        context.prec = digits
        value = (Decimal(-exponent.numerator) / Decimal(exponent.denominator)).exp()
    return Fraction(value), Fraction(1, 10 ** (digits - 1))
