"""One text for each value, the same in every container and type that can hold it.

A column of whole numbers is read as integers, as floats where some are missing, or as texts; a date
comes as one of half a dozen types. Tables join, and categories match, by these texts.
"""

import datetime
import decimal
import functools
import numbers
import unicodedata
from typing import Any

import numpy as np

TIME = np.dtype("datetime64[us]")
_MIDNIGHT = "T00:00:00"


def canonical(column: Any) -> list[str] | None:
    """Return the text of each value, the same in every container and type that can hold it.

    Parameters
    ----------
    column : narwhals.Series or ndarray of shape (n_rows,)
        A column.

    Returns
    -------
    list of str or None
        None where missing. A whole number is its digits, in whatever type; a time is its ISO form
        in UTC, without the time of day at midnight; text is normalised (Unicode NFC).
    """
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        column = column.astype(TIME)
    values = column.tolist() if isinstance(column, np.ndarray) else column.to_list()
    types = {type(value) for value in values}
    if len(types) == 1 and types <= _QUICK.keys():
        return list(map(_QUICK[types.pop()], values))
    return [None if is_missing(value) else text_of(value) for value in values]


def is_missing(value: Any) -> Any:
    """Tell whether a single value stands for a missing one (None, NaN, NaT, pandas.NA)."""
    if value is None or type(value).__name__ == "NAType":  # pandas.NA compares with nothing
        return True
    return isinstance(value, numbers.Number | np.generic | datetime.date) and value != value


def text_of(value: Any) -> Any:
    """Return the canonical text of a single value that is not missing."""
    if isinstance(value, str):
        return _composed(value)
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, decimal.Decimal):
        return str(int(value)) if value == value.to_integral_value() else f"{value.normalize():f}"
    if isinstance(value, numbers.Real):
        value = float(value)
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, np.datetime64):
        value = value.astype(TIME).item()
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    if isinstance(value, datetime.date):
        return value.isoformat().removesuffix(_MIDNIGHT)
    return _composed(str(value))


_composed = functools.partial(unicodedata.normalize, "NFC")
_QUICK = {int: str, str: _composed}
"""What :func:`text_of` comes to in columns of one of these types, which hold no missing value."""
