"""What a full-domain generalisation leaves behind: one level for each column, for all rows."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..columns import HierarchyGrid
from ..tables import distinct


@dataclass(frozen=True)
class Levels:
    """Sends every row to the cell of its names at one level of each hierarchy.

    It knows the combinations of names that were released, each held by at least k fitted people.
    All others belong to one cell behind them, whose label says nothing.

    Parameters
    ----------
    levels : tuple of int
        The level of each column.
    grids : tuple of HierarchyGrid
        The hierarchy of each column; codes of values that are not listed included.
    nodes : ndarray of int of shape (n_columns, n_cells)
        The nodes that were released.
    """

    levels: tuple
    grids: tuple
    nodes: np.ndarray

    @classmethod
    def of(cls, generalisation: Any, units: Any, axes: Any) -> Self:
        """Return the rule of a generalisation of ``units`` (:func:`._lattice.generalise`)."""
        grids = tuple(HierarchyGrid(axis.hierarchy, True) for axis in axes)
        of_unit = generalisation.class_of_unit
        _, unit = np.unique(np.where(of_unit < 0, of_unit.max() + 1, of_unit), return_index=True)
        rule = cls(generalisation.levels, grids, np.empty((len(grids), 0), dtype=np.int64))
        return cls(rule.levels, grids, rule._at_level(units.codes[:, unit[: of_unit.max() + 1]]))

    @property
    def n_boxes(self) -> Any:
        """Number of cells whose labels say something."""
        return self.nodes.shape[1]

    def find(self, codes: np.ndarray) -> Any:
        """Return the cell of each row of ``codes``, an array of shape (n_columns, n_rows)."""
        nodes = np.hstack([self.nodes, self._at_level(codes)])
        sizes = [len(grid.hierarchy.names) for grid in self.grids]
        first, number = distinct(nodes, sizes)
        cell = np.full(first.size, self.n_boxes)
        cell[number[: self.n_boxes]] = np.arange(self.n_boxes)
        return cell[number[self.n_boxes :]]

    def labels(self, *, numeric: Any) -> list[Any]:
        """Return the labels of each column, by cell; the last cell gets that of the root."""
        return [
            grid.node_labels(np.append(nodes, grid.hierarchy.root), numeric=numeric)
            for grid, nodes in zip(self.grids, self.nodes, strict=True)
        ]

    def _at_level(self, codes):
        columns = zip(self.grids, self.levels, codes, strict=True)
        return np.stack([grid.hierarchy.nodes[level][code] for grid, level, code in columns])
