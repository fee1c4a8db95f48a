"""Local recoding: the classes of least loss, whatever they look like.

Nothing ties a class to a part of the domain here: equal rows may get different labels, and there is
no rule that would tell the class of a new row. Two starts are tried, Mondrian (:mod:`.._mondrian`)
and groups that common labels make (:mod:`._start`), each is improved by a few rounds of a
local search (:mod:`._search`), and the better one is searched on. A round takes about 0.03 s
for 30,000 rows of eight columns, and grows in proportion to the rows that take part; all of it is
O(n log n).

Classes overlap as regions of the domain, which leaves more to infer for whoever combines their
labels than the cells of a partition do [1]_.

.. [1] "Combinatorial refinement" attack on local recoding, arXiv 2509.03350, 2025.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from .._mondrian import observed_extents, partition
from ._line_cuts import Line
from ._problem import Task
from ._search import Search, reverted
from ._start import common_groups_first

_TRIAL = 5  # rounds after which the starts are compared
_ROUNDS = 8  # rounds after which the search stops if they lowered the cost too little
_MOST = 12  # times that many rounds at most
_WORTHWHILE = 0.002  # share of the cost that so many rounds must save


def local_classes(problem: Any) -> np.ndarray:
    """Put rows into classes of at least ``k`` people at little loss.

    Parameters
    ----------
    problem : Problem
        The table, each row of which is a unit, equal or not. As one class it may be published.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        The class of each row, from 0. Nothing is suppressed.
    """
    if not problem.units.weight.size:
        return np.zeros(0, dtype=np.int64)
    task = Task(replace(problem, most_suppressed=0))
    starts = partition(task.problem, observed_extents).leaf_of_unit, common_groups_first(task)
    searches = [Search(task, tidy(task, start)) for start in starts]
    cost, search = min(((s.improve(_TRIAL), s) for s in searches), key=lambda pair: pair[0])
    for _ in range(_MOST):
        before, cost = cost, search.improve(_ROUNDS)
        if cost >= before * (1 - _WORTHWHILE):
            break
    return search.line.class_of_row()


def tidy(task: Task, class_of_row: np.ndarray) -> Line:
    """Cut large classes, and merge those that may not be published with a neighbour.

    Parameters
    ----------
    task : Task
        What must be kept; all rows as one class keep it.
    class_of_row : ndarray of int of shape (n_rows,)
        Classes from 0.

    Returns
    -------
    Line
        Classes that keep it.
    """
    line = _halved(task, _in_order(task, class_of_row))
    while (bad := ~task.holds(line)).any():
        place = np.arange(bad.size)
        run = place - np.maximum.accumulate(np.where(bad, -1, place))  # 1, 2, ... in a run of bad
        joins = np.flatnonzero(run % 2)  # each joins the class behind it, the last one that before
        line = Line(line.rows, np.delete(line.starts, np.minimum(joins + 1, bad.size - 1)))
    return line


def _in_order(task, class_of_row):
    """Return a line of classes in the lexicographic order of their first rows."""
    by_size = np.argsort(task.n_codes, kind="stable")
    rows = np.lexsort(task.codes[by_size[::-1]])
    _, first, number = np.unique(class_of_row[rows], return_index=True, return_inverse=True)
    place = first[number]
    order = np.argsort(place, kind="stable")
    return Line(rows[order], np.flatnonzero(np.diff(place[order], prepend=-1)))


def _halved(task, line):
    """Halve classes again and again, as long as both halves may be published."""
    while True:
        large = line.sizes >= 2 * task.k
        middle = line.starts[large] + line.sizes[large] // 2
        cut = Line(line.rows, np.sort(np.concatenate([line.starts, middle])))
        starts = reverted(line.starts, cut.starts, task.holds(cut))
        if starts.size == line.starts.size:
            return line
        line = Line(line.rows, starts)
