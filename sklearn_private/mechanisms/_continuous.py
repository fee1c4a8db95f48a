"""Continuous Gaussian noise, to a stated error: for proofs that need a density.

Objective perturbation adds noise to the objective and releases the minimiser. Its proof changes
variables from noise to minimiser, which needs a density: were the noise on a lattice, the noise
that explains an output under one data set would almost never be a lattice point under another, and
the output would identify the data. So the noise must be continuous, and the float that stands for
it so near to a continuous number that the tolerance of the solver, which such proofs pay for,
covers it.

Let U be uniform on (0, 1/2), a real number. It has a geometric number of leading zero bits and then
uniform bits. Zeros are counted in random words until a one comes, and 63 more bits are rounded to
float64: the float u is within 2^-52.9 U of U, however small U is. With a random sign,
Z = ndtri(U) is exactly normal, and from U to u it moves by at most 2^-52.9 U / p(Z), p being the
normal density. U / p(Z) is Mills' ratio, largest at 0, where it is 1.2534, so that is below 2^-52.
SciPy's ``ndtri`` is off by less than 10^-15 max(1, abs(z)), as a test measures against 60 digits
down to the deepest tail, and multiplying by sigma rounds once more. For abs(z) <= 37.5, and
everything beyond has probability below 10^-307, that makes less than 5 * 10^-14 sigma.
"""

import math

import numpy as np
from scipy.special import ndtri

from ._arguments import check
from ._uniform import BLOCK, uniform_words

CONTINUOUS_GAUSSIAN_ERROR = 1e-13


def continuous_gaussian(sigma: float, size: int | tuple[int, ...], rng: object) -> np.ndarray:
    """Draw normal numbers, each within 1e-13·sigma of an exact continuous one.

    There are exact independent normal variables, of mean 0 and standard deviation sigma, from
    which the floats differ by at most ``CONTINUOUS_GAUSSIAN_ERROR * sigma`` each. Do not add them
    to data for a release: that is what :func:`gaussian` does.

    Parameters
    ----------
    sigma : float
        Above 0: the standard deviation.
    size : int or tuple of int
        Shape of the result.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of float64, shape size
        Independent draws.

    Raises
    ------
    InvalidParameterError
        If ``sigma`` is not a positive finite number.

    See Also
    --------
    gaussian : Releases a value with noise on a lattice.

    Examples
    --------
    >>> from sklearn_private.mechanisms import continuous_gaussian, noise_source
    >>> continuous_gaussian(2.0, (3, 4), noise_source()).shape
    (3, 4)
    """
    check("continuous_gaussian", rng=rng, sigma=sigma)
    shape = (size,) if np.ndim(size) == 0 else tuple(size)
    draws = np.empty(math.prod(shape))
    for start in range(0, draws.size, BLOCK):
        block = draws[start : start + BLOCK]
        block[:] = _standard(block.size, rng)
    return draws.reshape(shape) * float(sigma)


def continuous_spherical(scale: float, size: int, rng: object) -> np.ndarray:
    r"""Draw one vector with density proportional to exp(-\|b\| / scale), \|b\| its L2 norm.

    It is scale·\|z'\|·z, for independent standard normal z of ``size`` and z' of ``size + 1``
    numbers: b given \|z'\| is normal with variance W = scale²·\|z'\|², W / scale² has the
    chi-squared law with size + 1 degrees of freedom, and the integral of the normal density over
    that law is exp(-\|b\| / scale) up to a constant. (A random direction times a random length has
    the same law, but a float error of the direction has no bound that always holds.)

    Parameters
    ----------
    scale : float
        Above 0. The mean of the norm is ``size * scale``.
    size : int
        Number of coordinates.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of float64, shape (size,)
        Within `continuous_spherical_error` of an exact continuous draw, in L2 norm.

    Raises
    ------
    InvalidParameterError
        If ``scale`` is not a positive finite number.

    Examples
    --------
    >>> from sklearn_private.mechanisms import continuous_spherical, noise_source
    >>> continuous_spherical(2.0, 3, noise_source()).shape
    (3,)
    """
    check("continuous_spherical", rng=rng, scale=scale)
    direction = continuous_gaussian(1.0, size, rng)
    length = np.linalg.norm(continuous_gaussian(1.0, size + 1, rng))
    return float(scale) * length * direction


def continuous_spherical_error(scale: float, size: int) -> float:
    """Bound the L2 distance of `continuous_spherical` to an exact draw.

    With e the error of each normal number and none above 38 (beyond has probability 10^-315), both
    norms are at most 38·sqrt(size + 1) and err by at most e·sqrt(size + 1); the rounding of norm
    and products is below 4·size·2^-53 of the result.

    Parameters
    ----------
    scale : float
        As in `continuous_spherical`.
    size : int
        As in `continuous_spherical`.

    Returns
    -------
    float
    """
    largest = 38.0**2 * (size + 1)
    drawn = 2.01 * 38.0 * (size + 1) * CONTINUOUS_GAUSSIAN_ERROR
    return scale * (drawn + 4 * (size + 8) * 2.0**-53 * largest)


def _standard(n, rng):
    words = uniform_words(n, rng)
    significands = (words | np.uint64(2**63)) * 2.0**-64  # in [1/2, 1], its first bit given
    zeros = _leading_zeros(n, rng)
    z = ndtri(np.ldexp(significands, -1 - zeros))
    return np.where(words >> np.uint64(63) == 1, -z, z)  # the bit that the significand does not use


def _leading_zeros(n, rng):
    """Count zero bits before the first one bit of n endless random streams."""
    zeros = np.zeros(n, dtype=np.int32)
    reading = np.arange(n)
    while reading.size:
        heads = (uniform_words(reading.size, rng) >> np.uint64(11)).astype(np.float64)  # exact
        zeros[reading] += 53 - np.frexp(heads)[1]  # frexp(0) has the exponent 0: all 53 are zeros
        reading = reading[heads == 0]
    return zeros
