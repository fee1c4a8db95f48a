"""Constraints on sensitive values, judged on classes of units and on the halves of cuts.

Counts of people by sensitive value are differences of running sums. With the units of a level
sorted by (cell, code), the counts of the lower half of a cut are those up to the cut less those up
to the start of its cell; and the upper half runs from the cut to the end of the cell. Nothing is
assumed of a constraint: it is asked about both halves of each cut that k allows.

Of several sensitive columns each is judged within classes of the quasi-identifiers *and* the other
sensitive columns, since somebody who knows one sensitive value of a person must not learn another.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ..tables import distinct, sums
from ._contingency import Contingency, blocks, others_of


@dataclass(frozen=True, eq=False)
class Rules:
    """Constraints, and the sensitive columns that each of them is judged on.

    Parameters
    ----------
    constraints : tuple
        Objects with ``check``, ``holds`` and ``describe``, such as :class:`LDiversity`.
    sensitive : tuple of Sensitive
        The columns; their codes are those of units.
    weight : ndarray of int of shape (n_units,)
        Rows of each unit.
    person : ndarray of int of shape (n_units,) or None
        Whose unit it is, numbered from 0. None where each row is a person.
    """

    constraints: tuple
    sensitive: tuple
    weight: np.ndarray
    person: np.ndarray | None

    def check(self) -> None:
        """Refuse what even one class of all people breaks.

        Raises
        ------
        InvalidParameterError
            If a constraint is infeasible.
        """
        for column in self.sensitive:
            for constraint in self.constraints:
                constraint.check(column)
        if not self.judge(np.zeros(self.weight.size, dtype=np.int64), 1).all():
            names = ", ".join(repr(column.name) for column in self.sensitive)
            raise InvalidParameterError.unreleased(
                f"The constraints cannot hold: the whole table breaks them, where each of {names} "
                "is judged among people who share the others.",
                "Loosen the constraints, or declare fewer sensitive columns.",
            )

    @cached_property
    def columns(self) -> Any:
        """For each sensitive column: value of each unit in its context, and (contexts, values).

        A context is a combination of the other sensitive columns; the value of a unit is numbered
        ``context * n_values + code``.
        """
        columns = []
        for column in self.sensitive:
            others = others_of(column, self.sensitive)
            first, context = [0], 0
            if others:
                sizes = [len(other.values) for other in others]
                first, context = distinct([other.codes for other in others], sizes)
            n_values = len(column.values)
            columns.append((context * n_values + column.codes, (len(first), n_values)))
        return columns

    def judge(self, class_of_unit: np.ndarray, n_classes: int) -> np.ndarray:
        """Tell which classes hold every constraint.

        Parameters
        ----------
        class_of_unit : ndarray of int of shape (n_units,)
            The class of each unit.
        n_classes : int
            Number of classes.

        Returns
        -------
        ndarray of bool of shape (n_classes,)
        """
        good = np.ones(n_classes, dtype=bool)
        for column in self.sensitive:
            part = Contingency.of(
                class_of_unit,
                n_classes,
                column,
                others_of(column, self.sensitive),
                self.person,
                self.weight,
            )
            kept = part.each(lambda counts, column=column: self._hold(column, counts))
            good[part.class_of_group[~kept]] = False
        return good

    def hold(self, level: Any, j: int, runs: Any, cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tell which halves of cuts of a column hold every constraint.

        Parameters
        ----------
        level : Level
            The cells.
        j : int
            The column that is cut.
        runs : Runs
            The units of the level, by cell and code.
        cut : ndarray of int of shape (n_cuts,)
            The run before each cut.

        Returns
        -------
        left, right : ndarray of bool of shape (n_cuts,)
        """
        order, cell = level.orders[j], runs.cell[cut]
        starts, places = level.start[cell], runs.start[cut + 1]
        stops = np.append(level.start[1:], order.size)[cell]
        good = np.ones((2, cut.size), dtype=bool)
        for column, (value, shape) in zip(self.sensitive, self.columns, strict=True):
            value = value[order]
            # entering, leaving: (n_units,) people who count from a unit on, and up to it
            entering = leaving = self.weight[order]
            if level.holder is not None:  # it numbers the (cell, person) pairs
                entering, leaving = ends_of(_numbered(level.holder[order], value))
            for part in blocks(cut.size, int(np.prod(shape))):
                edges = starts[part], places[part], stops[part]
                points, where = np.unique(np.concatenate(edges), return_inverse=True)
                # before: (n_points, ..., n_values) people of the order in front of each point
                start, place, stop = np.split(where, 3)
                before = _running(value, entering, points, shape)
                good[0, part] &= self._hold(column, before[place] - before[start]).all(axis=-1)
                if leaving is not entering:
                    before = _running(value, leaving, points, shape)
                good[1, part] &= self._hold(column, before[stop] - before[place]).all(axis=-1)
        return good

    def _hold(self, column, counts):
        """Tell which classes, of counts of shape (..., n_values), hold all."""
        good = ~counts.any(axis=-1)  # what an own constraint says of nobody is not asked
        return good | np.logical_and.reduce([c.holds(counts, column) for c in self.constraints])


def ends_of(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell where each number occurs for the first time, and where for the last.

    Parameters
    ----------
    number : ndarray of int of shape (n,)
        Numbers from 0.

    Returns
    -------
    is_first, is_last : ndarray of bool of shape (n,)
    """
    place = np.arange(number.size)
    edge = np.empty(int(number.max(initial=-1)) + 1, dtype=np.int64)
    edge[number] = place  # of several places the last one stays
    is_last = edge[number] == place
    edge[number[::-1]] = place[::-1]
    return edge[number] == place, is_last


def _numbered(*columns):
    """Return the number of the combination that each entry of some columns holds."""
    return distinct(columns, [int(column.max(initial=0)) + 1 for column in columns])[1]


def _running(value, weight, points, shape):
    """Return the weight of each value between the first of some places and each of them.

    Parameters
    ----------
    value, weight : ndarray of shape (n_units,)
        Values are numbers below the product of ``shape``.
    points : ndarray of int of shape (n_points,)
        Places, in order.
    shape : tuple of int
        Contexts and values.

    Returns
    -------
    ndarray of int of shape (n_points, *shape)
    """
    span, width = slice(points[0], points[-1]), int(np.prod(shape))
    part = np.repeat(np.arange(points.size - 1), np.diff(points))
    counts = sums(part * width + value[span], (points.size - 1) * width, weight[span])
    running = np.zeros((points.size, width), dtype=np.int64)
    np.cumsum(counts.reshape(-1, width), axis=0, out=running[1:])
    return running.reshape(-1, *shape)
