"""Distinct combinations of integer codes, and the people behind them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

_MOST = 2**62


def distinct(columns: Any, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Find the distinct combinations of several columns of codes.

    Parameters
    ----------
    columns : sequence of ndarray of int, each of shape (n_rows,)
        Codes from 0.
    sizes : sequence of int
        One more than the largest code of each column.

    Returns
    -------
    first : ndarray of shape (n_distinct,)
        A row that holds each combination.
    number : ndarray of shape (n_rows,)
        The combination of each row; combinations are in lexicographic order.
    """
    key, span = np.zeros(len(columns[0]), dtype=np.int64), 1
    for codes, size in zip(columns, sizes, strict=True):
        if span * int(size) > _MOST:  # renumber before the product leaves 64 bits
            key, span = _compact(key)
        key = key * int(size) + codes
        span *= int(size)
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return first, number


def _compact(key):
    values, number = np.unique(key, return_inverse=True)
    return number.astype(np.int64), max(1, len(values))


def gather(
    columns: Any, sizes: Any, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return each distinct combination once, and how many rows hold it.

    Parameters
    ----------
    columns, sizes
        As in :func:`distinct`.
    weight : ndarray of int of shape (n_rows,), default=None
        How many rows each entry stands for; None: one.

    Returns
    -------
    codes : ndarray of int32 of shape (n_columns, n_distinct)
        The combinations, in lexicographic order.
    weight : ndarray of int of shape (n_distinct,)
    """
    if weight is None and math.prod(map(int, sizes)) <= _MOST:  # then a sort of keys is enough
        key = np.zeros(len(columns[0]), dtype=np.int64)
        for codes, size in zip(columns, sizes, strict=True):
            key *= int(size)
            key += codes
        key, weight = np.unique(key, return_counts=True)
        codes = np.empty((len(columns), key.size), dtype=np.int32)
        for j in reversed(range(len(columns))):
            key, codes[j] = np.divmod(key, int(sizes[j]))
        return codes, weight
    first, number = distinct(columns, sizes)
    codes = np.empty((len(columns), first.size), dtype=np.int32)
    for j, column in enumerate(columns):
        codes[j] = column[first]
    return codes, sums(number, first.size, weight)


def sums(groups: ArrayLike, n_groups: Any, weight: Any = None) -> Any:
    """Return the sum of whole-number weights (None: ones) in each group."""
    return np.bincount(groups, weight, n_groups).astype(np.int64, copy=False)


@dataclass(frozen=True)
class Units:
    """The table as the search sees it: each combination that somebody holds, once.

    Parameters
    ----------
    codes : ndarray of int32 of shape (n_columns, n_units)
        The quasi-identifiers of each unit.
    weight : ndarray of shape (n_units,)
        Rows that hold it.
    person : ndarray of shape (n_units,) or None
        Whose combination it is, numbered from 0. None where each row is a person, so that the
        weights count people.
    of_row : ndarray of shape (n_rows,)
        The unit of each row (or of each entry that was gathered).
    sensitive : ndarray of int32 of shape (n_sensitive, n_units)
        The sensitive values of each unit, where constraints ask for them.
    """

    codes: np.ndarray
    weight: np.ndarray
    person: np.ndarray | None
    of_row: np.ndarray
    sensitive: np.ndarray

    @classmethod
    def of(
        cls,
        columns: Any,
        sizes: Any,
        person: Any = None,
        *,
        sensitive: Any = (),
        sensitive_sizes: Any = (),
        weight: Any = None,
    ) -> Self:
        """Gather the rows of ``columns`` (codes, one array a column) into units."""
        keys, spans = [*columns, *sensitive], [*sizes, *sensitive_sizes]
        if person is not None:
            keys, spans = [person, *keys], [int(person.max(initial=0)) + 1, *spans]
        first, of_row = distinct(keys, spans)
        codes, values = (
            np.array([c[first] for c in part], dtype=np.int32).reshape(-1, len(first))
            for part in (columns, sensitive)
        )
        weight = sums(of_row, len(first), weight)
        return cls(codes, weight, None if person is None else person[first], of_row, values)

    def people(self, groups: ArrayLike, n_groups: Any) -> Any:
        """Count the people in each group of units (an array of shape (n_units,))."""
        if self.person is None:
            return sums(groups, n_groups, self.weight)
        return count_people(groups, n_groups, self.person)


def least_held(codes: np.ndarray, person: np.ndarray, n_codes: int) -> np.ndarray:
    """Count the people at the least code that each of them has.

    Codes next to one another are then held by at least the sum of their people.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
        A code of each row.
    person : ndarray of int of shape (n_rows,)
        Whose row it is, numbered from 0.
    n_codes : int
        Number of codes.

    Returns
    -------
    ndarray of int of shape (n_codes,)
    """
    least = np.full(int(person.max(initial=-1)) + 1, n_codes)
    np.minimum.at(least, person, codes)
    return np.bincount(least, minlength=n_codes + 1)[:n_codes]


def count_people(groups: np.ndarray, n_groups: int, person: np.ndarray | None = None) -> np.ndarray:
    """Count the people in each group.

    Parameters
    ----------
    groups : ndarray of int of shape (n_rows,)
        The group of each row.
    n_groups : int
        Number of groups.
    person : ndarray of int of shape (n_rows,), default=None
        Whose row it is, numbered from 0. None where each row is a person.

    Returns
    -------
    ndarray of int of shape (n_groups,)
    """
    if person is not None:
        first, _ = distinct([person, groups], [int(person.max(initial=0)) + 1, n_groups])
        groups = groups[first]
    return np.bincount(groups, minlength=n_groups)
