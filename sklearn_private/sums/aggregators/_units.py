"""Public units: a ring has one scale, and columns have many.

A value v travels as the integer nearest to v / u · 2^f, where u is a power of two that everybody
knows and f is what the range leaves. With N rows that each add at most u to a total, the total is
below N u, so f = w - 2 - log2(N) bits of a word of w bits are left below the unit, and no sum
leaves the ring.

Where the limits of rows are declared, u comes from the declared bound. Where they are not, sites
agree on powers of two by one masked maximum before the first sum: each site puts random ring
elements into the buckets below its own largest value, and zeros above. In the total every bucket
below the largest value of *any* site is random, and those above are zero: the largest exponent is
opened, and nothing else, not even how many sites are near it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...exceptions import RangeError
from .._statistic import Scale, Statistic
from . import _ring

LEAST_BITS = 40
"""Fewer bits below the unit are refused: a millionth of the smallest column would be lost."""
_STEP = 4  # bits between two buckets
_REACH = 96  # exponents from -96 to 96: 1e-29 to 1e29
_BUCKETS = 2.0 ** np.arange(-_REACH, _REACH, _STEP)
_SLACK = 1 + 1e-9  # for the rounding of sums


@dataclass(frozen=True, eq=False)
class Grid:
    """How the values of one sum become integers.

    Parameters
    ----------
    unit : ndarray of shape (n_values,)
        Powers of two.
    room : int
        Bits of the range above the unit.
    n_words : int
        Words of 64 bits for each value.
    """

    unit: np.ndarray
    room: int
    n_words: int

    @property
    def fraction_bits(self) -> int:
        """Bits below the unit."""
        return 64 * self.n_words - 2 - self.room

    def encode(self, vector: np.ndarray, most: float) -> np.ndarray:
        """Return one site's values as ring elements.

        Parameters
        ----------
        vector : ndarray of shape (n_values,)
            The values.
        most : float
            How many units each may be: the number of rows of the site.

        Returns
        -------
        ndarray of uint64 of shape (n_words, n_values)

        Raises
        ------
        RangeError
            If a value is larger, or not finite.
        """
        ratio = vector / self.unit
        if not (np.abs(ratio) <= most * _SLACK).all():
            raise RangeError(
                "A site's own sum is not finite, or beyond what its rows can add up to in the "
                "agreed units. The sum was aborted and nothing was opened."
            )
        return _ring.encode(ratio * 2.0 ** (62 - self.room), 1, self.n_words)

    def decode(self, words: np.ndarray) -> np.ndarray:
        """Return the values of a total."""
        return _ring.decode(words) * 2.0 ** (self.room - 62) * self.unit


def grid(unit: np.ndarray, n_addends: float, bits: int) -> Grid:
    """Return the narrowest words that leave ``bits`` bits below the unit.

    Parameters
    ----------
    unit : ndarray of shape (n_values,)
        What one addend is at most; it is rounded up to powers of two.
    n_addends : float
        How many addends there are.
    bits : int
        How many bits below the unit the sum is worth.

    Returns
    -------
    Grid

    Raises
    ------
    RangeError
        If fewer than 40 bits are left in 128.
    """
    exponent = np.ceil(np.log2(np.maximum(unit, np.finfo(float).tiny)))
    room = math.ceil(math.log2(n_addends)) + 1
    found = Grid(2.0**exponent, room, 1 if 62 - room >= bits else 2)
    if found.fraction_bits < LEAST_BITS:
        raise RangeError(
            f"{n_addends:g} rows leave {found.fraction_bits} of 128 bits for what one of them "
            f"adds, and {LEAST_BITS} are needed. Nothing was computed. Declare fewer rows."
        )
    return found


def declared_grid(
    bounds: np.ndarray, shapes: Sequence[tuple[int, ...]], n_rows: int, bits: int
) -> Grid:
    """Return the grid of a sum whose bounds are declared."""
    sizes = [math.prod(shape) for shape in shapes]
    return grid(np.repeat(bounds, sizes), n_rows, bits)


def column_grid(
    statistic: Statistic,
    broadcast: Sequence[object],
    shapes: Sequence[tuple[int, ...]],
    scale: Scale,
    n_rows: float,
) -> Grid:
    """Return the grid of a sum in the units that sites agreed on for the columns."""
    flat = np.concatenate(entry_units(statistic, shapes, scale, *broadcast))
    return grid(scale.weight * flat, n_rows, statistic.bits)


def entry_units(
    statistic: Statistic, shapes: Sequence[tuple[int, ...]], scale: Scale, *broadcast: object
) -> list[np.ndarray]:
    """Return the units of the entries of each output, flat; 1 where none are declared."""
    units: Sequence[Any] = [1.0] * len(shapes)
    if statistic.unit is not None:
        units = statistic.unit(scale, *broadcast)
    return [np.broadcast_to(u, shape).ravel() for u, shape in zip(units, shapes, strict=True)]


def marks(magnitudes: np.ndarray) -> np.ndarray:
    """Return random ring elements in the buckets below each magnitude, and zeros above.

    Parameters
    ----------
    magnitudes : ndarray of shape (n,)
        The largest values of one site.

    Returns
    -------
    ndarray of uint64 of shape (1, n_values)

    Raises
    ------
    RangeError
        If one is not finite, or beyond 1e28.
    """
    if not (magnitudes < 2.0**_REACH).all():
        raise RangeError(
            "A site holds a value that is not finite, or beyond 1e28: it would leave the ring. The "
            "sum was aborted and nothing was opened. Bring the column to another unit."
        )
    marked = (magnitudes[:, None] > _BUCKETS).ravel()
    return np.where(marked, _ring.uniform(len(marked), 1), np.uint64(0))


def largest(total: np.ndarray) -> np.ndarray:
    """Return, from the total of all marks, powers of two that no magnitude exceeds."""
    found = (total.reshape(-1, len(_BUCKETS)) != 0).sum(axis=1)
    return 2.0 ** (_STEP * found - _REACH)
