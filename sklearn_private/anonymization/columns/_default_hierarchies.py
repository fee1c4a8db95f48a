"""Hierarchies for columns that were given none, where a method needs one for each.

Categories get two levels: themselves and the root. Numbers get intervals between round points,
each level twice as wide as the one below; times get calendar periods. The range of the intervals
is that of the middle 98 % of the people, so that no extreme shows; what lies outside belongs to
the open-ended intervals at either end.
"""

from typing import Any

import numpy as np

from ..hierarchies import ROOT, Hierarchy
from ._category_axis import OTHER

_TAIL = 0.01
_MOST = 32  # intervals of the finest level, about
_ROUND = np.array([1, 2, 5, 10])
_APART = 2.0**-50  # floats tell multiples of this share of them apart
_DAYS = 31
_MONTHS = 62 * _DAYS


def automatic(values: Any, kind: str, people: np.ndarray, fewest: int) -> Hierarchy:
    """Return a hierarchy for the values of a column.

    Parameters
    ----------
    values : list of str or ndarray of float64 or datetime64 of shape (n_values,)
        Distinct values; those of an array sorted, a missing one last.
    kind : {"number", "time", "category"}
        What they are.
    people : ndarray of int of shape (n_values,)
        People who hold each value.
    fewest : int
        A category that fewer people hold is not listed, nor is one with the name of the root.

    Returns
    -------
    Hierarchy
    """
    if kind == "category":
        pairs = zip(values, people, strict=True)
        names = [value for value, n in pairs if n >= fewest and value != ROOT]
        return Hierarchy([(name, ROOT) for name in names or [OTHER]])
    finite = np.isfinite(values)
    values, people = values[finite], people[finite]
    share = np.cumsum(people) / max(1, people.sum())
    if not values.size:
        values, share = np.zeros(1, dtype=values.dtype), np.ones(1)
    ends = np.searchsorted(share, [_TAIL, 1 - _TAIL])
    low, high = values[np.minimum(ends, values.size - 1)]
    if kind == "number":
        return Hierarchy.intervals(*_doubling(low, high, bool((values == np.rint(values)).all())))
    return Hierarchy.dates(low, high, _units((high - low) / np.timedelta64(1, "D")))


def _doubling(low, high, whole):
    """Return the multiples of a round width between two numbers, of twice the width, and so on."""
    width = (high / 2 - low / 2) / (_MOST / 2) or 1.0  # halves, since the range may overflow
    if low < high:
        width = max(width, max(abs(low), abs(high)) * _APART)
    if whole:
        width = max(width, 1.0)
    tens = np.floor(np.log10(width))
    digit = int(_ROUND[np.searchsorted(_ROUND, width / 10.0**tens * (1 - 1e-12))])
    first, last = (int(np.floor(end / (digit * 10.0**tens))) for end in (low, high))
    multiples = np.arange(first + 1, max(last, first + 1) + 1)
    # Powers of ten are exact only from 1 on, so that small widths are quotients.
    up, down = 10.0 ** max(tens, 0), 10.0 ** max(-tens, 0)
    edges, step = [], 1
    while multiples.size and (not edges or multiples.size < edges[-1].size):
        edges.append(multiples * digit * up / down)
        step *= 2
        multiples = multiples[multiples % step == 0]
    return edges


def _units(days):
    if days <= _DAYS:
        return "day", "month", "year"
    return ("month", "quarter", "year") if days <= _MONTHS else ("year", "decade")
