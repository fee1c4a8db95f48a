"""The tables behind hierarchies that follow a rule: one path a leaf, the leaf first."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ..tables import TIME, show
from ._hierarchy_tree import ROOT

_UNITS = ("day", "month", "quarter", "year", "decade")
_MONTHS = dict(zip(_UNITS[1:], (1, 3, 12, 120), strict=True))
_SHOWN = 5  # the name of a larger set shows its first values only


def checked_edges(edges: Any) -> tuple[Any, ...]:
    """Return edges as tuples of floats, or say what is wrong with them."""
    if not edges:
        raise _refused("edges", "given", edges)
    checked, finer = [], None
    for level in edges:
        level = tuple(float(edge) for edge in level)
        if not level or not np.isfinite(level).all() or not (np.diff(level) > 0).all():
            raise _refused("edges", "finite and increasing", level)
        if finer is not None and not set(level) <= set(finer):
            raise _refused("edges", "among those of the level before", level)
        checked.append(level)
        finer = level
    return tuple(checked)


def intervals(edges: Any) -> tuple[Any, ...]:
    """Return the paths of nested intervals."""
    starts = np.array([-np.inf, *edges[0]])
    columns = []
    for level in edges:
        ends = [show(edge) for edge in level]
        inner = [f"[{a}, {b})" for a, b in pairwise(ends)]
        texts = [f"< {ends[0]}", *inner, f">= {ends[-1]}"]
        columns.append([texts[i] for i in np.searchsorted(level, starts, side="right")])
    return tuple(zip(*columns, [ROOT] * starts.size, strict=True))


def dates(first: Any, last: Any, units: Sequence[str]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the paths of calendar periods, and the edges between the leaves.

    Parameters
    ----------
    first, last : datetime64[D]
        Days that the periods cover.
    units : sequence of str
        From fine to coarse.
    """
    units = tuple(units)
    places = [_UNITS.index(unit) if unit in _UNITS else -1 for unit in units]
    if not units or min(places) < 0 or (np.diff(places) <= 0).any():
        raise _refused("units", f"ever coarser ones of {', '.join(_UNITS)}", units)
    if not first <= last:
        raise _refused("last", "the first day or later", str(last))
    start, stop = _floor(first, units[-1]), _floor(last, units[-1], steps=1)
    if units[0] == "day":
        edges = np.arange(start, stop + 1)
    else:
        ends = [point.astype("datetime64[M]") for point in (start, stop)]
        edges = np.arange(ends[0], ends[1] + 1, _MONTHS[units[0]]).astype("datetime64[D]")
    inner = [(*(_period(day, unit) for unit in units), ROOT) for day in edges[:-1]]
    return ((f"< {start}", ROOT), *inner, (f">= {stop}", ROOT)), tuple(edges.astype(TIME))


def masking(values: Any, keep: Any, mark: Any) -> tuple[Any, ...]:
    """Return the paths of codes of which ever fewer leading characters are shown."""
    length = max(map(len, values), default=0)
    keep = range(length - 1, 0, -1) if keep is None else tuple(keep)
    if any(n < 1 for n in keep) or (np.diff(keep) >= 0).any():
        raise _refused("keep", "decreasing numbers from 1", tuple(keep))
    return tuple((v, *(_masked(v, n, length, mark) for n in keep), ROOT) for v in values)


def grouped(values: list[str], fanout: int, name: Callable[..., Any]) -> tuple[Any, ...]:
    """Return the paths of groups of ``fanout`` neighbours, of groups of these, and so on.

    Parameters
    ----------
    values : list of str
        Distinct, in order.
    fanout : int
        How many nodes share a parent.
    name : callable
        Returns the name of a group, a list of two values or more.
    """
    if isinstance(fanout, bool) or not isinstance(fanout, Integral) or fanout < 2:
        raise _refused("fanout", "an integer >= 2", fanout)
    if len(set(values)) < len(values):
        twice = Counter(values).most_common(1)[0][0]
        raise _refused("values", "distinct", twice)
    columns, size = [values], fanout
    while size < len(values):
        parts = [values[i : i + size] for i in range(0, len(values), size)]
        texts = [name(part) if len(part) > 1 else part[0] for part in parts]
        columns.append([texts[i // size] for i in range(len(values))])
        size *= fanout
    return tuple(zip(*columns, [ROOT] * len(values), strict=True))


def most_frequent_first(values: Any) -> list[Any]:
    """Return distinct values, the most frequent first, ties by name."""
    count = Counter(values)
    return sorted(count, key=lambda value: (-count[value], value))


def set_name(values: Any) -> Any:
    """Return the name of a set of values, shortened where it is long."""
    if len(values) <= _SHOWN:
        return "{" + ", ".join(values) + "}"
    return "{" + ", ".join(values[:_SHOWN]) + f", ... {len(values)} in all}}"


def _masked(value, n_shown, length, mark):
    hidden = length - n_shown
    return value if len(value) <= n_shown else value[:n_shown] + mark * hidden


def _floor(day, unit, steps=0):
    """Return the first day of the period of ``day``, or of one some steps later."""
    if unit == "day":
        return day + steps
    months = _MONTHS[unit]
    number = int(day.astype("datetime64[M]").astype(np.int64)) // months + steps
    return np.datetime64(number * months, "M").astype("datetime64[D]")


def _period(day, unit):
    year, month = str(day)[:-6], int(str(day)[-5:-3])
    if unit == "day":
        return str(day)
    if unit == "month":
        return f"{year}-{month:02}"
    if unit == "quarter":
        return f"{year}-Q{(month + 2) // 3}"
    return year if unit == "year" else f"{str(_floor(day, 'decade'))[:-6]}s"


def _refused(parameter, rule, value):
    return InvalidParameterError(
        f"The {parameter!r} parameter of Hierarchy must be {rule}. Got {value!r} instead."
    )
