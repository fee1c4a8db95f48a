"""The cells of a partition: a tree that sends every row to one of them, whatever its values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Cells:
    """A binary tree over the codes of the grids, root first. It holds no row and no count.

    Parameters
    ----------
    column : ndarray of shape (n_nodes,)
        The column that a node looks at; -1 at a leaf.
    threshold : ndarray of shape (n_nodes,)
        Codes above it belong to the right child.
    left : ndarray of shape (n_nodes,)
        The left child; the right child is the next node.
    cell : ndarray of shape (n_nodes,)
        The number of the cell at a leaf; -1 elsewhere. All leaves that are suppressed are one
        cell, the last.
    suppresses : bool
        Whether there is such a cell.
    """

    column: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    cell: np.ndarray
    suppresses: bool

    @classmethod
    def from_cuts(cls, cuts: Any, grids_of: Sequence[Callable[..., Any]]) -> tuple[Self, Any]:
        """Return the tree of ``cuts`` and the grid of each axis.

        Parameters
        ----------
        cuts : Cuts
            The partition.
        grids_of : sequence of callable
            For each column what makes its grid of cuts between pairs of codes, and returns it and
            the threshold of each cut.
        """
        threshold, grids = np.full(cuts.column.size, -1), []
        for j, grid_of in enumerate(grids_of):
            nodes = np.flatnonzero(cuts.column == j)
            grid, threshold[nodes] = grid_of(cuts.below[nodes], cuts.above[nodes])
            grids.append(grid)
        cell = cuts.cell_of_leaf
        return cls(cuts.column, threshold, cuts.left, cell, bool(cuts.suppressed.any())), grids

    @property
    def n_cells(self) -> Any:
        """Number of cells, the suppressed one included."""
        return int(self.cell.max()) + 1

    @property
    def n_boxes(self) -> Any:
        """Number of cells that are boxes of the domain: all but the suppressed one."""
        return self.n_cells - self.suppresses

    def find(self, codes: np.ndarray) -> Any:
        """Return the cell of each row of ``codes``, an array of shape (n_columns, n_rows)."""
        node = np.zeros(codes.shape[1], dtype=np.int64)
        rows = np.arange(node.size)
        while (rows := rows[self.column[node[rows]] >= 0]).size:
            at = node[rows]
            node[rows] = self.left[at] + (codes[self.column[at], rows] > self.threshold[at])
        return self.cell[node]

    def boxes(self, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the lowest and the highest code of each box in each column.

        Parameters
        ----------
        sizes : sequence of int
            Number of codes of each column.

        Returns
        -------
        low, high : ndarray of shape (n_columns, n_boxes)
        """
        low = np.zeros((len(sizes), self.column.size), dtype=np.int64)
        high = np.repeat(np.array(sizes)[:, None] - 1, self.column.size, axis=1)
        nodes = np.zeros(1, dtype=np.int64)
        while (nodes := nodes[self.column[nodes] >= 0]).size:
            left, right = self.left[nodes], self.left[nodes] + 1
            for child in (left, right):
                low[:, child], high[:, child] = low[:, nodes], high[:, nodes]
            high[self.column[nodes], left] = self.threshold[nodes]
            low[self.column[nodes], right] = self.threshold[nodes] + 1
            nodes = np.concatenate([left, right])
        box = (self.column < 0) & (self.cell < self.n_boxes)
        return low[:, box], high[:, box]
