"""What every measure reads: a table, its quasi-identifiers, the class of each row."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ...exceptions import InvalidParameterError
from ..models import Classes, contingencies, listed
from ..tables import (
    MISSING,
    Roles,
    Table,
    count_people,
    distinct,
    is_missing,
    kind_of,
    read_distinct,
)


@dataclass(frozen=True)
class View:
    """A table and its classes, read once.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    table : Table
        The table.
    roles : Roles
        The part of each column.
    classes : Classes
        The class of each row.
    told_by : None, table or array-like
        What told the classes, as it was given.
    """

    owner: str
    table: Table
    roles: Roles
    classes: Classes
    told_by: object

    @classmethod
    def of(
        cls,
        owner: str,
        table: Any,
        classes: np.ndarray,
        quasi_identifiers: Any,
        subject_id: Any = None,
        sensitive: Any = (),
        harmless: Any = (),
    ) -> Self:
        """Read the arguments that all measures share.

        Raises
        ------
        InvalidParameterError
            If a column does not exist, ``classes`` does not fit, or no row is published.
        """
        name = owner.__name__
        table = Table.of(table, name)
        lists = {"sensitive": sensitive, "harmless": harmless}
        parts = {key: table.positions(name, key, listed(name, key, lists[key])) for key in lists}
        subject = None
        if subject_id is not None:
            (subject,) = table.positions(name, "subject_id", [subject_id])
        rest = [
            i
            for i in range(len(table.columns))
            if i not in (*parts["sensitive"], *parts["harmless"], subject)
        ]
        quasi, undeclared = rest, ()
        if quasi_identifiers is not None:
            names = listed(name, "quasi_identifiers", quasi_identifiers)
            quasi = table.positions(name, "quasi_identifiers", names)
            undeclared = tuple(i for i in rest if i not in quasi)
        roles = Roles(
            tuple(quasi), tuple(parts["sensitive"]), tuple(parts["harmless"]), subject, undeclared
        )
        found = Classes.of(name, table, classes, quasi, roles.person(table))
        if not found.people.size:
            raise InvalidParameterError(f"{name} needs at least one published row. Got none.")
        return cls(name, table, roles, found, classes)

    @property
    def quasi_identifiers(self) -> list[Any]:
        """Names of the quasi-identifiers."""
        return [self.table.columns[i] for i in self.roles.quasi]

    @property
    def sensitive(self) -> list[Any]:
        """Names of the sensitive columns."""
        return [self.table.columns[i] for i in self.roles.sensitive]

    @property
    def people(self) -> Any:
        """People in each class."""
        return self.classes.people

    def contingencies(self, hierarchies: dict[Any, Any] | None = None) -> Any:
        """Return the contingency table of each sensitive column.

        Parameters
        ----------
        hierarchies : dict of column to Hierarchy, default=None
            Hierarchies of columns.
        """
        trees = hierarchies or {}
        self.table.positions(self.owner, "hierarchies", list(trees))
        return contingencies(self.table, self.classes, self.roles.sensitive, trees)

    def people_among(self, population: Any) -> np.ndarray:
        """Return how many people of a population share the labels of each class, at least its own.

        Parameters
        ----------
        population : DataFrame or ndarray
            One row a person, with the labels of the release.

        Returns
        -------
        ndarray of int of shape (n_classes,)
        """
        labels = self._labels()
        names = self.quasi_identifiers
        population = Table.of(population, self.owner)
        places = population.positions(self.owner, "population", names)
        columns, known = [], np.ones(len(population), dtype=bool)
        for name, there in zip(names, places, strict=True):
            (here,) = labels.positions(self.owner, "classes", [name])
            ours, theirs = common_codes(labels.column(here), population.column(there), name)
            known &= theirs >= 0
            columns.append((ours, theirs))
        columns = [np.concatenate([ours, theirs[known]]) for ours, theirs in columns]
        first, combination = distinct(columns, [int(column.max()) + 1 for column in columns])
        class_of = np.full(first.size, -1)
        n_rows = len(self.table)
        class_of[combination[:n_rows]] = self.classes.of_row
        found = class_of[combination[n_rows:]]
        return np.maximum(count_people(found[found >= 0], self.people.size), self.people)

    def _labels(self):
        """Return the table with the labels."""
        if self.told_by is None:
            return self.table
        if np.ndim(self.told_by) != 2:
            raise InvalidParameterError(
                f"The 'population' parameter of {self.owner} is compared with labels, and the "
                "'classes' parameter holds none. Give the table of labels as 'classes'."
            )
        return Table.of(self.told_by, self.owner)


def common_codes(column: Any, other: Any, name: str) -> tuple[Any, Any]:
    """Return codes of two columns, equal for equal values; -1 for those that one lacks."""
    kind = kind_of(column) or "category"
    values, codes = read_distinct(column, kind, name)
    others, other_codes = read_distinct(other, kind, name)
    number = {value: i for i, value in enumerate(_listed(values))}
    found = np.array([number.get(value, -1) for value in _listed(others)], dtype=np.int64)
    return codes, found[other_codes]


def _listed(values):
    """Return distinct values as objects of which equal ones are equal, missing ones too."""
    if isinstance(values, np.ndarray):
        return [MISSING if is_missing(value) else value for value in values.tolist()]
    return values
