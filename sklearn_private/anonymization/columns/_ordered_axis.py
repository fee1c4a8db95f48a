"""Quasi-identifiers with an order: numbers and times.

While a table is fitted, an :class:`OrderedAxis` holds its distinct values. What stays afterwards is
an :class:`OrderedGrid`, which holds cut points only.
"""

from dataclasses import dataclass

import numpy as np

from ..tables import MISSING, distinct, show
from ._cutpoints import between
from ._labels import Labels

_DAY = 86_400_000_000  # microseconds
_LARGEST = np.finfo(float).max
_FAR = _LARGEST / 4  # ends at this distance still have a finite width


class OrderedAxis:
    """The distinct values of a fitted column, as codes in their order; a missing one comes last.

    Parameters
    ----------
    values : ndarray of float64 or datetime64 of shape (n_values,)
        The distinct values that are not missing, sorted.
    missing : bool
        Whether a value is missing; its code is ``n_values``.
    """

    def __init__(self, values, missing):
        self.values = values
        self.missing = missing
        self.size = np.ones(values.size + missing)
        plain = _plain(values)
        finite = plain[np.isfinite(plain)]
        # Halves, since the difference of two large numbers may overflow.
        low, high = (finite[0] / 2, finite[-1] / 2) if finite.size else (0.0, 0.0)
        # Infinite values lie one range away from the finite ones and missing values two, so that
        # a mixture of them costs everything.
        place = np.clip((plain / 2 - low) / ((high - low) or 1.0), -1.0, 2.0)
        self._place = np.append(place, [3.0] * missing)

    @classmethod
    def of(cls, column):
        """Return the axis of a column (NaN or NaT where missing) and the code of each row."""
        values, codes = np.unique(column, return_inverse=True)
        return cls.sorted(values), codes

    @classmethod
    def sorted(cls, values):
        """Return the axis of distinct values in their order, the missing one last."""
        n_values = int((values == values).sum())  # a missing value differs from itself
        return cls(values[:n_values], n_values < values.size)

    def penalty(self, low, high, size):
        """Return the certainty penalty of sets of codes from their extremes and their sizes."""
        del size  # a range is as wide as its ends are apart, whatever lies inside
        return np.minimum(self._place[high] - self._place[low], 1.0)

    def placed(self, below, above):
        """Return the code behind which each cut between two codes is made."""
        del above  # nobody lies between, and a cell is judged by the values that somebody holds
        return below

    def grid(self, below, above):
        """Return the grid of cuts between these pairs of codes, and the threshold of each cut."""
        apart = above == self.values.size  # this cut parts the missing values from all others
        points = between(self.values[below[~apart]], self.values[above[~apart]], whole=self._whole)
        cuts, number = np.unique(points, return_inverse=True)
        threshold = np.full(below.size, cuts.size)
        threshold[~apart] = number
        return OrderedGrid(cuts, self.missing), threshold

    def tight_labels(self, codes, cells, n_cells, *, numeric):
        """Return labels that show the extremes of the fitted people in each cell."""
        n_values = self.values.size
        low, high = np.full(n_cells, n_values), np.full(n_cells, -1)
        np.minimum.at(low, cells, codes)
        np.maximum.at(high, cells, np.where(codes == n_values, -1, codes))
        mixed = np.zeros(n_cells, dtype=bool)
        mixed[cells[codes == n_values]] = True
        first, of_cell = distinct([low, high + 1, mixed], [n_values + 1, n_values + 1, 2])
        low, high, mixed = low[first], high[first], mixed[first]
        texts = [self._text(*ends) for ends in zip(low, high, mixed, strict=True)]
        penalty = self.penalty(low, np.where(mixed, n_values, high), None)
        features = self._features(low, high, mixed) if numeric else None
        return Labels.of(texts, of_cell, penalty, features)

    def mean_labels(self, codes, cells, *, numeric):
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
        ends = np.clip(self.values, -_FAR, _FAR)
        widths = ends[high] - ends[low]
        first = np.lexsort((-widths, means))  # of classes with one mean the widest speaks for all
        cell_at = np.empty_like(first)
        cell_at[first] = np.arange(first.size)
        texts = [show(mean) for mean in means[first]]
        features = np.column_stack([means, widths])[first] if numeric else None
        return Labels.of(texts, cell_at, self.penalty(low, high, None)[first], features)

    @property
    def is_finite(self):
        """Whether the values are numbers, all of them finite and none missing."""
        return not (self.missing or _is_time(self.values)) and bool(np.isfinite(self.values).all())

    def _text(self, low, high, mixed):
        if high < 0:
            return MISSING
        ends = [show(self.values[low]), show(self.values[high])]
        text = ends[0] if low == high else f"[{ends[0]}, {ends[1]}]"
        return f"{text} or {MISSING}" if mixed else text

    def _features(self, low, high, mixed):
        # The zero behind the values stands in for the ends of a column that is always missing.
        ends = np.clip(np.append(_plain(self.values), 0.0), -_FAR, _FAR)
        only = high < 0
        low, high = np.where(only, 0, low), np.where(only, self.values.size - 1, high)
        return _interval_features(ends[low], ends[high], only, mixed & ~only, self.missing)

    @property
    def _whole(self):
        if _is_time(self.values):
            return bool((self.values == self.values.astype("datetime64[D]")).all())
        finite = self.values[np.isfinite(self.values)]
        return bool((finite == np.rint(finite)).all())


@dataclass(frozen=True)
class OrderedGrid:
    """The cut points of one column: what a fitted anonymizer keeps of it.

    Code ``i`` holds the values from cut ``i - 1`` up to cut ``i``, which is excluded; code
    ``n_cuts + 1`` holds missing values.

    Parameters
    ----------
    cuts : ndarray of float64 or datetime64 of shape (n_cuts,)
        Cut points, increasing.
    missing : bool
        Whether a value was missing in the fitted table.
    """

    cuts: np.ndarray
    missing: bool

    @property
    def n_codes(self):
        """Number of codes."""
        return self.cuts.size + 2

    def encode(self, values):
        """Return the code of each value."""
        codes = np.searchsorted(self.cuts, values, side="right")
        codes[values != values] = self.cuts.size + 1  # a missing value differs from itself
        return codes

    def names(self, name):
        """Return the names of the numeric features of column ``name``."""
        return [f"{name}_{part}" for part in ("midpoint", "width", "missing")[: 2 + self.missing]]

    def labels(self, low, high, *, numeric):
        """Return labels that show the cut points around each cell."""
        first, of_cell = distinct([low, high], [self.n_codes, self.n_codes])
        low, high = low[first], high[first]
        texts = [self._text(*ends) for ends in zip(low, high, strict=True)]
        n_cuts, edges = self.cuts.size, self._edges()
        span = np.ptp(edges) or 1.0
        only = low > n_cuts
        mixed = (high > n_cuts) & ~only & self.missing
        ends = edges[np.where(only, 0, low)], edges[np.minimum(high, n_cuts) + 1]
        penalty = np.where(only, 0.0, np.where(mixed, 1.0, (ends[1] - ends[0]) / span))
        features = _interval_features(*ends, only, mixed, self.missing) if numeric else None
        return Labels.of(texts, of_cell, penalty, features)

    def _text(self, low, high):
        n_cuts = self.cuts.size
        if low > n_cuts:
            return MISSING
        mixed = high > n_cuts and self.missing
        start = show(self.cuts[low - 1]) if low else None
        stop = show(self.cuts[high]) if high < n_cuts else None
        if start is None and stop is None:
            return "*" if mixed or not self.missing else f"not {MISSING}"
        if start is None:
            text = f"< {stop}"
        else:
            text = f">= {start}" if stop is None else f"[{start}, {stop})"
        return f"{text} or {MISSING}" if mixed else text

    def _edges(self):
        """Return finite ends of all codes; an open end lies as far out as cuts lie apart."""
        cuts = _plain(self.cuts)
        inner = cuts[np.abs(cuts) < _LARGEST]
        if not inner.size:  # cuts that part infinities, or none
            return np.arange(cuts.size + 2.0)
        n_low = 1 + int((cuts <= -_LARGEST).sum())
        n_high = 1 + int((cuts >= _LARGEST).sum())
        gaps = max(1, inner.size - 1)
        step = (inner[-1] / gaps - inner[0] / gaps) or abs(inner[0]) or 1.0
        low = inner[0] - step * np.arange(n_low, 0, -1)
        return np.clip(np.r_[low, inner, inner[-1] + step * np.arange(1, n_high + 1)], -_FAR, _FAR)


def _interval_features(low, high, only, mixed, missing):
    """Return midpoint, width and, if some value was ``missing``, the share of missing values."""
    features = [low / 2 + high / 2, high - low]
    if missing:
        features.append(only + 0.5 * mixed)
    return np.column_stack(features)


def _is_time(values):
    return np.issubdtype(values.dtype, np.datetime64)


def _plain(values):
    """Return values as numbers, times as days since 1970."""
    return values.astype(np.int64) / _DAY if _is_time(values) else values
