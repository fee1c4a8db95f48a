"""Quasi-identifiers with a hierarchy: the lowest group that holds a whole class.

Codes are the leaves in depth-first order; a code behind them stands for values that the hierarchy
does not list, if the fitted table holds any, and costs as much as the root. A missing value is a
leaf of its own. The hierarchy is public, so that a fitted object may keep all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from ...exceptions import InvalidParameterError
from ..hierarchies import Hierarchy
from ..tables import MISSING
from ._category_axis import OTHER
from ._labels import Labels, Ranges
from ._ordered_grid import OrderedGrid

_RANGE = ("midpoint", "width", "missing")
_MOST_FEATURES = 128  # a finer level is summed up to the first one that has no more groups


@dataclass(frozen=True)
class HierarchyAxis:
    """The leaves of the hierarchy of a fitted column.

    Parameters
    ----------
    hierarchy : Hierarchy
        The hierarchy, with a leaf for missing values where the column holds some.
    outside : bool
        Whether the column holds values that are not listed.
    """

    hierarchy: Hierarchy
    outside: bool

    @classmethod
    def from_values(
        cls, values: Any, hierarchy: Hierarchy, name: str = "a column"
    ) -> tuple[Self, Any]:
        """Return the axis of a column and the code of each row.

        Parameters
        ----------
        values : ndarray of float64 or datetime64, or list of str, of length n_rows
            The column, as its kind is read.
        hierarchy : Hierarchy
            Its hierarchy.
        name : str
            Its name, for messages.

        Raises
        ------
        InvalidParameterError
            If the hierarchy lists none of the values, which is surely a mistake.
        """
        is_array = isinstance(values, np.ndarray)
        if (values != values).any() if is_array else MISSING in values:
            hierarchy = hierarchy.with_missing()
        codes = hierarchy.encode(values)
        outside = codes == len(hierarchy.leaves)
        merged = hierarchy.leaves == (OTHER,)  # an automatic one of rare values only
        if codes.size and outside.all() and not merged:
            raise InvalidParameterError(
                f"The hierarchy of {name!r} lists none of its values. Its first leaf is "
                f"{hierarchy.leaves[0]!r}: spell its leaves as the values are printed."
            )
        return cls(hierarchy, bool(outside.any())), codes

    @cached_property
    def size(self) -> np.ndarray:
        """How many values each code stands for: one."""
        return np.ones(len(self.hierarchy.leaves) + self.outside)

    def penalty(self, low: Any, high: Any, size: int) -> Any:
        """Return the certainty penalty of sets of codes from their extremes and their sizes."""
        del size  # a label names the group above the extremes, whatever lies between
        return self.hierarchy.penalty[self.hierarchy.ancestor(low, high)]

    def placed(self, below: Any, above: Any) -> Any:
        """Return the code behind which each cut between two codes is made.

        It is where the largest groups meet, so that cells are whole groups where they can be.
        """
        meet = self._meeting_level
        place = np.array(below, dtype=np.int64)
        open_ = np.ones(place.size, dtype=bool)
        for level in range(self.hierarchy.levels - 1, 0, -1):
            places = np.append(np.flatnonzero(meet == level), meet.size)
            found = places[np.searchsorted(places, below)]
            good = open_ & (found < above)
            place[good] = found[good]
            open_ &= ~good
        return place

    def grid(self, below: Any, above: Any) -> tuple[HierarchyGrid, Any]:
        """Return the grid of cuts between these pairs of codes, and the threshold of each cut."""
        return HierarchyGrid(self.hierarchy, self.outside), self.placed(below, above)

    supported_grid = grid

    def among(self, people: Any) -> Self:
        """Return the axis itself: its codes tell who supports a label."""
        del people
        return self

    def tight_grid(
        self, below: Any, above: Any, codes: np.ndarray, cells: Any, n_cells: Any
    ) -> Any:
        """Return the same: labels end where codes do."""
        del codes, cells, n_cells
        return self.grid(below, above)

    def tight_labels(self, codes: np.ndarray, cells: Any, n_cells: Any, *, numeric: Any) -> Any:
        """Return labels that show the lowest group above the fitted people in each cell."""
        grid = HierarchyGrid(self.hierarchy, self.outside)
        return grid.labels(*self._held(codes, cells, n_cells), numeric=numeric)

    def inner_labels(
        self, grid: Any, boxes: Any, codes: np.ndarray, cells: Any, *, numeric: Any
    ) -> Any:
        """Return labels that show the lowest group above the fitted people, and above whole boxes.

        The first half of the cells are the boxes by what is held in them, the second half the boxes
        as they are; the parameters are those of :meth:`CategoryAxis.inner_labels`. All people of a
        class are under its group, so that a group has as many of the table at least.
        """
        held = self._held(codes, cells, boxes[0].size)
        return grid.labels(*map(np.append, held, boxes), numeric=numeric)

    supported_labels = inner_labels

    def _held(self, codes, cells, n_cells):
        """Return the lowest and the highest leaf of the fitted people in each cell."""
        low, high = np.full(n_cells, self.size.size), np.full(n_cells, -1)
        np.minimum.at(low, cells, codes)
        np.maximum.at(high, cells, codes)
        return low, high

    @property
    def _meeting_level(self):
        """The lowest level at which each code and the next one have the same node."""
        nodes = self.hierarchy.nodes
        return (nodes[:, :-1] != nodes[:, 1:]).sum(axis=0)


@dataclass(frozen=True)
class HierarchyGrid:
    """The hierarchy of one column: what a fitted anonymizer keeps of it.

    Parameters
    ----------
    hierarchy : Hierarchy
        As in :class:`HierarchyAxis`.
    outside : bool
        Whether the fitted table held values that are not listed. If not, such values have no
        code, in new rows.
    """

    hierarchy: Hierarchy
    outside: bool

    @property
    def n_codes(self) -> Any:
        """Number of codes."""
        return len(self.hierarchy.leaves) + self.outside

    def encode(self, values: Any) -> np.ndarray:
        """Return the code of each value; -1 for one that no label but the root's is true of."""
        codes = self.hierarchy.encode(values)
        return np.where(codes < self.n_codes, codes, -1)

    def names(self, name: str) -> list[Any]:
        """Return the names of the numeric features of column ``name``."""
        return [f"{name}_{part}" for part in _features(self.hierarchy)[0]]

    def labels(self, low: Any, high: Any, *, numeric: Any) -> Any:
        """Return labels that show the lowest group above each cell."""
        return self.node_labels(self.hierarchy.ancestor(low, high), numeric=numeric)

    def node_labels(self, nodes: Any, *, numeric: Any) -> Any:
        """Return labels that show the node of each cell, in the order of the tree."""
        tree = self.hierarchy
        nodes, of_cell = np.unique(nodes, return_inverse=True)
        order = np.lexsort((-tree.n_leaves_under[nodes], tree.first_leaf[nodes]))
        nodes, of_cell = nodes[order], np.argsort(order)[of_cell]
        texts = [tree.names[node] for node in nodes]
        features = _features(tree)[1][nodes] if numeric else None
        low = tree.first_leaf[nodes]
        high = low + tree.n_leaves_under[nodes] - 1
        extent = Ranges(low, high, np.zeros(nodes.size, dtype=bool), -1)
        return Labels.merged(texts, of_cell, tree.penalty[nodes], features, extent)


def _features(hierarchy):
    """Return the names of the numeric features of a hierarchy, and their values at each node."""
    first, under = hierarchy.first_leaf, hierarchy.n_leaves_under
    if hierarchy.edges is not None:
        grid = OrderedGrid(np.array(hierarchy.edges), MISSING in hierarchy.leaves)
        labels = grid.labels(first, first + under - 1, numeric=True)
        return _RANGE[: 2 + grid.missing], labels.features[labels.of_cell]
    listed = [leaf for leaf in hierarchy.leaves if leaf != MISSING]
    try:
        numbers = np.array([float(leaf) for leaf in listed])
    except ValueError:
        return _shares(hierarchy)
    if not listed or not np.isfinite(numbers).all():
        return _shares(hierarchy)
    return _ranges(hierarchy, numbers)


def _ranges(hierarchy, numbers):
    """Return midpoint, width and, if a missing value is listed, the share of missing values."""
    is_number = np.array([leaf != MISSING for leaf in hierarchy.leaves])
    low, high = np.full((2, is_number.size), np.nan)
    low[is_number] = high[is_number] = numbers
    low[~is_number], high[~is_number] = numbers.min(), numbers.max()
    spans = zip(hierarchy.first_leaf, hierarchy.n_leaves_under, strict=True)
    ends = np.array([(low[i : i + n].min(), high[i : i + n].max()) for i, n in spans])
    features = [ends.mean(axis=1), np.ptp(ends, axis=1)]
    if not is_number.all():
        before = np.concatenate([[0], np.cumsum(~is_number)])
        stop = hierarchy.first_leaf + hierarchy.n_leaves_under
        some = before[stop] > before[hierarchy.first_leaf]
        features.append(some / np.where(hierarchy.n_leaves_under > 1, 2.0, 1.0))
    return _RANGE[: len(features)], np.column_stack(features)


def _shares(hierarchy):
    """Return equal shares for the leaves under each node, summed by the groups of one level."""
    columns = next(
        groups
        for groups in (np.unique(level[:-1], return_inverse=True) for level in hierarchy.nodes)
        if groups[0].size <= _MOST_FEATURES
    )
    groups, group_of_leaf = columns
    before = np.zeros((group_of_leaf.size + 1, groups.size))
    before[np.arange(1, group_of_leaf.size + 1), group_of_leaf] = 1
    before = np.cumsum(before, axis=0)
    first, under = hierarchy.first_leaf, hierarchy.n_leaves_under
    shares = (before[first + under] - before[first]) / under[:, None]
    return tuple(hierarchy.names[group] for group in groups), shares
