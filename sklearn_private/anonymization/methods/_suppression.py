"""Suppression in a partition: rows at the end of a cell that cost the others more than they keep.

A leaf may be cut once more, with fewer than k people on one side. Those get the label that says
nothing, which costs 1 in every column, and the others a smaller cell. The cut is worth it where

    n_others · (penalty(cell) − penalty(others)) > n_few · Σ over columns (1 − penalty(cell)),

the first penalty being that of the column that is cut. The cuts that save most for each person are
taken first, as long as people may be suppressed. The suppressed rows are one class: it too holds k
people and every constraint, or nothing is suppressed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Trims:
    """Cuts of leaves with too few people on one side, which is suppressed; one a leaf.

    Parameters
    ----------
    node, column, below, above : ndarray of int of shape (n_trims,)
        The leaf, and its cut as in :class:`Cuts`.
    upper : ndarray of bool
        Whether the upper side is suppressed.
    people : ndarray of int
        People on that side.
    gain : ndarray
        The loss that is saved.
    """

    node: np.ndarray
    column: np.ndarray
    below: np.ndarray
    above: np.ndarray
    upper: np.ndarray
    people: np.ndarray
    gain: np.ndarray

    @classmethod
    def joined(cls, parts: Any) -> Self:
        """Return several collections as one."""
        columns = (np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls))
        return cls(*columns)

    def take(self, which: Any) -> Self:
        """Return some of the trims, in this order."""
        return Trims(*(getattr(self, field.name)[which] for field in fields(self)))

    def by_worth(self) -> Any:
        """Return the trims that save something, the most for each person first."""
        order = np.lexsort((self.node, -self.gain / self.people))
        return self.take(order[self.gain[order] > 0])


def best_trims(level: Any, problem: Any, extents: Any, is_leaf: np.ndarray) -> Trims:
    """Return the cut of each leaf that saves most for each person it suppresses.

    Parameters
    ----------
    level, problem, extents
        As :meth:`Level.best_cuts` takes them.
    is_leaf : ndarray of bool of shape (n_cells,)
        Cells that are not cut otherwise.

    Returns
    -------
    Trims
    """
    found, kept, k, rules = [], np.zeros(level.n_cells), problem.k, problem.rules
    for j, axis in enumerate(problem.axes):
        runs, n_left = level.runs(j)
        kept += 1.0 - axis.penalty(*extents(level, j, axis, runs, runs.last)[0])
        left, right = level.people(j, runs, n_left)
        few = np.minimum(left, right)
        allowed = (few > 0) & (few < k) & (np.maximum(left, right) >= k) & is_leaf[runs.cell]
        allowed[runs.last] = False
        cut = np.flatnonzero(allowed)
        upper = right[cut] < left[cut]
        if rules is not None and cut.size:
            halves = rules.hold(level, j, runs, cut)
            good = np.where(upper, *halves)
            cut, upper = cut[good], upper[good]
        if cut.size:
            saved, lost_rows = _saved(level, j, axis, extents, runs, cut, upper, n_left)
            found.append((j, runs, cut, upper, few[cut], saved, lost_rows))
    trims = [_trims(level, kept, *parts) for parts in found]
    return _first_of_each_node(Trims.joined(trims).by_worth()) if trims else None


def _saved(level, j, axis, extents, runs, cut, upper, n_left):
    """Return what the larger side of each cut gains, and the rows of the smaller side."""
    whole, left, right = (axis.penalty(*e) for e in extents(level, j, axis, runs, cut))
    n_all = n_left[runs.last][runs.cell[cut]]
    n_kept = np.where(upper, n_left[cut], n_all - n_left[cut])
    return n_kept * (whole - np.where(upper, left, right)), n_all - n_kept


def _trims(level, kept, j, runs, cut, upper, people, saved, lost_rows):
    cell = runs.cell[cut]
    gain = saved - lost_rows * kept[cell]
    column = np.full(cut.size, j)
    return Trims(level.node[cell], column, runs.code[cut], runs.code[cut + 1], upper, people, gain)


def _first_of_each_node(trims):
    return trims.take(np.sort(np.unique(trims.node, return_index=True)[1]))


def trimmed(cuts: Any, problem: Any, trims: Sequence[Trims] | None) -> Any:
    """Return cuts of which some leaves are trimmed.

    Parameters
    ----------
    cuts : Cuts
        The partition.
    problem : Problem
        The table.
    trims : sequence of Trims or None
        What :func:`best_trims` found, level by level.

    Returns
    -------
    Cuts
    """
    trims = [part for part in trims if part is not None]
    if not trims:
        return cuts
    trims = Trims.joined(trims).by_worth()
    trims = trims.take(np.flatnonzero(np.cumsum(trims.people) <= problem.most_suppressed))
    n_nodes, n_trims = cuts.column.size, trims.node.size
    left = n_nodes + 2 * np.arange(n_trims)

    leaf_of_unit = cuts.leaf_of_unit.copy()
    trim_of_node = np.full(n_nodes, -1)
    trim_of_node[trims.node] = np.arange(n_trims)
    trim = trim_of_node[leaf_of_unit]
    rows = np.flatnonzero(trim >= 0)
    trim = trim[rows]
    right = problem.units.codes[trims.column[trim], rows] > trims.below[trim]
    leaf_of_unit[rows] = left[trim] + right

    suppressed = np.zeros(n_nodes + 2 * n_trims, dtype=bool)
    suppressed[left + trims.upper] = True
    if not problem.is_class(suppressed[leaf_of_unit]):
        return cuts
    grown = {
        name: np.append(getattr(cuts, name), np.full(2 * n_trims, -1))
        for name in ("column", "below", "above", "left")
    }
    for name in ("column", "below", "above"):
        grown[name][trims.node] = getattr(trims, name)
    grown["left"][trims.node] = left
    return replace(cuts, **grown, suppressed=suppressed, leaf_of_unit=leaf_of_unit)
