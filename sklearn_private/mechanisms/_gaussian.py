"""The Gaussian mechanism on a public lattice, with the exact Gaussian-DP curve.

Let h be the step of a lattice, S the sensitivity, d the number of coordinates, z the noise
multiplier.

1. Rounding to the lattice moves each coordinate by at most h/2, so the rounded value has L2
   sensitivity at most S + h sqrt(d). Continuous noise of deviation sigma = z (S + h sqrt(d)) makes
   it exactly mu-GDP with mu = 1/z [1]_, and rounding the *noisy* value to the lattice is
   post-processing. The noise so rounded is h times an integer k, with probability R(k), the
   integral of p over [k - 1/2, k + 1/2], where p is the normal density of deviation s = sigma / h.
2. What is drawn is the discrete Gaussian D(k) = p(k) / Z. By the midpoint rule R(k) - p(k) is the
   integral over u in [-1/2, 1/2] of p''(k + u) times a kernel, (1/2 - abs(u))^2 / 2 <= 1/8. Summed
   over k, the absolute values are at most 1/8 of the integral of abs(p''), which is 4 exp(-1/2) /
   (sqrt(2 pi) s^2): together below 0.121 / s^2. By Poisson summation abs(Z - 1) < 3 exp(-2 pi^2
   s^2). So the total variation between R and D, half the L1 distance, is below 0.0605 / s^2 + 3
   exp(-2 pi^2 s^2) < 1 / (16 s^2).
3. h is the largest power of two up to z S / 2^40. So s >= 2^40, and the distance is below 2^-84 a
   draw: n draws, in however many adaptive calls, are within tau = n 2^-84 of a composition of exact
   Gaussian mechanisms. Each guarantee (epsilon, delta) of those becomes (epsilon, delta + (1 +
   exp(epsilon)) tau).

h depends on z S alone, so it is public, and the noise is at most 1 + z sqrt(d) 2^-40 times that of
the plain mechanism, but for rounding up. Value and noise are multiples of h, so the result is the
float nearest to an integer multiple of h: its low bits tell nothing [2]_. This holds for values of
any size; none is clamped or refused.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022, theorem 1.
.. [2] I. Mironov, "On significance of the least significant bits for differential privacy",
   CCS 2012.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from .._checks import Checks
from ._arguments import check, finite
from ._discrete_gaussian import discrete_gaussian
from ._lattice import Lattice

STEPS_PER_SIGMA = 2**40


def gaussian(
    value: ArrayLike, *, sensitivity: float, noise_multiplier: float, rng: object
) -> np.ndarray:
    """Release ``value`` with Gaussian noise: exactly 1/noise_multiplier-GDP, up to `gaussian_tv`.

    Parameters
    ----------
    value : array_like of float
        What is released, of any shape, as float64. One call protects all coordinates together.
    sensitivity : float
        Above 0: how much ``value`` can change in L2 norm between neighbours, in its unit. Sums of
        floats change by more than their rows do: add them with :meth:`Lattice.sum`.
    noise_multiplier : float
        Above 0. Larger is noisier and more private: the standard deviation is this many
        sensitivities, and a part of noise_multiplier·sqrt(value.size)·2^-40 more.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of float64
        Of the shape of ``value``; a scalar for a scalar. Multiples of a public power of two.

    Raises
    ------
    InvalidParameterError
        If a parameter is not a positive finite number, or ``value`` is not finite.
    RangeError
        If the noise leaves the range of float64.

    See Also
    --------
    gaussian_tv : The distance to the ideal mechanism, which a ledger charges.

    Examples
    --------
    >>> from sklearn_private.mechanisms import gaussian, noise_source
    >>> gaussian([3.0, 4.0], sensitivity=1.0, noise_multiplier=2.0, rng=noise_source()).shape
    (2,)
    """
    check("gaussian", rng=rng, sensitivity=sensitivity, noise_multiplier=noise_multiplier)
    value = finite("gaussian", "value", value)
    sensitivity, noise_multiplier = float(sensitivity), float(noise_multiplier)
    lattice = Lattice.finer_than(noise_multiplier * sensitivity / STEPS_PER_SIGMA)
    enlarged = sensitivity + lattice.step * math.sqrt(value.size)
    # The factor outweighs the rounding of the products, so sigma is not below the exact one.
    sigma = noise_multiplier * enlarged * (1 + 2.0**-49)
    return lattice.add(value, discrete_gaussian(sigma / lattice.step, value.shape, rng))[()]


def gaussian_tv(n_draws: int) -> float:
    """Bound the total variation between ``n_draws`` numbers of `gaussian` and ideal ones.

    Each guarantee (epsilon, delta) of the ideal mechanisms holds for the drawn ones with
    (1 + exp(epsilon)) times this number added to delta.

    Parameters
    ----------
    n_draws : int
        How many numbers were released, over all calls that are composed.

    Returns
    -------
    float
        n_draws·2^-84.

    Raises
    ------
    InvalidParameterError
        If ``n_draws`` is not an integer >= 0.

    Examples
    --------
    >>> from sklearn_private.mechanisms import gaussian_tv
    >>> gaussian_tv(10**9) < 1e-16
    True
    """
    Checks("gaussian_tv").integer(n_draws=n_draws, at_least=0)
    return n_draws / (16 * STEPS_PER_SIGMA**2)
