r"""Normal numbers from random bytes, by the Box-Muller transform.

Whoever knows the state of a Mersenne Twister, torch's default generator, can subtract its noise;
624 outputs give the state away. Here the bytes are those of
:class:`sklearn_private.mechanisms.SecureSource` (AES in counter mode under a key of the operating
system), and two uniform numbers U, V in (0, 1] make two independent normal ones,

.. math:: \sqrt{-2 \log U} \cos 2 \pi V, \quad \sqrt{-2 \log U} \sin 2 \pi V.

The tail is as fine as U near 0. In double precision U has 63 bits, so nothing beyond 9.35 standard
deviations is drawn, of probability 10^-20. In single precision one 64-bit word makes both numbers:
40 bits of it are U and 24 are V; where U would have fewer than 12 significant bits (once in 2^28
words), 32 more bits are drawn, so that U has 72 bits there. The normal law is met to the precision
of the floats, and no further: floats are not real numbers, and the low bits of a noisy sum may say
more than the noise allows [1]_. Statements name that as an assumption.

.. [1] I. Mironov, "On significance of the least significant bits for differential privacy",
   CCS 2012.
"""

import math

import torch

_BLOCK = 2**15  # Pairs at a time: they stay in the processor's cache.
_COARSE = 2**12


def standard_normal(n, rng, dtype=torch.float64):
    """Draw independent standard normal numbers on the CPU.

    Parameters
    ----------
    n : int
        How many.
    rng : SecureSource or numpy.random.Generator
        Source of bytes, see :func:`sklearn_private.mechanisms.noise_source`.
    dtype : {torch.float32, torch.float64}, default=torch.float64
        Precision. Single is faster: about the time of torch's own generator.

    Returns
    -------
    torch.Tensor of shape (n,)

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source
    >>> from torch_private.noise import standard_normal
    >>> standard_normal(3, noise_source()).shape
    torch.Size([3])
    """
    uniforms = _single if dtype == torch.float32 else _double
    draws = torch.empty(n + n % 2, dtype=dtype)
    for start in range(0, len(draws), 2 * _BLOCK):
        block = draws[start : start + 2 * _BLOCK]
        half = len(block) // 2
        u, turn = uniforms(half, rng)
        radius = u.log_().mul_(-2).sqrt_()
        torch.mul(radius, torch.cos(turn), out=block[:half])
        torch.mul(radius, torch.sin(turn), out=block[half:])
    return draws[:n]


def _double(n, rng):
    words = _words(2 * n, rng)
    u = words[:n].bitwise_and_(2**63 - 1).double().add_(1).mul_(2.0**-63)
    return u, words[n:].double().mul_(math.pi * 2.0**-63)  # A signed word: from -pi to pi.


def _single(n, rng):
    words = _words(n, rng)
    turn = words.bitwise_and(2**24 - 1).float().mul_(math.tau * 2.0**-24)
    words = words.bitwise_right_shift_(24).bitwise_and_(2**40 - 1)
    coarse = words.min() < _COARSE
    u = words.float().add_(1).mul_(2.0**-40)
    if coarse:
        u = _refine(u, words, rng)
    return u, turn


def _refine(u, words, rng):
    """Append 32 bits to the words that have few significant ones."""
    where = (words < _COARSE).nonzero()[:, 0]
    low = _words(len(where), rng).bitwise_and_(2**32 - 1)
    u[where] = words[where].mul(2**32).add_(low).add_(1).double().mul_(2.0**-72).float()
    return u


def _words(n, rng):
    return torch.frombuffer(bytearray(rng.bytes(8 * n)), dtype=torch.int64) if n else _NOTHING


_NOTHING = torch.empty(0, dtype=torch.int64)
