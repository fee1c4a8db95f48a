"""The best way to cut a line of rows into classes.

Rows in a line are cut into classes of consecutive rows by a dynamic programme [1]_: the least cost
of the first p rows is the least, over the length of the last class, of the least cost of the rows
before that class plus its own. The cost of a class is its penalty, summed over the columns, times
its rows. Classes of 2k rows or more need not be looked at, since to cut one in two never costs
more.

The line is worked on in blocks of whole classes. All blocks take one step of the programme
together, so that the number of Python steps does not grow with the rows. And where classes may be
large, they are cut between pieces of several rows only. So a line of n rows costs O(n · min(k, 64)
· n_columns), and no way to cut it between these pieces, and into these blocks, costs less.

.. [1] G. Ghinita, P. Karras, P. Kalnis, N. Mamoulis, "Fast data anonymization with low information
   loss", VLDB 2007.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

_ROWS = 2**15  # rows worked on at once: a column of them stays in the cache
_PIECES = 64  # fewest pieces that a class of the longest kind is cut into, if it has enough rows


@dataclass(frozen=True)
class Line:
    """Rows in a line, and the classes that they are cut into.

    Parameters
    ----------
    rows : ndarray of int of shape (n_rows,)
        The rows in their order.
    starts : ndarray of int of shape (n_classes,)
        The place of the first row of each class, increasing from 0.
    """

    rows: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, class_of_row: Any) -> Self:
        """Arrange rows by class, and rows of one class in their own order."""
        rows = np.argsort(class_of_row, kind="stable")
        return cls(rows, np.flatnonzero(np.diff(class_of_row[rows], prepend=-1)))

    @property
    def sizes(self) -> Any:
        """Rows of each class."""
        return np.diff(self.starts, append=self.rows.size)

    @property
    def places(self) -> np.ndarray:
        """The class of each row of the line."""
        return np.repeat(np.arange(self.starts.size), self.sizes)

    def take(self, classes: np.ndarray) -> Self:
        """Return a line of some of the classes, in the order given."""
        sizes = self.sizes[classes]
        starts = np.cumsum(sizes) - sizes
        inside = np.arange(sizes.sum()) + np.repeat(self.starts[classes] - starts, sizes)
        return Line(self.rows[inside], starts)

    def followed_by(self, other: Any) -> Self:
        """Return both lines, one behind the other."""
        starts = np.concatenate([self.starts, other.starts + self.rows.size])
        return Line(np.concatenate([self.rows, other.rows]), starts)

    def class_of_row(self) -> Any:
        """Return the class of each row of the table; the line holds all of them."""
        classes = np.empty(self.rows.size, dtype=np.int64)
        classes[self.rows] = self.places
        return classes


def recut(
    columns: Any, codes: np.ndarray, starts: np.ndarray, shortest: int, longest: int
) -> np.ndarray:
    """Cut a line again, as cheaply as possible.

    Parameters
    ----------
    columns : sequence of RangeColumn or SetColumn
        What tells the penalties.
    codes : ndarray of int of shape (n_columns, n_rows)
        The columns in the order of the line.
    starts : ndarray of int of shape (n_classes,)
        Where the present classes start.
    shortest, longest : int
        Bounds on the rows of the present classes; ``longest`` is at least ``2 * shortest - 1``.

    Returns
    -------
    ndarray of int
        Where the new classes start, none of which has fewer than ``shortest`` rows. Together they
        cost no more than the present ones.
    """
    step = max(1, longest // _PIECES)
    counts = range(-(-shortest // step), -(-longest // step) + 1)  # pieces of a class
    blocks = np.append(starts[_is_first(starts, step * max(8 * counts[-1], 256))], codes.shape[1])
    parts = np.append(np.flatnonzero(_is_first(blocks[:-1], _ROWS)), blocks.size - 1)
    found = []
    for i, j in pairwise(parts):
        first, stop = blocks[i], blocks[j]
        classes = starts[(starts >= first) & (starts < stop)] - first
        pieces = in_pieces(classes, stop - first, step)
        cost = window_costs(columns, codes[:, first:stop], pieces, counts, shortest)
        ends = np.searchsorted(pieces, blocks[i : j + 1] - first)
        found.append(first + pieces[best_cuts(cost, ends, counts[0])])
    return np.concatenate(found)


def in_pieces(starts: np.ndarray, n_rows: int, step: int) -> Any:
    """Return the first rows of pieces of ``step`` rows; the last piece of a class may be smaller.

    Parameters
    ----------
    starts : ndarray of int of shape (n_classes,)
        Where classes start.
    n_rows, step : int
        Rows of the line, and of a piece.
    """
    sizes = np.diff(starts, append=n_rows)
    n_pieces = -(-sizes // step)
    before = np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    return np.repeat(starts, n_pieces) + step * (np.arange(before.size) - before)


def window_costs(
    columns: Any, codes: np.ndarray, pieces: np.ndarray, counts: Any, shortest: Any
) -> np.ndarray:
    """Return the cost of each window of consecutive pieces.

    Parameters
    ----------
    columns, codes, shortest
        As in :func:`recut`.
    pieces : ndarray of int of shape (n_pieces,)
        The first row of each piece.
    counts : range
        Pieces in a window.

    Returns
    -------
    ndarray of float32 of shape (len(counts), n_pieces + 1)
        Entry ``[i, end]`` is the cost of ``counts[i]`` pieces in front of piece ``end``: infinite
        where these have fewer than ``shortest`` rows.
    """
    edges = np.append(pieces, codes.shape[1])
    cost = np.zeros((len(counts), edges.size), dtype=np.float32)
    for column, code in zip(columns, codes, strict=True):
        for i, penalty in enumerate(column.windows(code, pieces, counts)):
            cost[i, counts[i] :] += penalty
    for each, count in zip(cost, counts, strict=True):
        n_rows = edges[count:] - edges[:-count]
        each[count:] *= n_rows
        each[count:][n_rows < shortest] = np.inf
    return cost


def best_cuts(cost: np.ndarray, blocks: np.ndarray, fewest: int) -> np.ndarray:
    """Return where the classes start that cut each block at the least cost.

    Parameters
    ----------
    cost : ndarray of shape (n_counts, n_pieces + 1)
        As :func:`window_costs` returns it.
    blocks : ndarray of int of shape (n_blocks + 1,)
        The piece that each block starts with, and the end of the last one. Each can be cut into
        classes.
    fewest : int
        Pieces of the smallest class.

    Returns
    -------
    ndarray of int
        The pieces that classes start with.
    """
    first, n_pieces = blocks[:-1], np.diff(blocks)
    steps, most = int(n_pieces.max()), fewest + len(cost) - 1
    # Row `most + p` is the least cost of the first p pieces of each block; none has p < 0 pieces.
    best = np.full((most + steps + 1, first.size), np.inf)
    best[most] = 0.0
    choice = np.zeros((steps + 1, first.size), dtype=np.int32)
    ends = np.minimum(first + np.arange(steps + 1)[:, None], blocks[-1])
    cost = cost[:, ends]
    for p in range(fewest, steps + 1):
        total = best[p : p + len(cost)][::-1] + cost[:, p]
        choice[p] = total.argmin(axis=0)
        best[most + p] = total.min(axis=0)
    starts, left, block = [], n_pieces.copy(), np.arange(first.size)
    while block.size:
        left[block] -= fewest + choice[left[block], block]
        starts.append(first[block] + left[block])
        block = block[left[block] > 0]
    return np.sort(np.concatenate(starts))


def _is_first(places, step):
    """Tell which places are the first in a stretch of ``step`` places."""
    return np.diff(places // step, prepend=-1) > 0
