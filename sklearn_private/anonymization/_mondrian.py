"""Strict multidimensional Mondrian, one level of the tree at a time.

Mondrian [1]_ halves the table again and again, each time by one cut of one quasi-identifier, as
long as both halves keep at least k people. The cut taken here is the one that lowers the certainty
penalty (:mod:`._loss`) most:

    (n · penalty(cell) − n_left · penalty(left) − n_right · penalty(right)) · (1/4 + p (1 − p))

where n counts rows and p is the share of the left half. The second factor prefers even cuts, which
leave more cuts to the levels below.

The penalty of a cell is that of the label it will get: of its box of the domain where labels show
the cut points (:func:`boxes`), of the codes that somebody in it holds where they show those
(:func:`held`).

All cells of one level are cut at once. For each column the units are kept sorted by (cell, code),
so that every possible cut of every cell is one position in an array, and a level costs a fixed
number of passes over the units, whatever the number of cells and of distinct values.

Where several rows belong to one person, a half holds the people that have *any* unit in it. In the
order of one column these are the people whose first unit lies left of the cut and, for the right
half, those whose last unit lies right of it: two running sums, and exact.

.. [1] K. LeFevre, D. DeWitt, R. Ramakrishnan, "Mondrian multidimensional k-anonymity", ICDE 2006.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cuts:
    """The cuts of a partition, as a binary tree whose root is node 0.

    Parameters
    ----------
    column : ndarray of shape (n_nodes,)
        The column that a node cuts; -1 at a leaf.
    below, above : ndarray of shape (n_nodes,)
        The cut lies between these two codes, both of which somebody in the node holds.
    left : ndarray of shape (n_nodes,)
        The child with the lower codes; the other child is the next node.
    leaf_of_unit : ndarray of shape (n_units,)
        The leaf of each unit.
    """

    column: np.ndarray
    below: np.ndarray
    above: np.ndarray
    left: np.ndarray
    leaf_of_unit: np.ndarray


def partition(units, axes, k, extents):
    """Cut the units into cells of at least ``k`` people.

    Parameters
    ----------
    units : Units
        The table; it holds at least ``k`` people.
    axes : sequence of OrderedAxis or CategoryAxis
        One a column: the penalty of a set of codes.
    k : int
        Fewest people in a cell.
    extents : callable
        :func:`boxes` or :func:`held`: what a label shows of a cell and of its halves.

    Returns
    -------
    Cuts
    """
    leaf_of_unit = np.zeros(units.weight.size, dtype=np.int64)
    level, n_nodes, done = _Level.first(units, axes), 1, []
    while level.n_cells:
        best = level.best_cuts(axes, k, extents)
        left = np.full(level.n_cells, -1, dtype=np.int64)
        left[best.found] = n_nodes + 2 * np.arange(best.found.sum())
        n_nodes += 2 * int(best.found.sum())
        done.append((level.node, best.column, best.below, best.above, left))
        level = level.split(best, left, k, leaf_of_unit)
    fields = [np.full(n_nodes, -1, dtype=np.int64) for _ in range(4)]
    for node, *parts in done:
        for field, part in zip(fields, parts, strict=True):
            field[node] = part
    return Cuts(*fields, leaf_of_unit)


def boxes(level, j, axis, runs, cut):
    """Return the lowest code, the highest code and the size of cells and of halves: all of them.

    Parameters
    ----------
    level : _Level
        The cells.
    j : int
        The column that is cut.
    axis : OrderedAxis or CategoryAxis
        The axis of that column.
    runs : _Runs
        The units of the level, by cell and code.
    cut : ndarray of shape (n_cuts,)
        The run before each cut.

    Returns
    -------
    whole, left, right : tuple of three ndarrays of shape (n_cuts,)
    """
    before = np.concatenate([[0.0], np.cumsum(axis.size)])
    cell, code = runs.cell[cut], runs.code[cut]
    low, high = level.low[j][cell], level.high[j][cell]
    ends = (low, high), (low, code), (code + 1, high)
    return tuple((a, b, before[b + 1] - before[a]) for a, b in ends)


def held(level, j, axis, runs, cut):
    """Return the lowest code, the highest code and the size of the codes that somebody holds.

    The parameters and what is returned are those of :func:`boxes`.
    """
    del level, j  # the runs are the codes that somebody holds
    size = runs.running(axis.size[runs.code])
    first, last = runs.first[runs.cell[cut]], runs.last[runs.cell[cut]]
    low, high, whole = runs.code[first], runs.code[last], size[last]
    left, right = (low, runs.code[cut], size[cut]), (runs.code[cut + 1], high, whole - size[cut])
    return (low, high, whole), left, right


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

    def offer(self, column, cell, score, below, above):
        """Take the best of some cuts of one column; ``cell`` is sorted, ties go to the first."""
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        top = np.repeat(np.maximum.reduceat(score, starts), np.diff(starts, append=cell.size))
        winner = np.flatnonzero(score == top)
        winner = winner[np.diff(cell[winner], prepend=-1) > 0]
        winner = winner[score[winner] > self.score[cell[winner]]]
        where = cell[winner]
        self.score[where] = score[winner]
        self.column[where] = column
        self.below[where] = below[winner]
        self.above[where] = above[winner]


@dataclass
class _Runs:
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
    def of(cls, code, cell, cell_start):
        begins = np.ones(code.size, dtype=bool)
        np.not_equal(code[1:], code[:-1], out=begins[1:])
        begins[cell_start] = True
        start = np.flatnonzero(begins)
        first = np.searchsorted(start, cell_start)
        last = np.append(first[1:], start.size) - 1
        return cls(start, code[start], cell[start], first, last)

    def running(self, values):
        """Return the running sums of one value a run, which begin anew in each cell."""
        total = np.cumsum(values)
        return total - (total[self.first] - values[self.first])[self.cell]

    def running_units(self, values):
        """Return the running sums of one value a unit, at the end of each run."""
        return self.running(np.add.reduceat(values, self.start, dtype=np.int64))


@dataclass
class _Level:
    """The cells of one level that may still be cut.

    ``orders[j]`` lists the units sorted by (cell, code in column j); all of them share ``cell``,
    the cell at each position, and ``start``, the position where each cell begins. ``node`` is the
    node of each cell; ``low`` and ``high``, of shape (n_columns, n_cells), are the ends of its box.
    ``holder`` numbers the (cell, person) pairs, by unit.
    """

    units: object
    node: np.ndarray
    low: np.ndarray
    high: np.ndarray
    start: np.ndarray
    cell: np.ndarray
    orders: list
    holder: np.ndarray | None

    @classmethod
    def first(cls, units, axes):
        orders = [np.argsort(codes, kind="stable") for codes in units.codes]
        high = np.array([[axis.size.size - 1] for axis in axes])
        zero = np.zeros(1, dtype=np.int64)
        cell = np.zeros(units.weight.size, dtype=np.int64)
        return cls(units, zero, np.zeros_like(high), high, zero, cell, orders, units.person)

    @property
    def n_cells(self):
        return self.node.size

    def best_cuts(self, axes, k, extents):
        """Return the best cut of each cell that has one."""
        best = _Best.none(self.n_cells)
        rows = np.add.reduceat(self.units.weight[self.orders[0]], self.start)
        for j, axis in enumerate(axes):
            runs = _Runs.of(self.units.codes[j][self.orders[j]], self.cell, self.start)
            n_left = runs.running_units(self.units.weight[self.orders[j]])
            cut = self._allowed(j, runs, n_left, rows, k)
            if cut.size:
                total = rows[runs.cell[cut]]
                share = n_left[cut] / total
                whole, left, right = (axis.penalty(*e) for e in extents(self, j, axis, runs, cut))
                gain = whole - share * left - (1 - share) * right
                score = total * gain * (0.25 + share * (1 - share))
                best.offer(j, runs.cell[cut], score, runs.code[cut], runs.code[cut + 1])
        return best

    def _allowed(self, j, runs, n_left, rows, k):
        """Return the runs of column ``j`` behind which a cut leaves ``k`` people on both sides."""
        left, right = n_left, rows[runs.cell] - n_left
        if self.holder is not None:
            left, right = self._people(j, runs)
        allowed = (left >= k) & (right >= k)
        allowed[runs.last] = False
        return np.flatnonzero(allowed)

    def _people(self, j, runs):
        """Count the people on either side of a cut behind each run of column ``j``."""
        holder = self.holder[self.orders[j]]
        place = np.arange(holder.size)
        edge = np.empty(int(holder.max()) + 1, dtype=np.int64)
        edge[holder] = place  # of several places the last one stays
        is_last = edge[holder] == place
        edge[holder[::-1]] = place[::-1]
        is_first = edge[holder] == place
        gone = runs.running_units(is_last)
        return runs.running_units(is_first), gone[runs.last][runs.cell] - gone

    def split(self, best, left, k, leaf_of_unit):
        """Return the next level: the halves, but for those too small to be cut again.

        ``leaf_of_unit`` is told the half of each unit.
        """
        keep = best.found[self.cell]
        order, cell = self.orders[0][keep], self.cell[keep]
        right = np.zeros(self.units.weight.size, dtype=bool)
        right[order] = self.units.codes[best.column[cell], order] > best.below[cell]
        leaf_of_unit[order] = left[cell] + right[order]

        pair = 2 * (np.cumsum(best.found) - 1)[cell]  # halves are numbered 2i and 2i + 1
        half, n_halves = pair + right[order], 2 * int(best.found.sum())
        holder = self._halve_holders(order, right)
        # Each side of a further cut needs k rows, or k units where people may be on both sides.
        weight = self.units.weight[order] if holder is None else None
        large = np.bincount(half, weights=weight, minlength=n_halves) >= 2 * k
        sizes = np.bincount(half, minlength=n_halves)[large]
        halves = np.repeat(np.flatnonzero(large), sizes)
        places = np.flatnonzero(halves % 2 == 0), np.flatnonzero(halves % 2)
        orders = [_part(o[keep], pair, right, large, places) for o in self.orders]
        cell = np.repeat(np.arange(sizes.size), sizes)
        node = (left[best.found][:, None] + [0, 1]).ravel()[large]
        low, high = (ends[:, large] for ends in self._halve_boxes(best))
        return _Level(self.units, node, low, high, np.cumsum(sizes) - sizes, cell, orders, holder)

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
        key = 2 * self.holder[order] + right[order]
        used = np.zeros(int(key.max(initial=0)) + 1, dtype=bool)
        used[key] = True
        holder = np.zeros_like(self.holder)
        holder[order] = (np.cumsum(used) - 1)[key]
        return holder


def _part(order, pair, right, large, places):
    """Move the units of each cell into its halves, keeping their order, and drop small halves."""
    right = right[order]
    keep = large[pair + right]
    parted = np.empty(sum(p.size for p in places), dtype=np.int64)
    for place, side in zip(places, (keep & ~right, keep & right), strict=True):
        parted[place] = order[side]
    return parted
