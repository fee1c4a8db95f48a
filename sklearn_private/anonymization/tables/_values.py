"""What a column holds: numbers, times or categories.

A column is a narwhals Series or a one-dimensional array. Its kind is decided once, in ``fit``, and
its values are then read as that kind: numbers as float64 with NaN where missing (durations as
numbers of days), times as UTC ``datetime64[us]`` with NaT where missing, and everything else by its
canonical text, so that a category means the same in every container and type that can hold it;
``"(missing)"`` where missing.
"""

import datetime
import numbers
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np

from ...exceptions import InvalidParameterError
from ._canonical import TIME, canonical, is_missing, text_of

MISSING = "(missing)"
COUNTED = 1e22
"""Whole numbers above 2^53 and below this are shown with all digits."""


def kind_of(column: Any) -> Any:
    """Return ``"number"``, ``"time"`` or ``"category"``, or None where nothing tells."""
    if isinstance(column, np.ndarray):
        if column.dtype == object:
            return _kind_of_objects(column.tolist())
        if column.dtype.kind in "iufm":
            return "number"
        return "time" if column.dtype.kind == "M" else "category"
    if column.dtype.is_numeric() or isinstance(column.dtype, nw.Duration):
        return "number"
    if isinstance(column.dtype, nw.Datetime | nw.Date):
        return "time"
    if isinstance(column.dtype, nw.Object | nw.Unknown):
        return _kind_of_objects(column.to_list())
    return "category" if column.null_count() < len(column) else None


def order_of(column: Any) -> tuple[str, ...] | None:
    """Return the texts of ordered categories in their declared order, or None where there is none.

    Parameters
    ----------
    column : narwhals.Series or ndarray of shape (n_rows,)
        The column; ordered are an ordered categorical of pandas, an Enum of Polars, and an ordered
        dictionary of PyArrow in memory.
    """
    if isinstance(column, np.ndarray):
        return None
    native, categories = column.to_native(), None
    if column.implementation.is_pandas_like() and getattr(native.dtype, "ordered", False) is True:
        categories = native.dtype.categories.tolist()
    elif column.implementation.is_polars() and isinstance(column.dtype, nw.Enum):
        categories = list(column.dtype.categories)
    elif column.implementation.is_pyarrow() and getattr(native.type, "ordered", False):
        categories = native.unify_dictionaries().chunk(0).dictionary.to_pylist()
    if categories is None or any(map(is_missing, categories)):
        return None
    texts = tuple(map(text_of, categories))
    return texts if len(set(texts)) == len(texts) and MISSING not in texts else None


def read(column: Any, kind: str, name: str) -> Any:
    """Read a column as a kind.

    Parameters
    ----------
    column : narwhals.Series or ndarray of shape (n_rows,)
        The column.
    kind : {"number", "time", "category"}
        Its kind when it was fitted.
    name : str
        Its name, for messages.

    Returns
    -------
    ndarray of float64 or datetime64, or list of str, of length n_rows

    Raises
    ------
    InvalidParameterError
        If it holds values of another kind.
    """
    if kind == "category":
        return _texts(column)
    found = kind_of(column)
    if found is None:
        return np.full(len(column), np.nan if kind == "number" else "NaT", dtype=_DTYPES[kind])
    if found != kind:
        raise InvalidParameterError(
            f"Column {name!r} held {_PLURAL[kind]} when it was fitted; now it holds "
            f"{_PLURAL[found]}. Convert it."
        )
    return _numbers(column) if kind == "number" else _times(column)


def read_distinct(column: Any, kind: Any, name: str) -> tuple[Any, np.ndarray]:
    """Read a column as its distinct values, and which of them each row holds.

    Parameters
    ----------
    column, kind, name
        As in :func:`read`.

    Returns
    -------
    values : ndarray of float64 or datetime64, or list of str, of length n_values
        The distinct values in their order; a missing number or time comes last.
    codes : ndarray of int of shape (n_rows,)
        The value of each row.
    """
    if kind != "category":
        return _sorted_distinct(read(column, kind, name))
    if not isinstance(column, np.ndarray) and isinstance(column.dtype, _PRINTED_APART):
        entries, codes = _entries(column)
        texts = [MISSING if is_missing(v) else text_of(v) for v in entries]
    else:
        texts, codes = _texts(column), slice(None)
    values = sorted(set(texts))
    number = {text: i for i, text in enumerate(values)}
    return values, np.fromiter(map(number.__getitem__, texts), np.int64, len(texts))[codes]


def _sorted_distinct(values):
    """Return the distinct numbers or times in their order, and the codes of all."""
    if values.dtype != TIME and values.size:
        low, high = values.min(), values.max()
        if -_EXACT <= low <= high <= _EXACT and high - low < values.size:  # this needs no sort
            whole = values.astype(np.int64)
            if (whole == values).all():
                whole -= int(low)
                held = np.bincount(whole) > 0
                return np.flatnonzero(held) + low, (np.cumsum(held) - 1)[whole]
    return np.unique(values, return_inverse=True)


def show(value: Any) -> Any:
    """Return the shortest text that tells a cut point or a value from all others.

    A whole number that others may be read as (from 2^53 on) has all of its digits.
    """
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value, unit="auto"))
    if _EXACT < abs(value) < COUNTED:
        return str(int(value))
    return repr(float(value)).removesuffix(".0")


# Two entries of these types are equal where they print alike; of objects, 1 equals True.
_PRINTED_APART = (nw.String, nw.Categorical, nw.Enum, nw.Boolean)
_DTYPES = {"number": np.float64, "time": TIME}
_DURATION = datetime.timedelta | np.timedelta64
_EXACT = 2.0**53  # floats count no further
_PLURAL = {"number": "numbers", "time": "dates", "category": "categories"}


def _entries(column):
    """Return the distinct entries of a series, found by the engine, and the one of each row."""
    if column.implementation.is_pandas_like():
        codes, entries = column.to_native().factorize(use_na_sentinel=False)
        return entries.tolist(), codes
    if column.implementation.is_pyarrow():
        native = column.to_native().combine_chunks()
        if isinstance(column.dtype, nw.Categorical | nw.Enum):
            native = native.dictionary_decode()
        native = native.dictionary_encode(null_encoding="encode")
        return native.dictionary.to_pylist(), native.indices.to_numpy()
    entries = column.unique().to_list()
    codes = column.replace_strict(entries, range(len(entries)), return_dtype=nw.Int64)
    return entries, codes.to_numpy().astype(np.int64)


def _kind_of_objects(values):
    types = {type(v) for v in values}
    if str not in types:
        types = {type(v) for v in values if not is_missing(v)}
        if not types:
            return None
        durations = [issubclass(t, _DURATION) for t in types]
        reals = [issubclass(t, numbers.Real | Decimal) and t is not bool for t in types]
        if all(durations) or (all(reals) and not any(durations)):
            return "number"
        if all(issubclass(t, datetime.date | np.datetime64) or _is_period(t) for t in types):
            return "time"
    return "category"


def _numbers(column):
    if isinstance(column, np.ndarray):
        if column.dtype == object:
            if any(isinstance(v, _DURATION) for v in column):
                values = ["NaT" if is_missing(v) else v for v in column]
                column = np.array(values, dtype="m8[us]")
            else:
                column = np.array([np.nan if is_missing(v) else _float(v) for v in column])
        if column.dtype.kind == "m":
            column = column / np.timedelta64(1, "D")
        if column.dtype.kind in "iu" and column.size and _is_beyond(column.min(), column.max()):
            column = np.array([_float(value) for value in column.tolist()])
        return column.astype(np.float64) + 0.0  # no negative zero
    if isinstance(column.dtype, nw.Object | nw.Unknown):
        return _numbers(np.array(column.to_list(), dtype=object))
    if column.dtype.is_integer() and _is_beyond(column.min(), column.max()):
        return _numbers(np.array(column.to_list(), dtype=object))
    if not isinstance(column.dtype, nw.Duration):
        column = column.cast(nw.Float64)
    return _numbers(column.to_numpy())


def _is_beyond(low, high):
    """Tell whether there are whole numbers that floats do not count to."""
    return not is_missing(low) and max(-int(low), int(high)) > _EXACT


def _float(value):
    """Return the greatest float that is no greater than a number, for it lies behind the same cuts.

    What is beyond all floats is infinite.
    """
    try:
        number = float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf
    is_whole = isinstance(value, numbers.Integral | Decimal) and np.isfinite(number)
    return np.nextafter(number, -np.inf) if is_whole and number > value else number


def _is_period(kind):
    """Tell whether a type is that of pandas's calendar periods, which begin at a time."""
    return kind.__name__ == "Period" and hasattr(kind, "start_time")


def _times(column):
    if isinstance(column, np.ndarray):
        if column.dtype != object:
            return column.astype(TIME)
        return np.array([_utc(v) for v in column], dtype=TIME)
    if isinstance(column.dtype, nw.Object | nw.Unknown):
        return _times(np.array(column.to_list(), dtype=object))
    if isinstance(column.dtype, nw.Datetime) and column.dtype.time_zone:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(nw.Datetime("us")).to_numpy().astype(TIME)


def _utc(value):
    if is_missing(value):
        return np.datetime64("NaT", "us")
    if _is_period(type(value)):
        value = value.start_time
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def _texts(column):
    return [MISSING if text is None else text for text in canonical(column)]
