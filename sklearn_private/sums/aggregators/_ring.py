"""Real numbers as integers modulo 2^128, in which masks and shares hide them.

A number x becomes the integer nearest to x·2^64, modulo 2^128: negative ones are two's
complements. Sums of such integers are exact as long as the real sum stays within (-2^63, 2^63).
The two 64-bit words of an integer are the two rows of an array of shape (2, n_values), the low one
first.

Why 128 bits: the scale must be public, so it cannot follow the data of one site. With 64 bits no
single scale serves. Least squares on the raw columns of breast_cancer lose six digits below 2^-40,
while a single sum of squares exceeds the range there; 2^-64 in 128 bits keeps all that float64
holds of numbers above 2^-11, and an absolute 2^-65 below.
"""

import os

import numpy as np

from ...exceptions import RangeError

BYTES_PER_VALUE = 16
_LARGEST_SUM = 2.0**63


def largest_addend(n_addends):
    """Return the magnitude below which each of ``n_addends`` numbers must stay."""
    return _LARGEST_SUM / n_addends


def encode(values, n_addends):
    """Return numbers as ring elements.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Real numbers.
    n_addends : int
        How many such vectors will be added.

    Returns
    -------
    ndarray of uint64 of shape (2, n_values)

    Raises
    ------
    RangeError
        If the sum of ``n_addends`` such vectors could leave the ring, or a number is not finite.
    """
    magnitude = np.abs(values)
    if not (magnitude < largest_addend(n_addends)).all():
        raise RangeError(
            f"A site's own sum is not below 2^63 / {n_addends} in magnitude (or not finite), so "
            "the total might leave the ring. The sum was aborted and nothing was opened. Bring "
            "the columns to a smaller unit, for example by a StandardScaler."
        )
    whole = np.floor(magnitude)
    part = np.rint((magnitude - whole) * 2.0**64)  # Below 2^64, since float64 has 53 digits.
    words = np.stack([part.astype(np.uint64), whole.astype(np.uint64)])
    return np.where(values < 0, negate(words), words)


def decode(words):
    """Return the real numbers that ring elements stand for."""
    negative = words[1] >> 63 == 1
    magnitude = np.where(negative, negate(words), words).astype(np.float64)
    value = magnitude[1] + magnitude[0] * 2.0**-64
    return np.where(negative, -value, value)


def add(a, b):
    """Return the sum of ring elements."""
    words = a + b
    words[1] += words[0] < a[0]  # the carry
    return words


def negate(a):
    """Return the additive inverses of ring elements."""
    words = ~a
    words[0] += 1
    words[1] += words[0] == 0  # the carry
    return words


def from_bytes(data):
    """Return ring elements whose words are the bytes of ``data``, sixteen a value."""
    return np.frombuffer(data, dtype="<u8").reshape(2, -1)


def uniform(n_values):
    """Return ring elements drawn uniformly by the operating system."""
    return from_bytes(os.urandom(BYTES_PER_VALUE * n_values))


def prove_range(bounds, limits, n_addends):
    """Raise unless the declared bounds keep every addend in the ring.

    Parameters
    ----------
    bounds : ndarray of shape (n_outputs,)
        How much one row adds to each output.
    limits : Limits
        How many rows there are.
    n_addends : int
        How many vectors will be added.

    Raises
    ------
    RangeError
        Before any site has computed anything.
    """
    if bounds.max() * limits.n_rows >= largest_addend(n_addends):
        raise RangeError(
            f"{limits.n_rows} rows within the declared limits can add up to 2^63 / {n_addends} "
            "or more, which leaves the ring. Nothing was computed. Declare smaller limits."
        )
