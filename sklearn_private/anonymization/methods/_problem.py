"""What a method works on, and what it learns: codes and people, without names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ...exceptions import InvalidParameterError
from ..columns import CategoryAxis, HierarchyAxis, OrderedAxis, automatic
from ..models import Rules, Sensitive
from ..tables import MISSING, Units, count_people, least_held, show


@dataclass(frozen=True, eq=False)
class Problem:
    """A table to be partitioned.

    Parameters
    ----------
    axes : tuple of OrderedAxis, CategoryAxis or HierarchyAxis
        One for each quasi-identifier.
    units : Units
        Its distinct rows; a method that is ``by_row`` gets each row as a unit.
    rules : Rules or None
        The constraints, if there are any.
    k : int
        Fewest people in a class.
    most_suppressed : int
        Most people who may be suppressed.
    labels : {"supported", "cell", "tight"}
        What labels of cells show.
    numeric : bool
        Whether labels need features for a model.
    """

    axes: tuple
    units: Units
    rules: Rules | None
    k: int
    most_suppressed: int
    labels: str
    numeric: bool

    def is_class(self, member: Any) -> Any:
        """Tell whether some units (an array of booleans) are a class that may be published."""
        of_unit = member.astype(np.int64)
        if self.units.people(of_unit, 2)[1] < self.k:
            return False
        return self.rules is None or bool(self.rules.judge(of_unit, 2)[1])


@dataclass(frozen=True, eq=False)
class Recoding:
    """What a method learned.

    Parameters
    ----------
    cells : Cells, Levels or None
        What finds the cell of a row from its codes. None where only fitted rows have one.
    grids : list
        What encodes each quasi-identifier of a new row.
    labels : list of Labels
        The labels of each quasi-identifier, by cell.
    cell_of_unit : ndarray of int of shape (n_units,)
        The cell of each unit of the problem.
    suppressed : int, default=-1
        The cell of suppressed rows; -1 if there is none.
    """

    cells: object
    grids: list
    labels: list
    cell_of_unit: np.ndarray
    suppressed: int = -1


def to_problem(
    estimator: BaseEstimator,
    roles: Any,
    columns: list[Any],
    counts: Any,
    *,
    orders: Sequence[Any] | None = None,
    by_row: bool = False,
    by_level: bool = False,
) -> Problem:
    """Return the problem that an estimator has with a table.

    Parameters
    ----------
    estimator : KAnonymizer
        Its parameters, which were checked.
    roles : Roles
        The part of each column.
    columns : list
        Names of the columns of the table.
    counts : Counts
        Its columns ``roles.counted``, in their order.
    orders : sequence of (tuple of str or None), default=None
        The declared order of the categories of each of these columns, where there is one.
    by_row, by_level : bool, default=False
        As a :class:`Method` says: whether each entry of ``counts`` is a unit, equal or not, and
        whether every quasi-identifier needs a hierarchy.

    Returns
    -------
    Problem

    Raises
    ------
    InvalidParameterError
        If there are fewer than ``k`` people, or all of them together break a constraint.
    """
    judged = roles.sensitive if estimator.constraints else ()
    person = None if roles.subject is None else counts.codes[-1]
    n_all = n_people(counts, roles)
    _refuse_too_few(estimator, n_all)
    trees = estimator.hierarchies or {}
    tight = by_row or estimator.labels == "tight"
    fewest = 0 if tight and not by_level else estimator.k  # people whose value may be shown
    names = [columns[i] for i in roles.quasi]
    orders = [None] * len(names) if orders is None else orders
    axes, codes = _axes(counts, names, person, fewest, trees, by_level, orders)
    places = range(len(roles.quasi), len(roles.quasi) + len(judged))
    units = _units(counts, axes, codes, person, places, by_row)
    rules = None
    if judged:
        columns = tuple(
            _sensitive(counts, j, columns[i], units, own, trees.get(columns[i]))
            for j, i, own in zip(places, judged, units.sensitive, strict=True)
        )
        rules = Rules(tuple(estimator.constraints), columns, units.weight, units.person)
        rules.check()
    return Problem(
        axes=axes,
        units=units,
        rules=rules,
        k=estimator.k,
        most_suppressed=int(estimator.max_suppression * n_all + 1e-9),
        labels=estimator.labels,
        numeric=estimator.output == "numeric",
    )


def n_people(counts: Any, roles: Any) -> int:
    """Return the number of people in a table, whose last column is that of the subject, if any."""
    return int(counts.weight.sum()) if roles.subject is None else len(counts.values[-1])


def _refuse_too_few(estimator, n_all):
    if n_all < estimator.k:
        raise InvalidParameterError.unreleased(
            f"The 'k' parameter of {type(estimator).__name__} must be at most the number of "
            f"people. Got k={estimator.k} for n_samples={n_all} people.",
            "Lower k, or gather more people.",
        )


def _axes(counts, names, person, fewest, trees, by_level, orders):
    """Return the axis of each of the first columns, and the code of each entry of ``counts``."""
    axes, codes = [], []
    for j, name in enumerate(names):
        values, kind, tree = counts.values[j], counts.kinds[j] or "category", trees.get(name)
        if tree is None and by_level:
            tree = automatic(values, kind, _people(counts, j, person), fewest)
        if tree is not None:
            axis, code = HierarchyAxis.from_values(values, tree, name)
        elif kind == "category" and _are_ranked(values, orders[j]):
            axis, code = _ranked(values, orders[j], counts, j, person, fewest)
        elif kind == "category":
            people = _people(counts, j, person)
            axis, code = CategoryAxis.from_counts(values, counts.column_weights(j), people, fewest)
        else:
            people = _people_at_first(counts, j, person)
            axis, code = OrderedAxis.from_sorted(values, people, fewest), np.arange(len(values))
        axes.append(axis)
        codes.append(code.astype(np.int32)[counts.codes[j]])
    return tuple(axes), codes


def _are_ranked(values, order):
    """Tell whether a declared order has all values but a missing one."""
    return order is not None and set(values) <= {*order, MISSING}


def _ranked(values, order, counts, j, person, fewest):
    """Return the axis of ordered categories by rank, and the code of each value."""
    rank = {name: float(i) for i, name in enumerate(order)}
    ranks = np.array([rank.get(value, np.nan) for value in values])
    by_rank = np.argsort(ranks)  # a missing value comes last
    code = np.argsort(by_rank)
    if person is None:
        people = np.empty(code.size, dtype=np.int64)
        people[code] = counts.column_weights(j)
    else:
        people = least_held(code[counts.codes[j]], person, code.size)
    return OrderedAxis.from_sorted(ranks[by_rank], people, fewest, order), code


def _people(counts, j, person):
    """Return how many people hold each value of column ``j``."""
    if person is None:
        return counts.column_weights(j)
    return count_people(counts.codes[j], len(counts.values[j]), person)


def _people_at_first(counts, j, person):
    """Return how many people hold each value of column ``j``, each counted at the least of theirs.

    Values next to one another are then held by at least the sum of their people.
    """
    if person is None:
        return counts.column_weights(j)
    return least_held(counts.codes[j], person, len(counts.values[j]))


def _units(counts, axes, codes, person, places, by_row):
    sensitive = [counts.codes[j] for j in places]
    if by_row or not _any_merged(counts, codes):  # the entries are units already
        entries = np.arange(counts.weight.size)
        codes, values = np.array(codes, dtype=np.int32), np.array(sensitive, dtype=np.int32)
        return Units(codes, counts.weight, person, entries, values)
    return Units.of(
        codes,
        [axis.size.size for axis in axes],
        person,
        sensitive=sensitive,
        sensitive_sizes=[len(counts.values[j]) for j in places],
        weight=counts.weight,
    )


def _any_merged(counts, codes):
    """Tell whether several values of a column have the same code."""
    columns = zip(counts.values, codes, strict=False)
    return any(np.count_nonzero(np.bincount(code)) < len(values) for values, code in columns)


def _sensitive(counts, j, name, units, codes, tree):
    """Return column ``j`` as constraints see it; ``codes`` are those of the units."""
    values, ordered = counts.values[j], counts.kinds[j] in ("number", "time")
    texts = [show(v) if v == v else MISSING for v in values] if ordered else values
    return Sensitive(name, tuple(texts), codes, units.people(codes, len(texts)), ordered, tree)
