"""Uniform words, integers and permutations, exactly, from random bytes.

A 64-bit word is uniform on 2^64 values. Words at or above the largest multiple of ``bound`` are
drawn again; the rest, taken modulo ``bound``, is exactly uniform.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

# Samplers work on blocks of this many draws, which stay in the processor's cache.
BLOCK = 2**15


def uniform_words(n: int, rng: object) -> np.ndarray:
    """Draw uniform 64-bit words.

    Parameters
    ----------
    n : int
        How many.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of uint64, shape (n,)
        Read-only.

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source, uniform_words
    >>> uniform_words(3, noise_source()).shape
    (3,)
    """
    return np.frombuffer(rng.bytes(8 * n), dtype="<u8")


def uniform_below(bound: int, n: int, rng: object) -> np.ndarray:
    """Draw integers that are exactly uniform on 0, ..., bound - 1.

    Parameters
    ----------
    bound : int
        At least 1, of any size.
    n : int
        How many.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of shape (n,)
        int64; Python integers (dtype object) if ``bound`` is above 2^63.

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source, uniform_below
    >>> int(uniform_below(6, 1000, noise_source(0)).max())
    5
    """
    if bound > 2**63:
        return _uniform_below_large(bound, n, rng)
    last = 2**64 - 2**64 % bound - 1
    words = uniform_words(n, rng)
    beyond = np.flatnonzero(words > last)
    if beyond.size:
        words = words.copy()
    while beyond.size:
        words[beyond] = uniform_words(beyond.size, rng)
        beyond = beyond[words[beyond] > last]
    return (words % np.uint64(bound)).view(np.int64)


def _uniform_below_large(bound, n, rng):
    n_bits = (bound - 1).bit_length()
    n_bytes = -(-n_bits // 8)

    def draw():
        while True:
            number = int.from_bytes(rng.bytes(n_bytes), "little") >> (8 * n_bytes - n_bits)
            if number < bound:
                return number

    return np.fromiter((draw() for _ in range(n)), dtype=object, count=n)


def random_permutation(n: int, rng: object) -> np.ndarray:
    """Draw a uniform permutation of 0, ..., n - 1.

    The order of n independent uniform words is uniform, given that no two are equal; if two are,
    all are drawn again.

    Parameters
    ----------
    n : int
        Number of elements.
    rng : SecureSource or numpy.random.Generator
        The source of randomness, see :func:`noise_source`.

    Returns
    -------
    ndarray of int64, shape (n,)
        The permutation.

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source, random_permutation
    >>> sorted(random_permutation(4, noise_source()).tolist())
    [0, 1, 2, 3]
    """
    while True:
        words = uniform_words(n, rng)
        order = np.argsort(words)
        if (np.diff(words[order]) > 0).all():
            return order


def collect(draw: Callable[..., Any], size: int | tuple[int, ...]) -> np.ndarray:
    """Fill an array of shape ``size`` with what a rejection sampler accepts.

    Parameters
    ----------
    draw : callable
        ``draw(n)`` makes n independent attempts and returns the accepted values, in order.
    size : int or tuple of int
        Shape of the result.

    Returns
    -------
    ndarray of int64, shape size
        Independent draws.
    """
    shape = (size,) if np.ndim(size) == 0 else tuple(size)
    values = np.empty(math.prod(shape), dtype=np.int64)
    filled = 0
    while filled < values.size:
        missing = values.size - filled
        accepted = draw(min(BLOCK, missing + missing // 8 + 8))[:missing]
        values[filled : filled + accepted.size] = accepted
        filled += accepted.size
    return values.reshape(shape)
