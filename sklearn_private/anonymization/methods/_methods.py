"""The methods of :class:`KAnonymizer`: each turns a problem into a recoding.

A method never sees names, nor the estimator. One that finds cells for rows which were not fitted
says so by ``cells``; the others know the fitted rows only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ..columns import OrderedAxis
from ._cell_labels import LABELS
from ._lattice import generalise
from ._level_rule import Levels
from ._mdav import mdav_classes
from ._mondrian import box_extents, observed_extents, partition
from ._problem import Recoding
from .local import local_classes


def mondrian(problem: Any) -> Recoding:
    """Cut the domain into cells (:mod:`._mondrian`)."""
    cuts = partition(problem, box_extents if problem.labels == "cell" else observed_extents)
    cells, grids, labels = LABELS[problem.labels](problem, cuts)
    return Recoding(cells, grids, labels, cells.cell[cuts.leaf_of_unit], cells.n_boxes)


def lattice(problem: Any) -> Recoding:
    """Choose one level of each hierarchy, for all rows (:mod:`._lattice`)."""
    judge = None if problem.rules is None else problem.rules.judge
    best = generalise(problem.units, problem.axes, problem.k, judge, problem.most_suppressed)
    rule = Levels.of(best, problem.units, problem.axes)
    cell_of_unit = np.where(best.class_of_unit < 0, rule.n_boxes, best.class_of_unit)
    labels = rule.labels(numeric=problem.numeric)
    return Recoding(rule, list(rule.grids), labels, cell_of_unit, rule.n_boxes)


def local(problem: Any) -> Recoding:
    """Search for the classes of least loss (:mod:`.local._local`)."""
    classes = local_classes(problem)
    return Recoding(None, _grids(problem), _tight(problem, classes), classes)


def microaggregation(problem: Any) -> Recoding:
    """Put rows into classes that lie close together, and give them the mean (:mod:`._mdav`)."""
    if problem.rules is not None or problem.units.person is not None:
        raise InvalidParameterError.unreleased(
            "method='microaggregation' of KAnonymizer counts rows and looks at quasi-identifiers "
            "only: it takes neither constraints nor subject_id.",
            "Take method='local'.",
        )
    if not all(isinstance(axis, OrderedAxis) and axis.is_finite for axis in problem.axes):
        raise InvalidParameterError.unreleased(
            "method='microaggregation' of KAnonymizer needs quasi-identifiers that are finite "
            "numbers, none missing and without a hierarchy.",
            "Take method='local'.",
        )
    axes, codes = problem.axes, problem.units.codes
    rows = np.column_stack([axis.values[code] for axis, code in zip(axes, codes, strict=True)])
    classes = mdav_classes(rows, problem.k)
    labels = [
        axis.mean_labels(code, classes, numeric=problem.numeric)
        for axis, code in zip(axes, codes, strict=True)
    ]
    return Recoding(None, _grids(problem), labels, classes)


@dataclass(frozen=True)
class Method:
    """A method, and what is said of it.

    Parameters
    ----------
    learn : callable
        Takes a :class:`Problem` and returns a :class:`Recoding`.
    mechanism : str
        Its name in statements.
    by_row : bool, default=False
        Whether it knows fitted rows only, each of which is a unit of its problem. Its labels show
        what the people of a class hold.
    by_level : bool, default=False
        Whether it needs a hierarchy of every quasi-identifier.
    """

    learn: Callable
    mechanism: str
    by_row: bool = False
    by_level: bool = False


METHODS = {
    "mondrian": Method(mondrian, "strict multidimensional Mondrian on loss gain"),
    "local": Method(local, "local recoding by a search over classes", by_row=True),
    "lattice": Method(lattice, "optimal full-domain generalisation", by_level=True),
    "microaggregation": Method(microaggregation, "microaggregation by MDAV", by_row=True),
}


def _tight(problem, cell_of_unit):
    """Return labels that show what the people of each cell hold."""
    n_cells = int(cell_of_unit.max()) + 1
    return [
        axis.tight_labels(codes, cell_of_unit, n_cells, numeric=problem.numeric)
        for axis, codes in zip(problem.axes, problem.units.codes, strict=True)
    ]


def _grids(problem):
    """Return the grids of a partition without cuts."""
    none = np.zeros(0, dtype=np.int64)
    return [axis.grid(none, none)[0] for axis in problem.axes]
