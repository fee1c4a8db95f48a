"""Strict multidimensional Mondrian, one level of the tree at a time.

Mondrian [1]_ halves the table again and again, each time by one cut of one quasi-identifier, as
long as both halves keep at least k people. The cut taken here is the one that lowers the certainty
penalty (:mod:`..columns._penalty`) most:

    (n · penalty(cell) − n_left · penalty(left) − n_right · penalty(right)) · (1/4 + p (1 − p))

where n counts rows and p is the share of the left half. The second factor prefers even cuts, which
leave more cuts to the levels below.

The penalty of a cell is that of the label it will get: of its box of the domain where labels show
the cut points (:func:`box_extents`), of the codes that somebody in it holds where they show those
(:func:`observed_extents`).

All cells of one level are cut at once. For each column the units are kept sorted by (cell, code),
so that every possible cut of every cell is one position in an array, and a level costs a fixed
number of passes over the units, whatever the number of cells and of distinct values.

Where several rows belong to one person, a half holds the people that have *any* unit in it. In the
order of one column these are the people whose first unit lies left of the cut and, for the right
half, those whose last unit lies right of it: two running sums, and exact. Constraints on sensitive
values (:mod:`..models._judge`) are judged on the same running sums, one a value.

.. [1] K. LeFevre, D. DeWitt, R. Ramakrishnan, "Mondrian multidimensional k-anonymity", ICDE 2006.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from ..models import ends_of
from ._suppression import best_trims, trimmed


@dataclass(frozen=True)
class Cuts:
    """The cuts of a partition, as a binary tree whose root is node 0.

    Parameters
    ----------
    column : ndarray of shape (n_nodes,)
        The column that a node cuts; -1 at a leaf.
    below, above : ndarray of shape (n_nodes,)
        The cut lies behind the first of these codes, in front of the second, which somebody in
        the node holds.
    left : ndarray of shape (n_nodes,)
        The child with the lower codes; the other child is the next node.
    suppressed : ndarray of bool of shape (n_nodes,)
        The leaves whose rows get a label that says nothing.
    leaf_of_unit : ndarray of shape (n_units,)
        The leaf of each unit.
    """

    column: np.ndarray
    below: np.ndarray
    above: np.ndarray
    left: np.ndarray
    suppressed: np.ndarray
    leaf_of_unit: np.ndarray

    @property
    def cell_of_leaf(self) -> Any:
        """The number of the cell of each leaf; suppressed leaves share the last, -1 is no leaf."""
        box = (self.column < 0) & ~self.suppressed
        cell = np.where(box, np.cumsum(box) - 1, -1)
        cell[self.suppressed] = box.sum()
        return cell


def partition(problem: Any, extents: Callable[..., Any]) -> Cuts:
    """Cut the units into cells of at least ``k`` people that hold every constraint.

    Parameters
    ----------
    problem : Problem
        The table, which holds both as one cell.
    extents : callable
        :func:`box_extents` or :func:`observed_extents`: what a label shows of a cell and its
        halves.

    Returns
    -------
    Cuts
    """
    units, k, trims = problem.units, problem.k, []
    leaf_of_unit = np.zeros(units.weight.size, dtype=np.int64)
    level, n_nodes, done = Level.first(units, problem.axes), 1, []
    fewest = k + 1 if problem.most_suppressed else 2 * k  # people of a cell that is looked at again
    while level.n_cells:
        best = level.best_cuts(problem, extents)
        if problem.most_suppressed:
            trims.append(best_trims(level, problem, extents, ~best.found))
        left = np.full(level.n_cells, -1, dtype=np.int64)
        left[best.found] = n_nodes + 2 * np.arange(best.found.sum())
        n_nodes += 2 * int(best.found.sum())
        done.append((level.node, best.column, best.below, best.above, left))
        level = level.split(best, left, fewest, leaf_of_unit)
    fields = [np.full(n_nodes, -1, dtype=np.int64) for _ in range(4)]
    for node, *parts in done:
        for field, part in zip(fields, parts, strict=True):
            field[node] = part
    cuts = Cuts(*fields, np.zeros(n_nodes, dtype=bool), leaf_of_unit)
    return trimmed(cuts, problem, trims) if trims else cuts


def box_extents(
    level: Level, j: int, axis: Any, runs: Runs, cut: np.ndarray
) -> tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]:
    """Return the lowest code, the highest code and the size of cells and of halves: all of them.

    Parameters
    ----------
    level : Level
        The cells.
    j : int
        The column that is cut.
    axis : OrderedAxis or CategoryAxis
        The axis of that column.
    runs : Runs
        The units of the level, by cell and code.
    cut : ndarray of shape (n_cuts,)
        The run before each cut. Behind the last run of a cell, only ``whole`` has a meaning.

    Returns
    -------
    whole, left, right : tuple of three ndarrays of shape (n_cuts,)
    """
    before = np.concatenate([[0.0], np.cumsum(axis.size)])
    cell, after = runs.cell[cut], np.minimum(cut + 1, runs.code.size - 1)
    code = axis.placed(runs.code[cut], runs.code[after])
    low, high = level.low[j][cell], level.high[j][cell]
    ends = (low, high), (low, code), (code + 1, high)
    return tuple((a, b, before[b + 1] - before[a]) for a, b in ends)


def observed_extents(
    level: Any, j: Any, axis: Any, runs: Any, cut: Any
) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """Return the lowest code, the highest code and the size of the codes that somebody holds.

    The parameters and what is returned are those of :func:`box_extents`.
    """
    del level, j  # the runs are the codes that somebody holds
    size = runs.running(axis.size[runs.code])
    first, last = runs.first[runs.cell[cut]], runs.last[runs.cell[cut]]
    low, high, whole = runs.code[first], runs.code[last], size[last]
    after = runs.code[np.minimum(cut + 1, last)]
    return (low, high, whole), (low, runs.code[cut], size[cut]), (after, high, whole - size[cut])


@dataclass
class _Best:
    """The best cut found so far, for each cell of a level."""

    score: np.ndarray
    column: np.ndarray
    below: np.ndarray
    above: np.ndarray

    @classmethod
    def none(cls, n_cells):
        return cls(np.full(n_cells, -np.inf), *(np.full(n_cells, -1) for _ in range(3)))

    @property
    def found(self):
        return self.column >= 0

    def take(self, offers):
        """Take the best of the cuts of one column; ties go to what came first."""
        cell, score = offers.cell, offers.score
        if not cell.size:
            return
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        top = np.repeat(np.maximum.reduceat(score, starts), np.diff(starts, append=cell.size))
        winner = np.flatnonzero(score == top)
        winner = winner[np.diff(cell[winner], prepend=-1) > 0]
        winner = winner[score[winner] > self.score[cell[winner]]]
        where, cut = cell[winner], offers.cut[winner]
        self.score[where] = score[winner]
        self.column[where] = offers.column
        self.above[where] = offers.runs.code[cut + 1]
        self.below[where] = offers.axis.placed(offers.runs.code[cut], self.above[where])


@dataclass(frozen=True)
class _Offers:
    """Cuts of one column: the run before each of them, in order, and how good it is."""

    column: int
    axis: object
    runs: Runs
    cut: np.ndarray
    score: np.ndarray

    @property
    def cell(self):
        """The cell of each cut."""
        return self.runs.cell[self.cut]

    def some(self, which):
        """Return some of the cuts, in their order."""
        return replace(self, cut=self.cut[which], score=self.score[which])


@dataclass(frozen=True)
class Runs:
    """Stretches of units of one cell that hold the same code of one column.

    ``start`` is the position of each run, ``first`` and ``last`` are the runs at the ends of each
    cell.
    """

    start: np.ndarray
    code: np.ndarray
    cell: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, code: Any, cell: Any, cell_start: Any) -> Self:
        begins = np.ones(code.size, dtype=bool)
        np.not_equal(code[1:], code[:-1], out=begins[1:])
        begins[cell_start] = True
        start = np.flatnonzero(begins)
        first = np.searchsorted(start, cell_start)
        last = np.append(first[1:], start.size) - 1
        return cls(start, code[start].astype(np.int64), cell[start], first, last)

    def running(self, values: Any) -> Any:
        """Return the running sums of one value a run, which begin anew in each cell."""
        total = np.cumsum(values)
        return total - (total[self.first] - values[self.first])[self.cell]

    def running_units(self, values: Any) -> Any:
        """Return the running sums of one value a unit, at the end of each run."""
        return self.running(np.add.reduceat(values, self.start, dtype=np.int64))


@dataclass(frozen=True)
class Level:
    """The cells of one level that may still be cut.

    ``orders[j]`` lists the units sorted by (cell, code in column j); all of them share ``cell``,
    the cell at each position, and ``start``, the position where each cell begins. ``node`` is the
    node of each cell; ``low`` and ``high``, of shape (n_columns, n_cells), are the ends of its box.
    ``holder`` numbers the (cell, person) pairs, by unit. ``codes`` and ``weight`` are those of the
    units in as few bytes as will hold them, since most of the time goes into gathering them;
    ``weight`` is None where each unit is one row, as in wide tables, and need not be gathered.
    """

    units: object
    codes: list
    weight: np.ndarray | None
    node: np.ndarray
    low: np.ndarray
    high: np.ndarray
    start: np.ndarray
    cell: np.ndarray
    orders: list
    holder: np.ndarray | None

    @classmethod
    def first(cls, units: Any, axes: Any) -> Self:
        codes = [_narrow(codes) for codes in units.codes]
        weight = _narrow(units.weight) if (units.weight != 1).any() else None
        orders = [np.argsort(part, kind="stable").astype(np.int32) for part in codes]
        high = np.array([[axis.size.size - 1] for axis in axes])
        zero = np.zeros(1, dtype=np.int64)
        cell = np.zeros(units.weight.size, dtype=np.int64)
        ends = np.zeros_like(high), high
        return cls(units, codes, weight, zero, *ends, zero, cell, orders, units.person)

    @property
    def n_cells(self) -> Any:
        return self.node.size

    def best_cuts(self, problem: Any, extents: Any) -> Any:
        """Return the best cut of each cell that has one."""
        columns = range(len(problem.axes))
        if problem.rules is None:
            best = _Best.none(self.n_cells)
            for j in columns:
                best.take(self._offers(j, problem, extents))
            return best
        return self._best_that_hold([self._offers(j, problem, extents) for j in columns], problem)

    def _offers(self, j, problem, extents):
        """Return the cuts of column ``j`` that leave ``k`` people on both sides."""
        axis, k = problem.axes[j], problem.k
        runs, n_left = self.runs(j)
        left, right = self.people(j, runs, n_left)
        allowed = (left >= k) & (right >= k)
        allowed[runs.last] = False
        cut = np.flatnonzero(allowed)
        total = n_left[runs.last][runs.cell[cut]]
        share = n_left[cut] / total
        whole, left, right = (axis.penalty(*e) for e in extents(self, j, axis, runs, cut))
        gain = whole - share * left - (1 - share) * right
        score = total * gain * (0.25 + share * (1 - share))
        return _Offers(j, axis, runs, cut, score)

    def _best_that_hold(self, offers, problem):
        """Return the best cut of each cell among those that hold every constraint.

        Nearly all cuts do. So the best cut of each cell is asked about alone, and where it fails
        the next ones, in each round four times as many.
        """
        best, n_asked = _Best.none(self.n_cells), 1
        sizes = [part.cut.size for part in offers]
        column = np.repeat(np.arange(len(offers)), sizes)
        place = np.concatenate([np.arange(size) for size in sizes])
        cell = np.concatenate([part.cell for part in offers])
        open_ = np.lexsort((-np.concatenate([part.score for part in offers]), cell))
        while open_.size:
            starts = np.flatnonzero(np.diff(cell[open_], prepend=-1))
            rank = np.arange(open_.size) - np.repeat(starts, np.diff(starts, append=open_.size))
            now, open_ = open_[rank < n_asked], open_[rank >= n_asked]
            for j in np.unique(column[now]):
                asked = offers[j].some(np.sort(place[now[column[now] == j]]))
                halves = problem.rules.hold(self, j, asked.runs, asked.cut)
                best.take(asked.some(np.logical_and(*halves)))
            open_ = open_[~best.found[cell[open_]]]
            n_asked *= 4
        return best

    def runs(self, j: Any) -> tuple[Any, Any]:
        """Return the runs of column ``j``, and the rows of each cell up to the end of each run."""
        order = self.orders[j]
        runs = Runs.of(self.codes[j].take(order), self.cell, self.start)
        if self.weight is None:
            return runs, runs.running(np.diff(runs.start, append=order.size))
        return runs, runs.running_units(self.weight.take(order))

    def people(self, j: Any, runs: Any, n_left: Any) -> tuple[Any, Any]:
        """Count the people on either side of a cut behind each run of column ``j``."""
        if self.holder is None:
            return n_left, n_left[runs.last][runs.cell] - n_left
        is_first, is_last = ends_of(self.holder[self.orders[j]])
        gone = runs.running_units(is_last)
        return runs.running_units(is_first), gone[runs.last][runs.cell] - gone

    def split(self, best: _Best, left: np.ndarray, fewest: int, leaf_of_unit: np.ndarray) -> Any:
        """Return the next level: the halves, but for those of fewer than ``fewest`` people.

        Parameters
        ----------
        best : _Best
            The cut of each cell.
        left : ndarray of int of shape (n_cells,)
            The node of the lower half of each cell that is cut, -1 for others; that of the upper
            half is the next.
        fewest : int
            Fewest people of a half that is looked at again.
        leaf_of_unit : ndarray of int of shape (n_units,)
            Is told the half of each unit.
        """
        order, right = self._sides(best, left, leaf_of_unit)
        n_halves = 2 * int(best.found.sum())
        # half: (n_units that are cut,), two for each cell that is cut, the lower one first
        half = leaf_of_unit[order] - (left.max() + 2 - n_halves)  # they are the last leaves so far
        holder = self._halve_holders(order, right)
        # Where somebody may be on both sides of a further cut, rows say less than units do.
        weight = None if self.weight is None or holder is not None else self.weight[order]
        large = np.bincount(half, weights=weight, minlength=n_halves) >= fewest
        sizes = np.bincount(half, minlength=n_halves)[large]
        low, high = (ends[:, large] for ends in self._halve_boxes(best))
        return replace(
            self,
            node=(left[best.found][:, None] + [0, 1]).ravel()[large],
            low=low,
            high=high,
            start=np.cumsum(sizes) - sizes,
            cell=np.repeat(np.arange(sizes.size), sizes),
            orders=self._halve_orders(order, np.where(large[half], right, -1), large, sizes),
            holder=holder,
        )

    def _sides(self, best, left, leaf_of_unit):
        """Return the units of the cells that are cut, and whether each is in the upper half.

        ``leaf_of_unit`` is told the half of each of them.
        """
        keep = best.found[self.cell]
        # order, cell, right: (n_units that are cut,), sorted by cell
        order, cell = self.orders[0].compress(keep), self.cell.compress(keep)
        place = best.column[cell] * leaf_of_unit.size + order  # among all codes, column by column
        right = self.units.codes.ravel().take(place) > best.below[cell]
        leaf_of_unit[order] = left[cell] + right
        return order, right

    def _halve_orders(self, order, side_of_ordered, large, sizes):
        """Return the orders of the large halves, each sorted by (half, code) as before by cell.

        ``side_of_ordered`` is 0 or 1, and -1 in a small half. Units of a lower half move to the
        places of lower halves, in their order, which is that of their codes: a cell of units
        ``u v w x`` with sides ``1 0 1 0`` becomes ``v x`` and ``u w``.
        """
        side = np.full(self.units.weight.size, -1, dtype=np.int8)  # of units that are left out
        side[order] = side_of_ordered
        # is_upper: (n_units of large halves,), whether a place belongs to an upper half
        is_upper = np.repeat(np.flatnonzero(large) % 2 == 1, sizes)
        places = np.flatnonzero(~is_upper), np.flatnonzero(is_upper)
        return [_part(one, side.take(one), places) for one in self.orders]

    def _halve_boxes(self, best):
        """Return the ends of the boxes of all halves."""
        low, high = (np.repeat(ends[:, best.found], 2, axis=1) for ends in (self.low, self.high))
        column, below = best.column[best.found], best.below[best.found]
        high[column, np.arange(0, 2 * below.size, 2)] = below
        low[column, np.arange(1, 2 * below.size, 2)] = below + 1
        return low, high

    def _halve_holders(self, order, right):
        """Return the (half, person) pair of each unit, numbered from 0."""
        if self.holder is None:
            return None
        key = 2 * self.holder[order] + right
        used = np.zeros(int(key.max(initial=0)) + 1, dtype=bool)
        used[key] = True
        holder = np.zeros_like(self.holder)
        holder[order] = (np.cumsum(used) - 1)[key]
        return holder


def _narrow(values):
    """Return whole numbers from 0 in as few bytes as will hold them."""
    return values.astype(np.min_scalar_type(values.max(initial=0)))


def _part(order, side, places):
    """Move the units of each cell into its halves, keeping their order, and drop small halves."""
    parted = np.empty(sum(place.size for place in places), dtype=order.dtype)
    for half, place in enumerate(places):
        parted[place] = order.compress(side == half)  # a mask as an index takes four times as long
    return parted
