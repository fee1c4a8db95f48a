"""Quasi-identifiers with an order: numbers and times.

While a table is fitted, an :class:`OrderedAxis` holds its distinct values. What stays afterwards is
an :class:`OrderedGrid`, which holds cut points only.

Labels that the table *supports* end at points that come from this one column: between two of them
lie at least k people of the table, and beyond the outermost ones too. A label ends at the points
around the extremes of its class, so that what it tells of the person with the least value is what
is true of k people: the interval that they share. No end is the value of fewer than k. The points
themselves are those of k-anonymity of a single column, with what a cut point tells: that nobody
stands at it, but for a value that k people hold.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np

from ..tables import COUNTED, MISSING, distinct, show
from ._cutpoints import between
from ._labels import Labels, Ranges
from ._ordered_grid import FAR, OrderedGrid, interval_features, is_time, plain

_DAY = np.timedelta64(1, "D")
_EXACT = 2.0**53  # floats count no further


class OrderedAxis:
    """The distinct values of a fitted column, as codes in their order; a missing one comes last.

    Parameters
    ----------
    values : ndarray of float64 or datetime64 of shape (n_values,)
        The distinct values that are not missing, sorted.
    missing : bool
        Whether a value is missing; its code is ``n_values``.
    people : ndarray of int of shape (n_values + missing,), default=None
        How many people hold each value, each person counted once. None: one.
    fewest : int, default=0
        Fewest people between two points of :attr:`support`.
    names : tuple of str, default=None
        The names of values that are ranks.
    """

    def __init__(
        self,
        values: Any,
        missing: bool,
        people: np.ndarray | None = None,
        fewest: int = 0,
        names: tuple[str, ...] | None = None,
    ):
        self.values = values
        self.names = names
        self.missing = missing
        self.size = np.ones(values.size + missing)
        self._people = self.size.astype(np.int64) if people is None else people
        self._fewest = fewest
        numbers = plain(values)
        finite = numbers[np.isfinite(numbers)]
        # Halves, since the difference of two large numbers may overflow.
        low, high = (finite[0] / 2, finite[-1] / 2) if finite.size else (0.0, 0.0)
        # Infinite values lie one range away from the finite ones and missing values two, so that
        # a mixture of them costs everything.
        place = np.clip((numbers / 2 - low) / ((high - low) or 1.0), -1.0, 2.0)
        self._place = np.append(place, [3.0] * missing)

    @classmethod
    def from_column(cls, column: Any) -> tuple[Any, Any]:
        """Return the axis of a column (NaN or NaT where missing) and the code of each row."""
        values, codes = np.unique(column, return_inverse=True)
        return cls.from_sorted(values), codes

    @classmethod
    def from_sorted(
        cls, values: Any, people: Any = None, fewest: int = 0, names: Sequence[str] | None = None
    ) -> Self:
        """Return the axis of distinct values in their order, the missing one last."""
        n_values = int((values == values).sum())  # a missing value differs from itself
        return cls(values[:n_values], n_values < values.size, people, fewest, names)

    def among(self, people: Any) -> Self:
        """Return the axis of which so many people of each value support labels."""
        return OrderedAxis(self.values, self.missing, people, self._fewest, self.names)

    @cached_property
    def support(self) -> np.ndarray:
        """Points between values, increasing, with at least ``fewest`` people between two of them.

        As many people lie below the first and from the last one on, so that no interval between
        two points, nor one with an open end, is about fewer. A value that as many hold is nobody's
        own: there are points in front of it and, among whole numbers and days, behind it. What is
        between these and the next point nobody holds.
        """
        people, fewest = self._people[: self.values.size], max(1, self._fewest)
        values, people = self.values[people > 0], people[people > 0]
        starts = supported_starts(people, fewest)
        shared = np.isfinite(plain(values)) & (people >= fewest)
        begins, ends = np.append(0, starts), np.append(starts, values.size) - 1
        begins, ends = (where[shared[where]] if values.size else starts for where in (begins, ends))
        points = [between(values[starts - 1], values[starts], whole=self._whole), values[begins]]
        if self._whole:
            next_ = values[ends] + (_DAY if is_time(values) else 1.0)
            points.append(np.maximum(next_, _behind(values[ends])))
        elif shared[-1:].any():
            points.append(_further(values))
        return np.unique(np.concatenate(points))

    @cached_property
    def _outer(self):
        """Where open ends are priced: about as far out as the people beyond the support lie.

        It is the least or the greatest value where that is supported, and else twice the mean
        distance of at least ``fewest`` people from the point, to one digit.
        """
        numbers, points = plain(self.values), plain(self.support)
        points = points[np.abs(points) < FAR]
        if not points.size:
            return None
        ends = []
        for point, side in ((points[0], numbers < points[0]), (points[-1], numbers >= points[-1])):
            side &= np.isfinite(numbers) & (self._people[: numbers.size] > 0)
            weight, beyond = self._people[: numbers.size][side], np.clip(numbers[side], -FAR, FAR)
            far = (beyond - point) @ (weight / max(1, weight.sum()))  # a sum of shares: no overflow
            ends.append(float(np.clip(point + float(f"{2 * far:.0e}"), -FAR, FAR)))
        return tuple(ends)

    def penalty(self, low: Any, high: Any, size: int) -> np.ndarray:
        """Return the certainty penalty of sets of codes from their extremes and their sizes."""
        del size  # a range is as wide as its ends are apart, whatever lies inside
        return np.minimum(self._place[high] - self._place[low], 1.0)

    def placed(self, below: Any, above: Any) -> Any:
        """Return the code behind which each cut between two codes is made."""
        del above  # nobody lies between, and a cell is judged by the values that somebody holds
        return below

    def grid(
        self,
        below: np.ndarray,
        above: np.ndarray,
        points: np.ndarray = (),
        outer: tuple[Any, ...] | None = None,
    ) -> tuple[OrderedGrid, Any]:
        """Return the grid of cuts between pairs of codes and at points, and each cut's threshold.

        Parameters
        ----------
        below, above : ndarray of int of shape (n_cuts,)
            The codes that each cut lies between.
        points : ndarray of shape (n_points,), default=()
            Further points, at which labels may end.
        outer : tuple of two floats, default=None
            Where open ends are priced. None: as far out as cuts lie apart.
        """
        apart = above == self.values.size  # this cut parts the missing values from all others
        made = between(self.values[below[~apart]], self.values[above[~apart]], whole=self._whole)
        points = np.asarray(points, dtype=self.values.dtype)
        cuts, number = np.unique(np.append(made, points), return_inverse=True)
        threshold = np.full(below.size, cuts.size)
        threshold[~apart] = number[: made.size]
        unit = 0.0 if outer is None else float(self._whole)
        return OrderedGrid(cuts, self.missing, outer, unit, self.names), threshold

    def supported_grid(self, below: Any, above: Any) -> Any:
        """Return the grid of labels that the table supports, as :meth:`grid` does."""
        return self.grid(below, above, self.support, self._outer)

    def tight_grid(
        self, below: Any, above: Any, codes: np.ndarray, cells: Any, n_cells: Any
    ) -> Any:
        """Return the grid of labels that show extremes, as :meth:`grid` does."""
        low, high, _ = _ends(codes, cells, n_cells, self.values.size)
        held = high >= 0
        low, high = np.unique(low[held]), np.unique(high[held])
        return self.grid(below, above, np.append(self.values[low], _behind(self.values[high])))

    def supported_labels(
        self,
        grid: OrderedGrid,
        boxes: tuple[Any, ...],
        codes: np.ndarray,
        cells: np.ndarray,
        *,
        numeric: bool,
    ) -> Any:
        """Return labels from one point of :attr:`support` to another, and those of whole boxes.

        The first half of the cells show the least interval, of those that the support or the box
        ends, around the fitted people in each box; the second half show the boxes.

        Parameters
        ----------
        grid : OrderedGrid
            What :meth:`supported_grid` returned.
        boxes : tuple of two ndarrays of int of shape (n_boxes,)
            The codes of ``grid`` at the ends of each box.
        codes, cells : ndarray of int of shape (n_units,)
            The code on this axis and the box of each unit that is published.
        numeric : bool
            Whether labels need features.
        """
        n_values, n_cuts = self.values.size, grid.cuts.size
        low, high, mixed = _ends(codes, cells, boxes[0].size, n_values)
        if self.missing and self._people[-1] < self._fewest:  # too few to say where they are
            mixed = (boxes[1] > n_cuts) & (boxes[0] <= n_cuts)
        only = high < 0
        at = np.searchsorted(self.support, self.values, side="right")  # points up to each value
        # Of each interval of support the code above its lower end, and the one below its upper end.
        first = np.append(0, 1 + np.searchsorted(grid.cuts, self.support))
        last = np.append(np.searchsorted(grid.cuts, self.support), n_cuts)
        at = np.append(at, 0)
        low = np.where(only, n_cuts + 1, np.maximum(first[at[low]], boxes[0]))
        high = np.where(only, n_cuts + 1, np.minimum(last[at[high]], boxes[1]))
        whole = grid.ends_of(*boxes)
        inner = low, high, mixed & ~only
        return grid.interval_labels(*map(np.append, inner, whole), numeric=numeric)

    def inner_labels(
        self, grid: Any, boxes: Any, codes: np.ndarray, cells: Any, *, numeric: Any
    ) -> Any:
        """Return labels that show the extremes of the fitted people, and those of whole boxes.

        The parameters are those of :meth:`supported_labels`, with the grid of :meth:`tight_grid`.
        """
        inner = self.tight_labels(codes, cells, boxes[0].size, numeric=numeric, grid=grid)
        whole = grid.interval_labels(*grid.ends_of(*boxes), numeric=numeric)
        return Labels.joined(inner, whole)

    def tight_labels(
        self, codes: np.ndarray, cells: Any, n_cells: Any, *, numeric: Any, grid: Any = None
    ) -> Any:
        """Return labels that show the extremes of the fitted people in each cell.

        With a ``grid`` that :meth:`tight_grid` made they know what they are true of.
        """
        n_values = self.values.size
        low, high, mixed = _ends(codes, cells, n_cells, n_values)
        first, of_cell = distinct([low, high + 1, mixed], [n_values + 1, n_values + 1, 2])
        low, high, mixed = low[first], high[first], mixed[first]
        texts = [self._text(*ends) for ends in zip(low, high, mixed, strict=True)]
        penalty = self.penalty(low, np.where(mixed, n_values, high), None)
        features = self._features(low, high, mixed) if numeric else None
        extent = None
        if grid is not None:
            code = np.searchsorted(grid.cuts, self.values, side="right")
            code = np.append(code, grid.cuts.size + 1)
            extent = Ranges(code[low], code[high], mixed, grid.cuts.size + 1)
        return Labels.merged(texts, of_cell, penalty, features, extent)

    def mean_labels(self, codes: np.ndarray, cells: Any, *, numeric: Any) -> Any:
        """Return labels that show the mean of the fitted people in each cell, all of them finite.

        Means are rounded to ten digits. Their penalty is that of the range of the cell.
        """
        n_rows = np.bincount(cells)
        low, high = np.full(n_rows.size, codes.max()), np.zeros(n_rows.size, dtype=np.int64)
        np.minimum.at(low, cells, codes)
        np.maximum.at(high, cells, codes)
        # Each value is divided before it is added, since the sum of large ones may overflow.
        means = np.bincount(cells, self.values[codes] / n_rows[cells])
        means = np.array([float(f"{mean:.10g}") for mean in means])
        ends = np.clip(self.values, -FAR, FAR)
        widths = ends[high] - ends[low]
        first = np.lexsort((-widths, means))  # of classes with one mean the widest speaks for all
        cell_at = np.empty_like(first)
        cell_at[first] = np.arange(first.size)
        texts = [show(mean) for mean in means[first]]
        features = np.column_stack([means, widths])[first] if numeric else None
        return Labels.merged(texts, cell_at, self.penalty(low, high, None)[first], features)

    @property
    def is_finite(self) -> Any:
        """Whether the values are numbers, all of them finite and none missing."""
        is_number = self.names is None and not is_time(self.values)
        return is_number and not self.missing and bool(np.isfinite(self.values).all())

    def _text(self, low, high, mixed):
        if high < 0:
            return MISSING
        ends = self.values[low], self.values[high]
        if self.names is not None:
            texts = [self.names[int(end)] for end in ends]
        else:
            texts = [show(ends[0]), show(self._greatest(ends[1]))]
        text = texts[0] if texts[0] == texts[1] else f"[{texts[0]}, {texts[1]}]"
        return f"{text} or {MISSING}" if mixed else text

    @staticmethod
    def _greatest(value):
        """Return the greatest number that is read as a value: a float, or a whole number."""
        if is_time(value) or not _EXACT < abs(value) < COUNTED:
            return value
        return np.nextafter(value, np.inf)

    def _features(self, low, high, mixed):
        # The zero behind the values stands in for the ends of a column that is always missing.
        ends = np.clip(np.append(plain(self.values), 0.0), -FAR, FAR)
        only = high < 0
        low, high = np.where(only, 0, low), np.where(only, self.values.size - 1, high)
        return interval_features(ends[low], ends[high], only, mixed & ~only, self.missing)

    @property
    def _whole(self):
        if is_time(self.values):
            return bool((self.values == self.values.astype("datetime64[D]")).all())
        finite = self.values[np.isfinite(self.values)]
        return bool((finite == np.rint(finite)).all())


def supported_starts(people: np.ndarray, fewest: int) -> np.ndarray:
    """Return where runs of values begin that at least ``fewest`` people hold, but for the first.

    Parameters
    ----------
    people : ndarray of int of shape (n_values,)
        People who hold each value, in order.
    fewest : int
        Fewest people of a run. A run ends as soon as it has them; too few at the end join the run
        before.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.anonymization.columns._ordered_axis import supported_starts
    >>> supported_starts(np.array([1, 2, 9, 1, 1, 1, 2]), 3)  # runs of 3, 9, 3 + 2
    array([2, 3])
    """
    total = np.cumsum(people).tolist()
    starts, before, start = [], 0, 0
    while total and total[-1] - before >= fewest and start < len(total):
        starts.append(start)
        start = bisect_left(total, before + max(fewest, 1), start) + 1
        before = total[start - 1] if start <= len(total) else total[-1]
    return np.array(starts[1:], dtype=np.int64)


def _ends(codes, cells, n_cells, n_values):
    """Return the least and the greatest value of each cell, and whether one is missing in it.

    In a cell of missing values alone these are ``n_values`` and -1.
    """
    if (cells[1:] < cells[:-1]).any():
        order = np.argsort(cells, kind="stable")
        codes, cells = codes[order], cells[order]
    starts = np.searchsorted(cells, np.arange(n_cells))  # every cell has a unit
    is_missing = codes == n_values
    low = np.minimum.reduceat(codes, starts)
    high = np.maximum.reduceat(np.where(is_missing, -1, codes), starts)
    return low, high, np.logical_or.reduceat(is_missing, starts)


def _further(values):
    """Return a point behind the greatest value, about as far as values lie apart."""
    last = values[-1:]
    with np.errstate(over="ignore"):  # the point is then infinite
        gap = values[-1] - values[-2] if values.size > 1 else _behind(last)[0] - last[0]
        return between(last, np.maximum(last + gap, _behind(last)), whole=False)


def _behind(values):
    """Return the next point behind each value."""
    return values + np.timedelta64(1, "us") if is_time(values) else np.nextafter(values, np.inf)
