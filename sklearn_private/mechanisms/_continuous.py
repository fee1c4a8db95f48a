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


def continuous_gaussian(sigma, size, rng):
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
