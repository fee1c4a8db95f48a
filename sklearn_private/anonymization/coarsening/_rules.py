"""Rules that keep less of a value: numbers rounded and capped, dates truncated, rare groups merged.

A rule is public and given in advance. It sees one value at a time and learns nothing.
"""

import math
import numbers
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from ..tables import TIME, canonical, read, text_of


@dataclass(frozen=True)
class Rounded:
    """Numbers to the nearest multiple of ``base`` (half upwards), then within [bottom, top]."""

    base: float | None = None
    bottom: float | None = None
    top: float | None = None

    def __post_init__(self):
        given = self._given()
        if not given or not all(map(_is_finite, given.values())):
            raise ValueError("finite numbers as 'base', 'bottom' or 'top'")
        if self.base is not None and self.base <= 0:
            raise ValueError("a 'base' > 0")
        if None not in (self.bottom, self.top) and self.bottom > self.top:
            raise ValueError("a 'bottom' <= 'top'")

    def __call__(self, column, name):
        """Return the coarser column; whole numbers under a rule of whole numbers stay whole."""
        if _holds_integers(column) and all(isinstance(x, int) for x in self._given().values()):
            return self._of_integers(column)
        values = read(column, "number", name)
        if self.base is not None:
            values = _multiple(np.floor(values / self.base + 0.5), self.base)
        values = self._capped(values)
        if isinstance(column, np.ndarray):
            return values
        if column.null_count():  # a NaN would not be a missing value in every container
            values = np.where(column.is_null().to_numpy(), None, values).tolist()
        return nw.new_series(column.name, values, nw.Float64, backend=column.implementation)

    def _of_integers(self, column):
        # A float holds no more than 53 bits, and narrow integers would overflow.
        is_array = isinstance(column, np.ndarray)
        values = column.astype(np.int64) if is_array else column.cast(nw.Int64)
        if self.base is not None:
            values = (values + self.base // 2) // self.base * self.base
        return self._capped(values)

    def _capped(self, values):
        if self.bottom is None and self.top is None:
            return values
        return values.clip(self.bottom, self.top)

    def _given(self):
        return {name: value for name, value in vars(self).items() if value is not None}

    def __str__(self):
        words = {"base": "rounded to multiples of", "bottom": "at least", "top": "at most"}
        return ", ".join(f"{words[name]} {value}" for name, value in self._given().items())


# NumPy's unit, how many of them make a period, and how many days before 1970 the first one starts:
# 1 January 1970 was a Thursday, and weeks start on Monday.
_PERIODS = {
    "year": ("M", 12, 0),
    "quarter": ("M", 3, 0),
    "month": ("M", 1, 0),
    "week": ("D", 7, 3),
    "day": ("D", 1, 0),
}


@dataclass(frozen=True)
class Truncated:
    """Times to the first day of their period, by the clock of the column's own time zone."""

    period: str

    def __post_init__(self):
        if self.period not in _PERIODS:
            raise ValueError("one of " + ", ".join(map(repr, _PERIODS)))

    def __call__(self, column, name):
        """Return the first day of the period of each time."""
        if not isinstance(column, np.ndarray) and isinstance(column.dtype, nw.Datetime):
            column = column.dt.replace_time_zone(None)
        times = read(column, "time", name)
        unit, length, offset = _PERIODS[self.period]
        steps = times.astype(f"datetime64[{unit}]").astype(np.int64)
        steps = (steps + offset) // length * length - offset
        return np.where(np.isnat(times), times, steps.astype(f"datetime64[{unit}]").astype(TIME))

    def __str__(self):
        return f"truncated to the {self.period}"


@dataclass(frozen=True)
class Kept:
    """Categories of a list; every other one becomes ``other``."""

    categories: tuple
    other: str

    def __post_init__(self):
        if not self.categories:
            raise ValueError("a list of at least one category")

    def __call__(self, column, name):
        """Return the texts of the categories that are kept, and ``other``."""
        kept = {None, *map(text_of, self.categories)}
        return [text if text in kept else self.other for text in canonical(column)]

    def __str__(self):
        return f"{len(self.categories)} categories and {self.other!r}"


def parse_rule(rule: dict[str, Any] | str | list[Any], other: str) -> Rounded | Truncated | Kept:
    """Return what a rule of the user stands for.

    Parameters
    ----------
    rule : dict, str or list
        See :class:`~sklearn_private.anonymization.Coarsener`.
    other : str
        What categories become that are not kept.

    Returns
    -------
    Rounded, Truncated or Kept

    Raises
    ------
    ValueError
        If it is none; the message says what it must be.
    """
    if isinstance(rule, str):
        return Truncated(rule)
    if isinstance(rule, list):
        return Kept(tuple(rule), other)
    if isinstance(rule, dict) and set(rule) <= {"base", "bottom", "top"}:
        return Rounded(**rule)
    raise ValueError(
        "a dict with 'base', 'bottom' or 'top', the name of a period, or a list of categories"
    )


def _is_finite(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def _holds_integers(column):
    if isinstance(column, np.ndarray):
        return column.dtype.kind in "iu"
    return column.dtype.is_integer()


def _multiple(steps, base):
    # 3 / 10 is the float that is written 0.3, and 3 * 0.1 is not.
    inverse = 1 / base
    return steps / inverse if inverse.is_integer() else steps * base
