"""Distinct combinations of integer codes, and the people behind them."""

from dataclasses import dataclass

import numpy as np

_MOST = 2**62


def distinct(columns, sizes):
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


@dataclass(frozen=True)
class Units:
    """The table as the search sees it: each combination that somebody holds, once.

    Parameters
    ----------
    codes : ndarray of int32 of shape (n_columns, n_units)
        The combination of each unit.
    weight : ndarray of shape (n_units,)
        Rows that hold it.
    person : ndarray of shape (n_units,) or None
        Whose combination it is, numbered from 0. None where each row is a person, so that the
        weights count people.
    of_row : ndarray of shape (n_rows,)
        The unit of each row.
    """

    codes: np.ndarray
    weight: np.ndarray
    person: np.ndarray | None
    of_row: np.ndarray

    @classmethod
    def of(cls, columns, sizes, person=None):
        """Gather the rows of ``columns`` (codes, one array a column) into units."""
        keys, spans = list(columns), list(sizes)
        if person is not None:
            keys, spans = [person, *keys], [int(person.max(initial=0)) + 1, *spans]
        first, of_row = distinct(keys, spans)
        codes = np.stack([c[first] for c in columns]).astype(np.int32)
        weight = np.bincount(of_row, minlength=len(first))
        return cls(codes, weight, None if person is None else person[first], of_row)


def count_people(groups, n_groups, person=None):
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
