"""Classes of a table, and how many people of each have which sensitive value.

Every measure of a table needs two things only: the people in each class, and a contingency table of
classes and sensitive values. Both are counted here, once.

Of several sensitive columns each is judged within classes of the quasi-identifiers *and* the other
sensitive columns, since somebody who knows one sensitive value of a person must not learn another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import narwhals as nw
import numpy as np

from ...exceptions import InvalidParameterError
from ..hierarchies import ROOT
from ..tables import Table, count_people, distinct, is_missing, kind_of, read_distinct, sums
from ._sensitive import Sensitive

_CELLS = 2**17  # counts held at once: they stay in the cache


@dataclass(frozen=True)
class Classes:
    """The class of each row.

    Parameters
    ----------
    of_row : ndarray of int of shape (n_rows,)
        Classes are numbered from 0, none left out; -1 where the row is not published.
    hidden : ndarray of bool of shape (n_rows,)
        Rows that say nothing: not published, or with ``"*"`` in every quasi-identifier.
    person : ndarray of int of shape (n_rows,) or None
        Whose row it is, numbered from 0. None where each row is a person.
    """

    of_row: np.ndarray
    hidden: np.ndarray
    person: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        owner: str,
        table: Table,
        classes: np.ndarray,
        positions: list[int],
        person: np.ndarray | None = None,
    ) -> Self:
        """Assign a class to each row of a table.

        Parameters
        ----------
        owner : str
            Who asks, for messages.
        table : Table
            The table.
        classes : None, table, or array-like of shape (n_rows,)
            What tells the classes: the quasi-identifiers of ``table`` itself (None), those of
            another table with as many rows, or one number or label a row.
        positions : list of int
            Where the quasi-identifiers stand in ``table``.
        person : ndarray of int of shape (n_rows,), default=None
            Whose row it is.

        Raises
        ------
        InvalidParameterError
            If ``classes`` has another length, or lacks a quasi-identifier.
        """
        if classes is None:
            return cls(*_equal_labels(table, positions), person)
        if nw.dependencies.is_into_dataframe(classes) or np.ndim(_plain(classes)) == 2:
            labels = Table.of(classes, owner)
            names = [table.columns[i] for i in positions]
            of_row, hidden = _equal_labels(labels, labels.positions(owner, "classes", names))
        else:
            of_row = _numbered(classes)
            hidden = of_row < 0
        if of_row.size != len(table):
            raise InvalidParameterError(
                f"The 'classes' parameter of {owner} must have one entry a row ({len(table)}). "
                f"Got {of_row.size} instead."
            )
        return cls(of_row, hidden, person)

    @cached_property
    def published(self) -> np.ndarray:
        """Positions of the rows that are published."""
        return np.flatnonzero(self.of_row >= 0)

    @cached_property
    def people(self) -> Any:
        """People in each class."""
        rows = self.published
        person = None if self.person is None else self.person[rows]
        return count_people(self.of_row[rows], int(self.of_row.max(initial=-1)) + 1, person)


@dataclass(frozen=True, eq=False)
class Contingency:
    """People of each class by sensitive value.

    Parameters
    ----------
    sensitive : Sensitive
        The sensitive column.
    group, code : ndarray of int of shape (n_pairs,)
        The group and the value of each row, or of each distinct row of a person; sorted by group.
        A group is a class, or a part of it with the same values in other sensitive columns.
    people : ndarray of int of shape (n_pairs,) or None
        How many people each pair stands for. None: one.
    class_of_group : ndarray of int of shape (n_groups,)
        The class of each group.
    """

    sensitive: Sensitive
    group: np.ndarray
    code: np.ndarray
    people: np.ndarray | None
    class_of_group: np.ndarray

    @classmethod
    def of(
        cls,
        of_row: np.ndarray,
        n_classes: int,
        sensitive: Sensitive,
        others: Sequence[Sensitive] = (),
        person: np.ndarray | None = None,
        weight: np.ndarray | None = None,
    ) -> Self:
        """Count a sensitive column.

        Parameters
        ----------
        of_row : ndarray of int of shape (n_rows,)
            The class of each row.
        n_classes : int
            Number of classes.
        sensitive : Sensitive
            The column, in the same rows.
        others : sequence of Sensitive, default=()
            The other sensitive columns.
        person : ndarray of int of shape (n_rows,), default=None
            Whose row it is. None where each row is a person.
        weight : ndarray of int of shape (n_rows,), default=None
            How many rows each row stands for, where each is a person. None: one.
        """
        class_of_group, group, code = np.arange(n_classes), of_row, sensitive.codes
        if others:
            sizes = [n_classes, *(len(other.values) for other in others)]
            first, group = distinct([of_row, *(other.codes for other in others)], sizes)
            class_of_group = of_row[first]
        if person is not None:
            spans = [int(person.max(initial=0)) + 1, class_of_group.size, len(sensitive.values)]
            once, _ = distinct([person, group, code], spans)
            group, code, weight = group[once], code[once], None
        order = np.argsort(group, kind="stable")
        people = None if weight is None else weight[order]
        return cls(sensitive, group[order], code[order], people, class_of_group)

    def each(self, measure: Callable[..., Any]) -> np.ndarray:
        """Apply a function of counts to all groups, a bounded number of counts at a time.

        Parameters
        ----------
        measure : callable
            Takes counts of shape (n, n_values), returns an array of shape (n,).

        Returns
        -------
        ndarray of shape (n_groups,)
        """
        n_values = len(self.sensitive.values)
        parts = blocks(self.class_of_group.size, n_values)
        return np.concatenate([measure(self._counts(part, n_values)) for part in parts])

    def _counts(self, part, n_values):
        """Return the people by value of a slice of the groups."""
        n = part.stop - part.start
        rows = slice(*np.searchsorted(self.group, [part.start, part.stop]))
        key = (self.group[rows] - part.start) * n_values + self.code[rows]
        people = None if self.people is None else self.people[rows]
        return sums(key, n * n_values, people).reshape(n, n_values)


def blocks(n: int, width: Any) -> list[Any]:
    """Return slices of ``range(n)``, of which each keeps ``width`` times its length bounded."""
    step = max(1, _CELLS // width)
    return [slice(i, min(i + step, n)) for i in range(0, n, step)]


def contingencies(
    table: Table, classes: Classes, positions: Sequence[int], trees: dict[str, Any]
) -> list[Contingency]:
    """Return the contingency table of each sensitive column, judged as the module says.

    Parameters
    ----------
    table : Table
        The table.
    classes : Classes
        The class of each row.
    positions : sequence of int
        The sensitive columns.
    trees : dict
        The Hierarchy of columns, by name.

    Returns
    -------
    list of Contingency
    """
    if classes.published.size < len(table):
        table = table.take(classes.published)
    person = None if classes.person is None else classes.person[classes.published]
    columns = [
        Sensitive.of(table.column(i), table.columns[i], person, trees.get(table.columns[i]))
        for i in positions
    ]
    of_row, n_classes = classes.of_row[classes.published], classes.people.size
    return [
        Contingency.of(of_row, n_classes, own, others_of(own, columns), person) for own in columns
    ]


def others_of(own: Any, columns: Any) -> list[Any]:
    """Return the sensitive columns other than one of them."""
    return [other for other in columns if other is not own]


def listed(owner: str, parameter: Any, names: Sequence[str]) -> list[Any]:
    """Return a parameter that must list columns as a list.

    Raises
    ------
    InvalidParameterError
        If it is a string, or no list.
    """
    if isinstance(names, str) or not np.iterable(names):
        raise InvalidParameterError(
            f"The {parameter!r} parameter of {owner} must be a list of columns. "
            f"Got {names!r} instead."
        )
    return list(names)


def _equal_labels(table, positions):
    """Return the class of each row, and whether it says nothing, from equal values."""
    codes, sizes, hidden = [], [], np.ones(len(table), dtype=bool)
    for position in positions:
        column = table.column(position)
        kind = kind_of(column) or "category"
        values, code = read_distinct(column, kind, table.columns[position])
        codes.append(code)
        sizes.append(len(values))
        rooted = kind == "category" and ROOT in values
        hidden &= code == (values.index(ROOT) if rooted else -1)
    return distinct(codes, sizes)[1], hidden


def _plain(classes):
    """Return an array as it is, and nothing of a list, whose entries may be labels of any kind."""
    return classes if isinstance(classes, np.ndarray) else ()


def _numbered(classes):
    """Return numbers from 0 for classes, in order of appearance; rows not published get -1."""
    number = {}
    ids = [-1 if is_missing(c) or c == -1 else number.setdefault(c, len(number)) for c in classes]
    return np.array(ids, dtype=np.int64)
