"""Microaggregation: classes of at least k rows that lie close together.

MDAV-generic [1]_ takes the row that is farthest from the mean of all remaining rows and the row
that is farthest from that one, makes a class of each with its k - 1 nearest rows, and repeats.
Every class has k rows but the last, which takes what is left: fewer than 2k.

Its time grows with the square of the number of rows. A table of more than ``BLOCK`` rows is
therefore cut at medians, each time of the column that varies most, and each block is partitioned by
itself: then the time grows with the number of rows. Memory always does, since no matrix of
distances is kept.

.. [1] J. Domingo-Ferrer, V. Torra, "Ordinal, continuous and heterogeneous k-anonymity through
   microaggregation", Data Mining and Knowledge Discovery 11 (2005), algorithm 1.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

BLOCK = 20_000
"""Most rows that are partitioned at once."""


def mdav_classes(X: np.ndarray, k: int) -> np.ndarray:
    """Partition rows into classes of k to 2k - 1 rows that lie close together.

    Parameters
    ----------
    X : ndarray of float of shape (n_rows, n_columns)
        Finite numbers, at least one row. Every column is standardised, so that its unit does not
        matter.
    k : int
        Fewest rows of a class. A table of fewer than 2k rows is one class.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        The class of each row, numbered from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.anonymization.methods._mdav import mdav_classes
    >>> mdav_classes(np.array([[0.0], [9.0], [1.0], [8.0]]), k=2)
    array([0, 1, 0, 1])
    """
    Z = standardised(X)
    class_of_row = np.empty(len(Z), dtype=np.int64)
    n_classes = 0
    for rows in blocks(Z, max(BLOCK, 2 * k)):
        for members in _groups(Z[rows], k):
            class_of_row[rows[members]] = n_classes
            n_classes += 1
    return class_of_row


def standardised(X: ArrayLike) -> Any:
    """Return columns of mean 0 and variance 1; a column of equal values becomes zeros."""
    X = X / 2  # halves, since the difference of two large numbers may overflow
    low = X.min(axis=0)
    span = X.max(axis=0) - low
    # In [0, 1] first: there equal values leave no rounding error that a division would blow up.
    Z = (X - low) / np.where(span > 0, span, 1.0)
    Z -= Z.mean(axis=0)
    return Z / np.where(span > 0, Z.std(axis=0), 1.0)


def blocks(Z: np.ndarray, n_most: int) -> list[np.ndarray]:
    """Cut rows at medians into blocks of at most ``n_most`` rows, none below half of that.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        Standardised rows.
    n_most : int
        Most rows of a block.

    Returns
    -------
    list of ndarray of int
        The rows of each block.
    """
    waiting, done = [np.arange(len(Z))], []
    while waiting:
        rows = waiting.pop()
        if rows.size <= n_most:
            done.append(rows)
            continue
        widest = Z[rows].var(axis=0).argmax()
        half = rows.size // 2
        waiting += np.split(rows[np.argpartition(Z[rows, widest], half)], [half])
    return done


def _groups(Z, k):
    """Yield the members of each class of one block."""
    left = _Remaining(Z)
    while left.n >= 3 * k:
        first = left.farthest(left.total / left.n)
        second = left.farthest(first)
        yield left.take_nearest(first, k)
        yield left.take_nearest(second, k)
    if left.n >= 2 * k:
        yield left.take_nearest(left.farthest(left.total / left.n), k)
    yield left.rows[: left.n]


class _Remaining:
    """The rows of a block that are in no class yet, at the front of arrays that never move.

    Squared distances to a point p are compared by |z|² - 2 z·p: one product of a matrix and a
    vector, since |p|² is the same for all rows.
    """

    def __init__(self, Z):
        self.n, self.rows = len(Z), np.arange(len(Z))
        self.points, self.norms = Z.copy(), np.einsum("ij,ij->i", Z, Z)
        self.total = Z.sum(axis=0)

    def farthest(self, point):
        """Return the remaining row farthest from a point."""
        return self.points[self._distances(point).argmax()].copy()

    def take_nearest(self, point, k):
        """Remove the ``k`` remaining rows nearest to a point, and return which they are."""
        near = np.argpartition(self._distances(point), k - 1)[:k]
        taken = self.rows[near]
        self.total -= self.points[near].sum(axis=0)
        self._close(near)
        return taken

    def _distances(self, point):
        return self.norms[: self.n] - self.points[: self.n] @ (2 * point)

    def _close(self, near):
        """Move rows from the end into the places of those that were taken."""
        self.n -= near.size
        kept = np.ones(near.size, dtype=bool)
        kept[near[near >= self.n] - self.n] = False
        holes, movers = near[near < self.n], self.n + np.flatnonzero(kept)
        for array in (self.rows, self.points, self.norms):
            array[holes] = array[movers]
