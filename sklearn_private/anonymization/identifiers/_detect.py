"""Find the columns of a table that point at single people."""

import math
from typing import Any

import numpy as np

from ..tables import MISSING, by_clock, kind_of, read, zone_of
from ._birth_dates import are_births
from ._column_names import identifying_term
from ._patterns import PATTERNS

_FEW_ROWS = 50
"""In a table with fewer values than this, many a column has no value twice."""


def detect(table: Any, *, min_share: float, near_unique: float, max_rows: int) -> dict[str, Any]:
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
    found = {}
    for i, name in enumerate(table.columns):
        reason = _by_name(name) if table.is_frame else None
        if reason is None:
            reason = _by_values(table.column(i), name, min_share, near_unique, max_rows)
        if reason is not None:
            found[name] = "{} (HIPAA {})".format(*reason)
    return found


def _by_name(name):
    """Return what the name of a column says, and the letter of the HIPAA identifier, or None."""
    term = identifying_term(name)
    return None if term is None else (f"its name says {term[0]!r}", term[1])


def _by_values(column, name, min_share, near_unique, max_rows):
    """Return what a column holds, and the letter of the HIPAA identifier, or None."""
    kind, column = kind_of(column), by_clock(column, zone_of(column), name)
    values = [] if kind is None else _present(read(column, kind, name), kind)
    n = len(values)
    rows = range(n) if n <= max_rows else np.linspace(0, n - 1, max_rows).astype(np.int64)
    sample = [_line(values[i]) for i in rows]
    if are_births(sample):
        return "its days span a generation, as dates of birth do", "C"
    if kind == "time":
        return None
    n_needed = max(1, math.ceil(min_share * len(sample)))
    for pattern in PATTERNS:
        if pattern.holds(sample, n_needed):
            return f"it holds {pattern.reason}", pattern.hipaa
    if n >= _FEW_ROWS and len(set(values)) >= near_unique * n:
        return "nearly every value occurs once", "R"
    return None


def _present(values, kind):
    """Return the values of a column that may identify people: texts, whole numbers and times.

    Measurements (numbers that are not whole) are nearly always distinct, and say nothing about
    whose they are.
    """
    if kind == "category":
        return [text for text in values if text != MISSING]
    if kind == "time":
        return values[~np.isnat(values)]
    values = values[np.isfinite(values)]
    return values.tolist() if (values == np.rint(values)).all() else []


def _line(value):
    """Return a value as one line of text."""
    if isinstance(value, str):
        return value.replace("\n", " ")
    return str(value) if isinstance(value, np.datetime64) else f"{value:.0f}"
