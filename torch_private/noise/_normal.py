r"""Normal numbers from random bytes, by the Box-Muller transform.

Whoever knows the state of a Mersenne Twister, torch's default generator, can subtract its noise;
624 outputs give the state away. Here the bytes are those of
:class:`sklearn_private.mechanisms.SecureSource` (AES in counter mode under a key of the operating
system), and two uniform numbers U in (0, 1] and V in [-1, 1] make two independent normal ones,

.. math:: \sqrt{-2 \log U} \cos \pi V, \quad \sqrt{-2 \log U} \sin \pi V.

U and V are signed words of 32 bits in single precision and of 64 in double, rounded to the floats
(U: without its sign). The tail is as fine as U near 0: where it would have fewer than 12
significant bits (once in 2^19 in single precision), 32 more are drawn. So nothing beyond 9.3
standard deviations is drawn, of probability 10^-20. The normal law is met to the precision of the
floats, and no further: floats are not real numbers, and the low bits of a noisy sum may say more
than the noise allows [1]_. Statements name that as an assumption.

NumPy computes it, whose functions cost less to call on arrays of this size than those of torch.

.. [1] I. Mironov, "On significance of the least significant bits for differential privacy",
   CCS 2012.
"""

import math
from typing import Any

import numpy as np
import torch

_BLOCK = 2**16  # Pairs at a time: they stay in the processor's cache.
_COARSE = 2**12
_WORDS = {torch.float32: np.int32, torch.float64: np.int64}
_FLOATS = {np.int32: np.float32, np.int64: np.float64}


def normal(n: int, rng: object, std: float = 1.0, dtype: Any = torch.float64) -> torch.Tensor:
    """Draw independent normal numbers of mean 0 on the CPU.

    Parameters
    ----------
    n : int
        How many.
    rng : SecureSource or numpy.random.Generator
        Source of bytes, see :func:`sklearn_private.mechanisms.noise_source`.
    std : float, default=1.0
        Standard deviation.
    dtype : {torch.float32, torch.float64}, default=torch.float64
        Precision. Single takes half the time: that of torch's own generator, or less.

    Returns
    -------
    torch.Tensor of shape (n,)

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source
    >>> from torch_private.noise import normal
    >>> normal(3, noise_source()).shape
    torch.Size([3])
    """
    word = _WORDS[dtype]
    draws = np.empty(n + n % 2, _FLOATS[word])
    for start in range(0, len(draws), 2 * _BLOCK):
        _fill(draws[start : start + 2 * _BLOCK], rng, std, word)
    return torch.from_numpy(draws)[:n]


def _fill(block, rng, std, word):
    """Fill an array of even length; operations write over their operands, to stay in the cache."""
    block[:] = _words(len(block), rng, word)
    half = len(block) // 2
    u, angle = block[:half], block[half:]
    np.abs(u, u)
    if u.min() < _COARSE:
        _refine(u, rng)
    unit = 2.0 ** (1 - 8 * np.dtype(word).itemsize)
    np.log(np.multiply(u, unit, u), u)
    radius = np.sqrt(np.negative(u, u), u)
    np.multiply(radius, math.sqrt(2) * std, radius)  # Squared, a small std could be 0.
    np.multiply(angle, math.pi * unit, angle)
    cosine = np.cos(angle)
    np.multiply(np.sin(angle, angle), radius, angle)
    np.multiply(cosine, radius, u)


def _refine(u, rng):
    """Append 32 bits to the words that have few significant ones."""
    where = np.flatnonzero(u < _COARSE)
    low = (_words(len(where), rng, np.int32) + 0.5) * 2.0**-32  # from -1/2 to 1/2, never 0
    u[where] = np.abs(u[where] + low)


def _words(n, rng, word):
    return np.frombuffer(rng.bytes(n * np.dtype(word).itemsize), word)
