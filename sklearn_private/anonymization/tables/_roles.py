"""Which part each column of a table plays."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from ...exceptions import InvalidParameterError
from ._values import kind_of, read_distinct

_LISTS = ("quasi_identifiers", "sensitive", "harmless")


@dataclass(frozen=True)
class Roles:
    """Positions of the columns of a table, by the part that they play.

    Parameters
    ----------
    quasi, sensitive, harmless : tuple of int
        What the parameters of these names list.
    subject : int or None
        The column that says whose row it is.
    undeclared : tuple of int
        Columns that no parameter lists.
    """

    quasi: tuple
    sensitive: tuple
    harmless: tuple
    subject: int | None
    undeclared: tuple

    @classmethod
    def of(cls, estimator: BaseEstimator, table: Any) -> Self:
        """Read the parameters of ``estimator`` against a table.

        Raises
        ------
        InvalidParameterError
            If a column does not exist or plays two parts, or none is a quasi-identifier.
        """
        owner = type(estimator).__name__
        parts = {}
        for parameter in _LISTS:
            names = getattr(estimator, parameter)
            if names is None and parameter == "quasi_identifiers":
                continue
            if names is None or isinstance(names, str) or not np.iterable(names):
                raise InvalidParameterError(
                    f"The {parameter!r} parameter of {owner} must be a list of columns. "
                    f"Got {names!r} instead."
                )
            parts[parameter] = table.positions(owner, parameter, list(names))
        if estimator.subject_id is not None:
            parts["subject_id"] = table.positions(owner, "subject_id", [estimator.subject_id])
        _refuse_two_parts(owner, parts, table.columns)
        named = {i for positions in parts.values() for i in positions}
        rest = tuple(i for i in range(len(table.columns)) if i not in named)
        quasi = tuple(parts.get("quasi_identifiers", rest))
        if not quasi:
            raise InvalidParameterError(
                f"The 'quasi_identifiers' parameter of {owner} must name at least one column. "
                f"Got {estimator.quasi_identifiers!r} instead, and no column is left."
            )
        return cls(
            quasi,
            tuple(parts["sensitive"]),
            tuple(parts["harmless"]),
            parts.get("subject_id", [None])[0],
            rest if "quasi_identifiers" in parts else (),
        )

    def counted(self, *, sensitive: Any) -> list[Any]:
        """Return the columns that are counted: what is generalised, judged and counted by."""
        judged = self.sensitive if sensitive else ()
        return [*self.quasi, *judged, *([] if self.subject is None else [self.subject])]

    def person(self, table: Any) -> Any:
        """Return whose row each row is, numbered from 0; None where each row is a person."""
        if self.subject is None:
            return None
        column = table.column(self.subject)
        kind = kind_of(column) or "category"
        return read_distinct(column, kind, table.columns[self.subject])[1]


def _refuse_two_parts(owner, parts, columns):
    seen = {}
    for parameter, positions in parts.items():
        for i in positions:
            if i in seen:
                raise InvalidParameterError(
                    f"The {parameter!r} parameter of {owner} must not name {columns[i]!r}, which "
                    f"{seen[i]!r} names already. Got {[columns[j] for j in positions]!r} instead."
                )
            seen[i] = parameter
