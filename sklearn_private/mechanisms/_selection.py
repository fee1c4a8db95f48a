"""Choose one of many candidates: the exponential mechanism and permute-and-flip.

Both turn the gap between a score and the best one into a coin of probability exp(-gap epsilon / (2
S)), which :func:`bernoulli_exp` tosses exactly; no weight is ever computed in floating point. Both
are epsilon-DP if each score changes by at most S between neighbours.

* **Exponential** [1]_: draw a uniform candidate, keep it if its coin falls heads, else start again.
  So a candidate is chosen with probability proportional to exp(score epsilon / (2 S)).
* **Permute-and-flip** [2]_: toss the coins of all candidates in random order and take the first
  that falls heads (the best one always does). Its expected error is never above that of the
  exponential mechanism, and can be half of it.

Scores given as Fractions are used as they are. Float scores are rounded: let M be the best score
and h the largest power of two up to S / 2^30. The gap M - q_i, cut off at 2^60 h, becomes an
integer g_i of steps. So candidate i competes with M - h g_i, which is max(q_i, M - 2^60 h), of
sensitivity S, up to the errors of the subtraction (128 h at most, since gaps end at 2^60 h) and of
the rounding (h/2). Between neighbours that makes S + 257 h, and the coins are tossed for that much.

.. [1] F. McSherry, K. Talwar, "Mechanism design via differential privacy", FOCS 2007.
.. [2] R. McKenna, D. Sheldon, "Permute-and-flip: a new mechanism for differentially private
   selection", NeurIPS 2020.
"""

import math
import numbers
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from .._checks import Checks
from ._arguments import check, finite, rational
from ._bernoulli import bernoulli_exp
from ._lattice import Lattice
from ._uniform import random_permutation, uniform_below

STEPS_PER_SENSITIVITY = 2**30
LARGEST_GAP = 2**60
SLACK = 257


def exponential(
    scores: ArrayLike, *, sensitivity: float | Fraction, epsilon: float | Fraction, rng: object
) -> int:
    """Choose a candidate with probability proportional to exp(epsilon·score / (2 sensitivity)).

    Parameters
    ----------
    scores : array_like of shape (n_candidates,)
        Higher is better: floats, or Fractions, which are used without any rounding.
    sensitivity : float or Fraction
        Above 0: how much one score can change between neighbours.
    epsilon : float or Fraction
        Above 0. Smaller is more private and chooses more evenly.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    int
        The index of the chosen candidate.

    Raises
    ------
    InvalidParameterError
        If a parameter is not a positive finite number, or the scores are not finite numbers.

    See Also
    --------
    permute_and_flip : Never worse, and faster.

    Examples
    --------
    >>> from sklearn_private.mechanisms import exponential, noise_source
    >>> exponential([1.0, 900.0, 3.0], sensitivity=1.0, epsilon=1.0, rng=noise_source())
    1
    """
    check("exponential", rng=rng, sensitivity=sensitivity, epsilon=epsilon)
    gaps, scale = _gaps("exponential", scores, sensitivity, epsilon)
    while True:
        candidates = uniform_below(gaps.size, max(gaps.size, 16), rng)
        kept = np.flatnonzero(bernoulli_exp(gaps[candidates], scale, rng))
        if kept.size:
            return int(candidates[kept[0]])


def permute_and_flip(
    scores: ArrayLike, *, sensitivity: float | Fraction, epsilon: float | Fraction, rng: object
) -> int:
    """Choose a candidate by the permute-and-flip mechanism.

    Parameters
    ----------
    scores : array_like of shape (n_candidates,)
        Higher is better: floats, or Fractions, which are used without any rounding.
    sensitivity : float or Fraction
        Above 0: how much one score can change between neighbours.
    epsilon : float or Fraction
        Above 0. Smaller is more private and chooses more evenly.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    int
        The index of the chosen candidate.

    Raises
    ------
    InvalidParameterError
        If a parameter is not a positive finite number, or the scores are not finite numbers.

    See Also
    --------
    exponential : The older mechanism.

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source, permute_and_flip
    >>> permute_and_flip([1.0, 900.0, 3.0], sensitivity=1.0, epsilon=1.0, rng=noise_source())
    1
    """
    check("permute_and_flip", rng=rng, sensitivity=sensitivity, epsilon=epsilon)
    gaps, scale = _gaps("permute_and_flip", scores, sensitivity, epsilon)
    order = random_permutation(gaps.size, rng)
    return int(order[bernoulli_exp(gaps[order], scale, rng).argmax()])


def _gaps(function, scores, sensitivity, epsilon):
    """Return integers g and s: candidate i's coin falls heads with probability exp(-g[i] / s)."""
    scores = np.asarray(scores)
    if scores.ndim != 1 or scores.size == 0:
        raise Checks(function).invalid(
            "scores", "one number per candidate", value=f"shape {scores.shape}"
        )
    rate = rational(epsilon) / (2 * rational(sensitivity))
    if scores.dtype == object and all(isinstance(score, numbers.Rational) for score in scores):
        exponents = (scores.max() - scores) * rate
        scale = math.lcm(*(exponent.denominator for exponent in exponents))
        return np.array([int(exponent * scale) for exponent in exponents], dtype=object), scale
    scores = finite(function, "scores", scores)
    lattice = Lattice.finer_than(float(sensitivity) / STEPS_PER_SENSITIVITY)
    with np.errstate(over="ignore"):
        gaps = np.minimum(scores.max() - scores, LARGEST_GAP * lattice.step)
    enlarged = rational(sensitivity) / Fraction(lattice.step) + SLACK
    return lattice.round(gaps), math.ceil(2 * enlarged / rational(epsilon))
