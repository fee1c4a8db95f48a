"""What one column adds to the cost of many candidate classes at once, for searches over rows.

The certainty penalty of a set of codes follows either from its lowest and its highest code (numbers
and hierarchies) or from how many values it holds (categories). Either way, where rows stand in a
line of pieces, the penalties of all windows are one pass over the pieces for each length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...columns import CategoryAxis

_TABLED = 2**9  # codes of a column up to which the penalties of all pairs are looked up


def column_of(axis: Any) -> RangeColumn | SetColumn:
    """Return the column of an axis.

    Parameters
    ----------
    axis : OrderedAxis, CategoryAxis or HierarchyAxis
        The axis.

    Returns
    -------
    RangeColumn or SetColumn
    """
    return SetColumn(axis) if isinstance(axis, CategoryAxis) else RangeColumn(axis)


class RangeColumn:
    """A column whose penalty follows from the extremes of a class.

    Parameters
    ----------
    axis : OrderedAxis or HierarchyAxis
        Its ``penalty`` reads the lowest and the highest code.
    """

    def __init__(self, axis: Any):
        self._axis, n_codes = axis, axis.size.size
        self._table = None
        if n_codes <= _TABLED:
            low, high = np.triu_indices(n_codes)
            table = np.zeros((n_codes, n_codes), dtype=np.float32)
            table[low, high] = axis.penalty(low, high, None)
            self._table = table.ravel()

    def _penalty(self, low, high):
        if self._table is None:
            return self._axis.penalty(low, high, None)
        return _looked_up(self._table, low * self._axis.size.size + high)

    def windows(self, codes: np.ndarray, pieces: np.ndarray, counts: Any) -> Iterator[np.ndarray]:
        """Yield the penalties of all windows of consecutive pieces of a line.

        Parameters
        ----------
        codes : ndarray of int of shape (n_rows,)
            The column in the order of the line.
        pieces : ndarray of int of shape (n_pieces,)
            The first row of each piece.
        counts : range
            Pieces in a window.

        Yields
        ------
        ndarray of shape (n_pieces - count + 1,)
            By the first piece of the window; one array for each of ``counts`` there are.
        """
        first, last = np.minimum.reduceat(codes, pieces), np.maximum.reduceat(codes, pieces)
        low, high = first, last
        for count in range(1, min(counts[-1], pieces.size) + 1):
            if count > 1:
                low = np.minimum(low[:-1], first[count - 1 :])
                high = np.maximum(high[:-1], last[count - 1 :])
            if count in counts:
                yield self._penalty(low, high)

    def rise(self, codes: np.ndarray, starts: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return by how much the penalty of another class would rise if a row joined it.

        Parameters
        ----------
        codes : ndarray of int of shape (n_rows,)
            The column in the order of the line.
        starts : ndarray of int of shape (n_classes,)
            The first row of each class.
        other : ndarray of int of shape (n_rows,)
            The class that each row would join.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        low, high = np.minimum.reduceat(codes, starts), np.maximum.reduceat(codes, starts)
        joined = self._penalty(np.minimum(low[other], codes), np.maximum(high[other], codes))
        return joined - self._penalty(low, high)[other]


class SetColumn:
    """A column whose penalty follows from how many values a class holds.

    Parameters
    ----------
    axis : CategoryAxis
        Its ``penalty`` reads the size of a set.
    """

    def __init__(self, axis: CategoryAxis):
        self._size = axis.size.astype(np.int32)
        sizes = np.arange(self._size.sum() + 1)
        self._table = axis.penalty(None, None, sizes).astype(np.float32)

    def windows(self, codes: np.ndarray, pieces: Any, counts: Any) -> Iterator[Any]:
        """Yield the penalties of windows, as :meth:`RangeColumn.windows` does."""
        most, own = min(counts[-1], pieces.size), self._size[codes]
        piece = np.repeat(np.arange(pieces.size), np.diff(pieces, append=codes.size))
        order = _sorted(codes, self._size.size)
        equal = codes[order[1:]] == codes[order[:-1]]
        back = np.full(codes.size, most)  # pieces since the same code occurred, if it did
        back[order[1:][equal]] = np.minimum(np.diff(piece[order])[equal], most)
        order = _sorted(back, most)
        ends = np.searchsorted(back[order], np.arange(most + 1))
        # What the last piece adds to a window: each code that no other piece of it holds, once.
        added = np.bincount(piece, own).astype(np.int32)
        held = np.zeros(pieces.size + 1, dtype=np.int32)
        for count in range(1, most + 1):
            inside = order[ends[count - 1] : ends[count]]  # held by the first piece, from now on
            np.subtract.at(added, piece[inside], own[inside])
            held = held[:-1] + added[count - 1 :]
            if count in counts:
                yield _looked_up(self._table, held)

    def rise(self, codes: np.ndarray, starts: Any, other: Any) -> Any:
        """Return about how much a penalty would rise, as :meth:`RangeColumn.rise` does.

        A class remembers its codes modulo 64, so that a column of more codes is only estimated.
        """
        bit = np.left_shift(np.uint64(1), (codes & 63).astype(np.uint64))
        held = np.bitwise_or.reduceat(bit, starts)
        return (held[other] & bit == 0) * (self._size[codes] / self._size.sum())


def _looked_up(table, index):
    """Return entries of a table whose indices are known to be within it."""
    return table.take(index, mode="clip")  # without a check of each index


def _sorted(values, highest):
    """Return the stable order of whole numbers from 0; a sort of short ones takes linear time."""
    return np.argsort(values.astype(np.min_scalar_type(highest)), kind="stable")
