"""Find the columns of a table that point at single people."""

import math

import numpy as np

from ._column_names import identifying_term
from ._patterns import PATTERNS
from ._values import MISSING, kind_of, read

_FEW_ROWS = 50
"""In a table with fewer values than this, many a column has no value twice."""


def detect(table, *, min_share, near_unique, max_rows):
    """Return why columns look like direct identifiers.

    Parameters
    ----------
    table : Table
        The table.
    min_share : float
        A column is found if at least this share of its values matches one pattern.
    near_unique : float
        A column of texts or whole numbers is found if at least this share of its values is
        distinct, and it has at least 50.
    max_rows : int
        Rows, evenly spaced, whose values are matched. Distinct values are counted in all rows.

    Returns
    -------
    dict
        Column to reason, in the order of the table. A reason holds no value.
    """
    reasons = {}
    for i, name in enumerate(table.columns):
        term = identifying_term(name) if table.is_frame else None
        if term is not None:
            reasons[name] = f"its name says {term!r}"
            continue
        reason = _reason(table.column(i), name, min_share, near_unique, max_rows)
        if reason is not None:
            reasons[name] = reason
    return reasons


def _reason(column, name, min_share, near_unique, max_rows):
    values = _values(column, name)
    if not len(values):
        return None
    rows = np.arange(len(values))
    if len(values) > max_rows:
        rows = np.linspace(0, len(values) - 1, max_rows).astype(np.int64)
    sample = [_line(values[i]) for i in rows]
    n_needed = max(1, math.ceil(min_share * len(sample)))
    for pattern in PATTERNS:
        if pattern.holds(sample, n_needed):
            return f"it holds {pattern.reason}"
    if len(values) >= _FEW_ROWS and len(set(values)) >= near_unique * len(values):
        return "nearly every value occurs once"
    return None


def _values(column, name):
    """Return the values of a column that may identify people: texts and whole numbers.

    Measurements (numbers that are not whole) and times are nearly always distinct, and say
    nothing about whose they are.
    """
    kind = kind_of(column)
    if kind == "category":
        return [text for text in read(column, kind, name) if text != MISSING]
    if kind != "number":
        return []
    numbers = read(column, kind, name)
    numbers = numbers[np.isfinite(numbers)]
    return numbers.tolist() if (numbers == np.rint(numbers)).all() else []


def _line(value):
    return value.replace("\n", " ") if isinstance(value, str) else f"{value:.0f}"
