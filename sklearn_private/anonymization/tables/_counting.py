"""Counts of distinct rows, gathered piece by piece.

All that the search needs of a table is how many rows hold each distinct combination of values. So
a table can come in pieces of any size, from anywhere: each is counted by itself, and counts are
added. The sum does not depend on how the table was cut into pieces, nor on their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ._combinations import gather
from ._values import TIME, kind_of, read_distinct

_LEAST_UNITS = 200_000  # fewer pending combinations are not worth an addition


@dataclass(frozen=True)
class Counts:
    """Distinct combinations of values, and how many rows hold each.

    Parameters
    ----------
    kinds : tuple of {"number", "time", "category", None}
        What each column holds; None where all values so far are missing.
    values : tuple
        The distinct values of each column, as :func:`read_distinct` returns them.
    codes : ndarray of int32 of shape (n_columns, n_units)
        The combinations, in lexicographic order.
    weight : ndarray of int of shape (n_units,)
        The rows that hold each.
    """

    kinds: tuple
    values: tuple
    codes: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(
        cls,
        columns: Sequence[Any] | np.ndarray,
        names: Sequence[str],
        kinds: Any,
        weight: np.ndarray | None = None,
    ) -> Self:
        """Count the rows of one piece.

        Parameters
        ----------
        columns : sequence of narwhals.Series or ndarray
            The columns.
        names : sequence
            Their names, for messages.
        kinds : sequence
            Their kinds as far as they are known; None where they are not.
        weight : ndarray of int, default=None
            How many rows each row stands for. None: one.

        Returns
        -------
        Counts

        Raises
        ------
        InvalidParameterError
            If a column holds another kind of values than it is known to hold.
        """
        kinds = tuple(kind or kind_of(column) for kind, column in zip(kinds, columns, strict=True))
        values, codes = _read(columns, names, kinds)
        return cls(kinds, values, *gather(codes, [max(1, len(v)) for v in values], weight))

    @classmethod
    def of_each_row(cls, columns: Any, names: Sequence[str]) -> Self:
        """Return a table whose rows are not gathered: each is a combination of its own.

        Parameters
        ----------
        columns, names
            As :meth:`of` takes them.
        """
        kinds = tuple(map(kind_of, columns))
        values, codes = _read(columns, names, kinds)
        codes = np.stack(codes).astype(np.int32)
        return cls(kinds, values, codes, np.ones(codes.shape[1], dtype=np.int64))

    @classmethod
    def added(cls, parts: Any) -> Self:
        """Return the counts of several pieces together."""
        kinds, values, codes = [], [], []
        for j, column in enumerate(zip(*(part.values for part in parts), strict=True)):
            known = [part.kinds[j] for part in parts if part.kinds[j]]
            kinds.append(known[0] if known else None)
            both, numbers = _united(column, kinds[-1])
            values.append(both)
            codes.append(
                np.concatenate([n[part.codes[j]] for n, part in zip(numbers, parts, strict=True)])
            )
        weight = np.concatenate([part.weight for part in parts])
        sizes = [max(1, len(v)) for v in values]
        return cls(tuple(kinds), tuple(values), *gather(codes, sizes, weight))

    def column_weights(self, j: Any) -> Any:
        """Return how many rows hold each value of column ``j``."""
        return np.bincount(self.codes[j], self.weight, len(self.values[j])).astype(np.int64)


def _read(columns, names, kinds):
    """Return the distinct values of each column, and the codes of the rows."""
    read = [
        read_distinct(column, kind or "category", name)
        for column, kind, name in zip(columns, kinds, names, strict=True)
    ]
    return tuple(values for values, _ in read), [codes for _, codes in read]


def _united(parts, kind):
    """Return the distinct values of several lists of them, and where those of each list stand."""
    if kind in (None, "category"):
        both = sorted(set().union(*parts))
        number = {value: i for i, value in enumerate(both)}
        return both, [np.array([number[v] for v in part], dtype=np.int32) for part in parts]
    dtype = TIME if kind == "time" else np.float64
    parts = [
        np.full(len(part), "NaT" if kind == "time" else np.nan, dtype=dtype)
        if isinstance(part, list)  # (MISSING,) alone, from before the kind was known
        else part
        for part in parts
    ]
    both, number = np.unique(np.concatenate(parts), return_inverse=True)
    return both, np.split(number.astype(np.int32), np.cumsum([len(p) for p in parts])[:-1])


class Tally:
    """A running sum of counts.

    Pieces wait until they hold as many combinations as the sum so far, so that each combination is
    handled a logarithmic number of times, and memory stays within twice the distinct ones.

    Parameters
    ----------
    names : sequence
        Names of the columns, for messages.
    kinds : sequence of {"number", "time", "category", None}
        Their kinds as far as they are known. The first piece with a value tells the others.
    """

    def __init__(self, names: Sequence[str], kinds: Sequence[str | None]):
        self.names, self.kinds = names, list(kinds)
        self._parts = []

    def add(self, columns: Any, weight: Any = None) -> None:
        """Count one piece more; the parameters are those of :meth:`Counts.of`."""
        part = Counts.of(columns, self.names, self.kinds, weight)
        self.kinds = list(part.kinds)
        self._parts.append(part)
        pending = sum(part.weight.size for part in self._parts[1:])
        if pending > max(self._parts[0].weight.size, _LEAST_UNITS):
            self._parts = [Counts.added(self._parts)]

    def total(self) -> Any:
        """Return the counts of all pieces."""
        if len(self._parts) > 1:
            self._parts = [Counts.added(self._parts)]
        return self._parts[0]
