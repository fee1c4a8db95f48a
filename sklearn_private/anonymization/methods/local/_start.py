"""A start for a search: the classes that one generalisation after another makes large enough.

Each column can be coarsened to a few levels: its codes in order, grouped as long as the penalty of
a group stays within a tolerance; for a hierarchy these groups are its nodes. A generalisation takes
one level of each column. From the cheapest generalisation to the dearest, all groups of k people
who are equal under it leave the table as a class, as ARX's iterated local recoding [1]_ does with
optimal generalisations of what is left.

There are too many generalisations to try all. Those tried lie on paths from the finest to the
coarsest: on each path a column has a fixed random speed, and reaches a level at a time in
proportion to the penalty of that level. The paths are the same in each run.

A generalisation costs one sort of the distinct rows that are left. Where few rows leave at first,
some generalisations are skipped, so that all sorts together cost O(n log n).

.. [1] ARX, "Transformation models: local transformation schemes",
   https://arx.deidentifier.org/overview/transformation-models/.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ...tables import distinct, sums
from ._line_cuts import Line

_TOLERANCES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
_GENERALISATIONS = 2000
_SORTED = 2**24  # combinations of codes to sort in all, at least


@dataclass(frozen=True)
class Levels:
    """The levels of one column, the finest first.

    Parameters
    ----------
    groups : list of ndarray of int of shape (n_codes,)
        The group of each code at each level.
    penalty : ndarray of shape (n_levels,)
        The mean penalty over the rows, never falling.
    """

    groups: list
    penalty: np.ndarray

    @classmethod
    def of(cls, axis: Any, codes: np.ndarray, weight: Any) -> Self:
        """Return the levels of an axis; the penalties are those of ``weight`` rows a code."""
        size = np.append(0.0, np.cumsum(axis.size))
        groups, penalty = [], []
        for starts in _groupings(axis, size):
            ends = np.append(starts[1:], axis.size.size)
            group = np.repeat(np.arange(starts.size), ends - starts)
            each = axis.penalty(starts, ends - 1, size[ends] - size[starts])
            groups.append(group)
            penalty.append(np.average(each[group[codes]], weights=weight))
        return cls(groups, np.maximum.accumulate(penalty))


def common_groups_first(task: Any) -> np.ndarray:
    """Group rows that are equal under a cheap generalisation.

    Parameters
    ----------
    task : Task
        The table, and what may be published.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        The class of each row. All but the last class may be published; the rows of that one, if
        there are any, are left over.
    """
    table = Line.of(task.combination)  # its classes are the combinations of codes
    codes, weight = task.codes[:, table.rows[table.starts]], table.sizes
    axes, left = task.problem.axes, np.arange(weight.size)
    levels = [Levels.of(axis, code, weight) for axis, code in zip(axes, codes, strict=True)]
    class_of, n_classes = np.empty_like(left), 0
    tried, i, affordable = generalisations(levels), 0, max(_SORTED, 64 * left.size)
    while weight.sum() >= task.k and i < len(tried):
        number, n_groups = _equal(levels, tried[i], codes)
        large = sums(number, n_groups, weight) >= task.k
        if task.is_judged and large.any():
            large[large] = _judged(task, table, left, np.where(large[number], number, -1))
        gone = large[number]
        class_of[left[gone]] = n_classes + (np.cumsum(large) - 1)[number[gone]]
        n_classes += int(large.sum())
        left, codes, weight = left[~gone], codes[:, ~gone], weight[~gone]
        affordable -= number.size
        rest = len(tried) - 1 - i  # as many of them as are affordable, and always the last one
        i += max(1, min(rest, -(-rest * left.size // max(1, affordable))))
    class_of[left] = n_classes
    return class_of[task.combination]


def generalisations(levels: list[Levels]) -> np.ndarray:
    """Return the generalisations to try, the cheapest first and the coarsest last.

    Parameters
    ----------
    levels : list of Levels
        One a column.

    Returns
    -------
    ndarray of int of shape (n_generalisations, n_columns)
        The level of each column.
    """
    rng = np.random.default_rng(0)  # paths are fixed, and need no secret
    n_steps = sum(part.penalty.size - 1 for part in levels)
    paths = [np.zeros((1, len(levels)), dtype=np.int64)]
    for _ in range(_GENERALISATIONS // max(1, n_steps)):
        times = [part.penalty[1:] * rng.exponential() for part in levels]
        now = np.sort(np.concatenate(times))
        paths.append(np.column_stack([np.searchsorted(t, now, side="right") for t in times]))
    paths.append(np.array([[part.penalty.size - 1 for part in levels]]))
    tried = np.unique(np.concatenate(paths), axis=0)
    cost = sum(part.penalty[level] for part, level in zip(levels, tried.T, strict=True))
    return tried[np.lexsort([tried.sum(axis=1), cost])]


def _equal(levels, level, codes):
    """Return the group of each combination under a generalisation, and how many there are."""
    groups = [part.groups[i] for part, i in zip(levels, level, strict=True)]
    keys = [group[code] for group, code in zip(groups, codes, strict=True)]
    first, number = distinct(keys, [int(group[-1]) + 1 for group in groups])
    return number, first.size


def _judged(task, table, combinations, number):
    """Tell which groups of combinations may be published; those numbered -1 are in no group."""
    order = np.argsort(number, kind="stable")[np.count_nonzero(number < 0) :]
    line = table.take(combinations[order])
    return task.holds(Line(line.rows, line.starts[np.diff(number[order], prepend=-1) > 0]))


def _groupings(axis, size):
    """Return where the groups of codes start, for each level."""
    found = [np.arange(axis.size.size)]
    for tolerance in _TOLERANCES:
        starts = _grouped(axis, size, tolerance)
        if starts.size < found[-1].size:
            found.append(starts)
    return found


def _grouped(axis, size, tolerance):
    """Group codes from the lowest on, each group as long as its penalty stays within a tolerance.

    A penalty never falls when a set grows, so that the end of a group is found by bisection.
    """
    starts, stop = [0], axis.size.size
    while True:
        start, low, high = starts[-1], starts[-1] + 1, stop  # the group ends from low to high
        while low < high:
            end = (low + high + 1) // 2
            ends = np.array([start]), np.array([end - 1]), np.array([size[end] - size[start]])
            low, high = (end, high) if axis.penalty(*ends)[0] <= tolerance else (low, end - 1)
        if low == stop:
            return np.array(starts)
        starts.append(low)
