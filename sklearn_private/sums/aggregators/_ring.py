"""Real numbers as integers modulo 2^64 or 2^128, in which masks and shares hide them.

A number x becomes the integer nearest to x, modulo 2^64, or to x·2^64, modulo 2^128: negative ones
are two's complements. Sums of such integers are exact as long as the real sum stays within
(-2^63, 2^63). Ring elements are an array of shape (n_words, n_values) of one or two 64-bit words a
value, the low one first. Units (:mod:`._units`) bring the numbers into the range.

Why 128 bits at all: sums of squares around a mean far from zero are small beside the squares of the
values that units are agreed for, and normal equations need all the digits that float64 has.
"""

from __future__ import annotations

import os
from functools import reduce

import numpy as np

from ...exceptions import RangeError

BYTES_PER_WORD = 8
_LARGEST_SUM = 2.0**63


def largest_addend(n_addends: int) -> float:
    """Return the magnitude below which each of ``n_addends`` numbers must stay."""
    return _LARGEST_SUM / n_addends


def encode(values: np.ndarray, n_addends: int, n_words: int = 2) -> np.ndarray:
    """Return numbers as ring elements.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Real numbers.
    n_addends : int
        How many such vectors will be added.
    n_words : {1, 2}, default=2
        Words a value; with one word numbers are rounded to whole ones.

    Returns
    -------
    ndarray of uint64 of shape (n_words, n_values)

    Raises
    ------
    RangeError
        If the sum of ``n_addends`` such vectors could leave the ring, or a number is not finite.
    """
    magnitude = np.abs(values)
    if not (magnitude < largest_addend(n_addends)).all():
        raise RangeError(
            f"A site's own sum is not below 2^63 / {n_addends} in magnitude (or not finite), so "
            "the total might leave the ring. The sum was aborted and nothing was opened."
        )
    if n_words == 1:
        return np.rint(values).astype(np.int64).view(np.uint64)[None]
    whole = np.floor(magnitude)
    part = np.rint((magnitude - whole) * 2.0**64)  # Below 2^64, since float64 has 53 digits.
    words = np.stack([part.astype(np.uint64), whole.astype(np.uint64)])
    return np.where(values < 0, negate(words), words)


def decode(words: np.ndarray) -> np.ndarray:
    """Return the real numbers that ring elements stand for."""
    if len(words) == 1:
        return words[0].view(np.int64).astype(np.float64)
    negative = words[1] >> 63 == 1
    magnitude = np.where(negative, negate(words), words).astype(np.float64)
    value = magnitude[1] + magnitude[0] * 2.0**-64
    return np.where(negative, -value, value)


def add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the sum of ring elements."""
    words = a + b
    if len(words) == 2:
        words[1] += words[0] < a[0]  # the carry
    return words


def negate(a: np.ndarray) -> np.ndarray:
    """Return the additive inverses of ring elements."""
    words = ~a
    words[0] += 1
    if len(words) == 2:
        words[1] += words[0] == 0  # the carry
    return words


def from_bytes(data: bytes | memoryview, n_words: int = 2) -> np.ndarray:
    """Return ring elements whose words are the bytes of ``data``, all low words first."""
    return np.frombuffer(data, dtype="<u8").reshape(n_words, -1)


def total(data: bytes, n_vectors: int, n_words: int, n_values: int) -> np.ndarray:
    """Return the sum of ring elements whose bytes follow one another."""
    vectors = np.frombuffer(data, dtype="<u8").reshape(n_vectors, n_words, n_values)
    if n_words == 1:
        return vectors.sum(axis=0, dtype=np.uint64)
    return reduce(add, vectors, np.zeros((n_words, n_values), dtype=np.uint64))


def uniform(n_values: int, n_words: int = 2) -> np.ndarray:
    """Return ring elements drawn uniformly by the operating system."""
    return from_bytes(os.urandom(BYTES_PER_WORD * n_words * n_values), n_words)
