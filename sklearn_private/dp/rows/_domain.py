"""A public domain: what each column may hold, written down by hand."""

import math
import numbers
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError


@dataclass(frozen=True)
class Range:
    """A numeric column.

    Parameters
    ----------
    name : str
        Name of the column.
    low, high : float
        Its public range.
    """

    name: str
    low: float
    high: float

    @property
    def features(self) -> list[Any]:
        """Names of the features that the column becomes."""
        return [self.name]

    def encode(self, values: Any) -> Any:
        """Return the values in [-1, 1]: beyond an end is that end, missing is the middle."""
        half = (self.high - self.low) / 2
        inside = np.clip(self._numbers(values), self.low, self.high)
        scaled = np.clip((inside - self.low) / half - 1, -1.0, 1.0)
        return np.nan_to_num(scaled, nan=0.0)[:, None]

    def bins(self, values: Any, n_bins: Any) -> np.ndarray:
        """Return the bin of each value, of ``n_bins`` equal ones; a missing value is in -1."""
        numbers = self._numbers(values)
        missing = np.isnan(numbers)
        share = (np.clip(np.where(missing, self.low, numbers), self.low, self.high) - self.low) / (
            self.high - self.low
        )
        return np.where(missing, -1, np.minimum((share * n_bins).astype(np.intp), n_bins - 1))

    def count_outside(self, values: Any) -> dict[str, Any]:
        """Return how many values lie beyond an end, and how many are missing."""
        numbers = self._numbers(values)
        outside = (numbers < self.low) | (numbers > self.high)
        return {"outside": int(outside.sum()), "missing": int(np.isnan(numbers).sum())}

    def _numbers(self, values):
        try:
            return _floats(np.asarray(values))
        except (TypeError, ValueError):  # NumPy's error would show a value of the column.
            pass
        raise InvalidParameterError(
            f"Column {self.name!r} of X must hold numbers, since its domain is the range "
            f"({self.low:g}, {self.high:g}). Give a list of categories for text."
        )


@dataclass(frozen=True)
class Categories:
    """A categorical column.

    Parameters
    ----------
    name : str
        Name of the column.
    values : tuple
        Its public categories.
    """

    name: str
    values: tuple

    @property
    def features(self) -> list[Any]:
        """Names of the features that the column becomes."""
        return [f"{self.name}_{value}" for value in self.values]

    def encode(self, values: Any) -> Any:
        """Return one-hot rows: a missing or unknown category is a row of zeros."""
        codes = self.codes(values)
        rows = np.zeros((len(values), len(self.values)))
        known = np.flatnonzero(codes >= 0)
        rows[known, codes[known]] = 1.0
        return rows

    def count_outside(self, values: Any) -> dict[str, Any]:
        """Return how many are no category or missing, and which categories no row has."""
        codes = self.codes(values)
        unknown = [_is_missing(values[i]) for i in np.flatnonzero(codes < 0)]
        return {
            "outside": unknown.count(False),
            "missing": unknown.count(True),
            "never": [value for i, value in enumerate(self.values) if i not in codes],
        }

    def codes(self, values: Any) -> np.ndarray:
        """Return the position of each category; a missing or unknown one is in -1."""
        index = {value: i for i, value in enumerate(self.values)}
        try:
            return np.array([index.get(value, -1) for value in values], dtype=np.intp)
        except TypeError:  # Its message may show a value of the column.
            pass
        raise InvalidParameterError(
            f"Column {self.name!r} of X must hold categories: strings, numbers or booleans."
        )


def parse_domain(domain: Any) -> Any:
    """Return the columns of a domain, or one range where it holds for every column.

    Parameters
    ----------
    domain : dict of str to (low, high) or list of categories; or (low, high)
        The public domain.

    Returns
    -------
    list of Range and Categories, or Range
        A single range stands for columns whose number is not known yet.

    Raises
    ------
    InvalidParameterError
        If an entry is neither.
    """
    if is_range(domain):
        return _range("every column", domain)
    if not isinstance(domain, Mapping) or not domain:
        raise InvalidParameterError(
            "The 'domain' parameter of DomainEncoder must be a dictionary from column names to "
            "ranges (low, high) or lists of categories, or one range for all columns. "
            f"Got {domain!r} instead."
        )
    return [_column(name, entry) for name, entry in domain.items()]


def is_range(entry: Any) -> Any:
    """Return whether a domain entry is a pair of numbers in a tuple."""
    return (
        isinstance(entry, tuple)
        and len(entry) == 2
        and all(isinstance(v, numbers.Real) and not isinstance(v, bool) for v in entry)
    )


def _column(name, entry):
    if is_range(entry):
        return _range(name, entry)
    # A set has another order in every process, so the features would have.
    unfit = isinstance(entry, str | bytes | Mapping | Set) or not np.iterable(entry)
    values = () if unfit else tuple(entry)
    if not values or not _all_different(values):
        raise InvalidParameterError(
            f"The domain of column {name!r} must be a tuple (low, high) of numbers or a list of "
            f"different categories. Got {entry!r} instead."
        )
    return Categories(name, values)


def _all_different(values):
    try:
        return len(set(values)) == len(values)
    except TypeError:  # a value that is no category, such as a list
        return False


def _is_missing(value):
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def _floats(values):
    if values.dtype == object:  # pandas.NA refuses to become a float
        values = [math.nan if type(value).__name__ == "NAType" else value for value in values]
    return np.asarray(values, dtype=np.float64)


def _range(name, entry):
    low, high = entry
    if not 1e-300 < high - low < math.inf:
        raise InvalidParameterError(
            f"The range of {name!r} must be finite with low below high. Got {entry!r} instead."
        )
    return Range(name, float(low), float(high))
