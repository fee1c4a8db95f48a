"""Counts, sums, means and histograms, each with Laplace noise: pure epsilon, no delta.

A replaced row moves a count by 1, a sum of values in [low, high] by their width, and a histogram by
2 in L1 norm. A row that is not there moves a count and a histogram by 1, and a sum by the larger
of ``abs(low)`` and ``abs(high)``. Values are added exactly, on a lattice of 2^-32 of their width.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d

from ..._checks import Checks
from ...exceptions import InvalidParameterError
from ...mechanisms import Lattice
from ..rows import Categories, Range, parse_domain
from ._released import PrivateNumber, Query

_STEPS = 2.0**32  # of the lattice in a range


def count(
    matches: ArrayLike,
    *,
    epsilon: float,
    neighboring: str = "replace_one",
    privacy_unit: ArrayLike | None = None,
    rows_per_unit: int = 1,
    confidence: float = 0.95,
    ledger: Any = None,
    random_state: Any = None,
) -> PrivateNumber:
    """Return how many rows match.

    Parameters
    ----------
    matches : array-like of bool of shape (n_rows,)
        Whether each row does, such as ``table["age"] > 60``.
    epsilon : float
        Privacy loss. Larger is more accurate and less private.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The neighbouring relation.
    privacy_unit : array-like of shape (n_rows,), default=None
        Whose data each row is. None protects each row by itself.
    rows_per_unit : int, default=1
        Most rows of one person that are used, chosen by secret coins.
    confidence : float, default=0.95
        Of the interval of the noise.
    ledger : PrivacyLedger or path-like, default=None
        Ledger that is charged first.
    random_state : None, int or numpy.random.Generator, default=None
        None takes noise from the operating system; a seed is for tests.

    Returns
    -------
    PrivateNumber

    Examples
    --------
    >>> from sklearn_private import dp
    >>> released = dp.count([True] * 700 + [False] * 300, epsilon=1.0)
    >>> bool(abs(released.value - 700) < 30)
    True
    """
    matches = column_or_1d(matches)
    if matches.dtype != bool:
        raise InvalidParameterError.unreleased("count needs True or False for every row.")
    query = Query(
        owner="count",
        epsilon=epsilon,
        neighboring=neighboring,
        privacy_unit=privacy_unit,
        rows_per_unit=rows_per_unit,
        confidence=confidence,
        ledger=ledger,
        random_state=random_state,
    )
    return query.release(len(matches), lambda kept: np.float64(matches[kept].sum()), 1.0, {})


def sum(
    values: ArrayLike,
    *,
    bounds: tuple[float, float],
    epsilon: float,
    neighboring: str = "replace_one",
    privacy_unit: ArrayLike | None = None,
    rows_per_unit: int = 1,
    confidence: float = 0.95,
    ledger: Any = None,
    random_state: Any = None,
) -> PrivateNumber:
    """Return the sum of values, clipped to public bounds.

    Parameters
    ----------
    values : array-like of float of shape (n_rows,)
        Finite numbers.
    bounds : pair of float
        Range (low, high) that values are clipped to, chosen without looking at them.
    epsilon, neighboring, privacy_unit, rows_per_unit, confidence, ledger, random_state : object
        As in :func:`count`.

    Returns
    -------
    PrivateNumber

    Examples
    --------
    >>> from sklearn_private import dp
    >>> released = dp.sum([2.0] * 500, bounds=(0, 10), epsilon=1.0)
    >>> bool(abs(released.value - 1000) < 200)
    True
    """
    values, (low, high) = _numbers("sum", values), _bounds("sum", bounds)
    query = Query(
        owner="sum",
        epsilon=epsilon,
        neighboring=neighboring,
        privacy_unit=privacy_unit,
        rows_per_unit=rows_per_unit,
        confidence=confidence,
        ledger=ledger,
        random_state=random_state,
    )
    return _total(query, values, low, high)


def mean(
    values: ArrayLike,
    *,
    bounds: tuple[float, float],
    epsilon: float,
    neighboring: str = "replace_one",
    privacy_unit: ArrayLike | None = None,
    rows_per_unit: int = 1,
    confidence: float = 0.95,
    ledger: Any = None,
    random_state: Any = None,
) -> PrivateNumber:
    """Return the mean of values, clipped to public bounds, over a public number of rows.

    Parameters
    ----------
    values : array-like of float of shape (n_rows,)
        Finite numbers.
    bounds : pair of float
        Range (low, high) that values are clipped to, chosen without looking at them.
    epsilon, confidence, ledger, random_state : object
        As in :func:`count`.
    neighboring : {"replace_one", "zero_out"}, default="replace_one"
        The relation. The number of rows must be public: for add-remove release a :func:`sum` and
        a :func:`count`.
    privacy_unit : None
        Only None, for the same reason: how many rows persons have is not public.
    rows_per_unit : int, default=1
        Only 1.

    Returns
    -------
    PrivateNumber

    Examples
    --------
    >>> from sklearn_private import dp
    >>> released = dp.mean([2.0] * 500, bounds=(0, 10), epsilon=1.0)
    >>> bool(abs(released.value - 2) < 0.4)
    True
    """
    values, (low, high) = _numbers("mean", values), _bounds("mean", bounds)
    if neighboring == "add_remove" or privacy_unit is not None:
        raise InvalidParameterError.unreleased(
            "mean divides by a number of rows that must be public, which it is not with "
            "neighboring='add_remove' or privacy_unit=.",
            "Release a sum and a count.",
        )
    middle = low + (high - low) / 2
    half = (high - low) / 2
    total = _total(
        Query(
            owner="mean",
            epsilon=epsilon,
            neighboring=neighboring,
            privacy_unit=privacy_unit,
            rows_per_unit=rows_per_unit,
            confidence=confidence,
            ledger=ledger,
            random_state=random_state,
        ),
        values - middle,
        -half,
        half,
    )
    shift = lambda number: middle + number / len(values)  # noqa: E731
    return PrivateNumber(
        np.clip(shift(total.value), low, high),
        shift(total.low),
        shift(total.high),
        total.confidence,
        total.privacy_statement_,
    )


def histogram(
    values: ArrayLike,
    *,
    domain: Any,
    n_bins: int = 10,
    epsilon: float,
    neighboring: str = "replace_one",
    privacy_unit: ArrayLike | None = None,
    rows_per_unit: int = 1,
    confidence: float = 0.95,
    ledger: Any = None,
    random_state: Any = None,
) -> PrivateNumber:
    """Return how many values lie in each bin of a public range, or are each public category.

    Parameters
    ----------
    values : array-like of shape (n_rows,)
        Numbers or categories; those that are missing or unknown are counted nowhere.
    domain : tuple (low, high) or list of categories
        The public domain. Beyond an end is that end.
    n_bins : int, default=10
        Equal bins of a range.
    epsilon, neighboring, privacy_unit, rows_per_unit, confidence, ledger, random_state : object
        As in :func:`count`.

    Returns
    -------
    PrivateNumber
        Arrays, one number a bin or category.

    Examples
    --------
    >>> from sklearn_private import dp
    >>> released = dp.histogram(["a"] * 300 + ["b"] * 700, domain=["a", "b", "c"], epsilon=1.0)
    >>> bool(abs(released.value - [300, 700, 0]).max() < 50)
    True
    """
    Checks("histogram").integer(n_bins=n_bins, at_least=1, at_most=10**6)
    values = column_or_1d(values)
    column = _column(domain)
    codes = column.bins(values, n_bins) if isinstance(column, Range) else column.codes(values)
    size = n_bins if isinstance(column, Range) else len(column.values)

    def counts(kept):
        known = codes[kept]
        return np.bincount(known[known >= 0], minlength=size).astype(np.float64)

    query = Query(
        owner="histogram",
        epsilon=epsilon,
        neighboring=neighboring,
        privacy_unit=privacy_unit,
        rows_per_unit=rows_per_unit,
        confidence=confidence,
        ledger=ledger,
        random_state=random_state,
    )
    bounds = {"values": "domain=, from the caller"}
    return query.release(len(codes), counts, 2.0 if query.replaced else 1.0, bounds)


def _total(query, values, low, high):
    """Return the private sum of values clipped to a range."""
    lattice = Lattice.finer_than((high - low) / _STEPS)
    moved = high - low if query.replaced else max(abs(low), abs(high))
    clipped = np.clip(values, low, high)
    exact = lambda kept: lattice.to_float(lattice.sum(clipped[kept]))  # noqa: E731
    bounds = {"values": "bounds=, from the caller"}
    return query.release(len(values), exact, moved + lattice.step, bounds)


def _numbers(owner, values):
    numbers = column_or_1d(np.asarray(values, dtype=np.float64))
    if not np.isfinite(numbers).all():
        raise InvalidParameterError.unreleased(
            f"{owner} needs finite numbers, and some are missing or infinite.", "Leave these out."
        )
    return numbers


def _bounds(owner, bounds):
    rule = "a pair (low, high) of finite numbers, low below high"
    try:
        low, high = map(float, bounds)
    except (TypeError, ValueError) as error:
        raise Checks(owner).invalid("bounds", rule, bounds) from error
    if not (math.isfinite(low) and 1e-200 < high - low < 1e200):
        raise Checks(owner).invalid("bounds", rule, bounds)
    return low, high


def _column(domain) -> Range | Categories:
    if isinstance(domain, tuple):
        return parse_domain(domain)
    (column,) = parse_domain({"values": domain})
    return column
