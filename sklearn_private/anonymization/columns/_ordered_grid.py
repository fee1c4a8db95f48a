"""What a fitted anonymizer keeps of a column of numbers or times: cut points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tables import MISSING, distinct, show
from ._labels import Labels, Ranges

LARGEST = np.finfo(float).max
FAR = LARGEST / 4  # ends at this distance still have a finite width
_DAY = 86_400_000_000  # microseconds


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
    outer : tuple of two floats or None, default=None
        Where open ends are priced, if not as far out as cuts lie apart.
    unit : float, default=0.0
        How wide a single value is: 1 where all are whole numbers or days, and an interval of one of
        them says all.
    ranked : tuple of str or None, default=None
        The names of values that are ranks: ordered categories, from 0.
    """

    cuts: np.ndarray
    missing: bool
    outer: tuple | None = None
    unit: float = 0.0
    ranked: tuple | None = None

    @property
    def n_codes(self) -> Any:
        """Number of codes."""
        return self.cuts.size + 2

    def encode(self, values: Any) -> Any:
        """Return the code of each value; -1 for a missing one if none was fitted."""
        if self.ranked is not None:
            return self._encode_names(values)
        codes = np.searchsorted(self.cuts, values, side="right")
        # A missing value differs from itself.
        codes[values != values] = self.cuts.size + 1 if self.missing else -1
        return codes

    def names(self, name: str) -> list[Any]:
        """Return the names of the numeric features of column ``name``."""
        return [f"{name}_{part}" for part in ("midpoint", "width", "missing")[: 2 + self.missing]]

    def labels(self, low: Any, high: Any, *, numeric: Any) -> Any:
        """Return labels that show the cut points around boxes, given their ends."""
        return self.interval_labels(*self.ends_of(low, high), numeric=numeric)

    def ends_of(self, low: Any, high: Any) -> tuple[Any, np.ndarray, Any]:
        """Return the lowest and highest code of boxes, and whether they take missing values.

        A box of missing values alone begins and ends with their code.
        """
        n_cuts = self.cuts.size
        only = low > n_cuts
        return low, np.where(only, high, np.minimum(high, n_cuts)), (high > n_cuts) & ~only

    def interval_labels(
        self, low: np.ndarray, high: np.ndarray, mixed: np.ndarray, *, numeric: bool
    ) -> Any:
        """Return labels that show the cut points around intervals.

        Parameters
        ----------
        low, high, mixed : ndarray of shape (n_cells,)
            As :meth:`ends_of` returns them.
        numeric : bool
            Whether labels need features.
        """
        mixed = mixed & self.missing
        first, of_cell = distinct([low, high, mixed], [self.n_codes, self.n_codes, 2])
        low, high, mixed = low[first], high[first], mixed[first]
        texts = [self._text(*ends) for ends in zip(low, high, mixed, strict=True)]
        n_cuts, edges = self.cuts.size, self._edges()
        span = (np.ptp(edges if self.outer is None else self.outer) - self.unit) or 1.0
        only = low > n_cuts
        ends = edges[np.where(only, 0, low)], edges[np.minimum(high, n_cuts) + 1]
        share = np.clip((ends[1] - ends[0] - self.unit) / span, 0.0, 1.0)
        penalty = np.where(only, 0.0, np.where(mixed, 1.0, share))
        features = interval_features(*ends, only, mixed, self.missing) if numeric else None
        extent = Ranges(low, high, mixed, n_cuts + 1)
        return Labels.merged(texts, of_cell, penalty, features, extent)

    def _text(self, low, high, mixed):
        n_cuts = self.cuts.size
        if low > n_cuts:
            return MISSING
        start = self.cuts[low - 1] if low else None
        stop = self.cuts[high] if high < n_cuts else None
        if self.ranked is not None and stop is not None and stop >= len(self.ranked):
            stop = None  # the last name has no end
        if start is None and stop is None:
            return "*" if mixed or not self.missing else f"not {MISSING}"
        text = interval_text(start, stop, self.ranked)
        return f"{text} or {MISSING}" if mixed else text

    def _encode_names(self, texts):
        codes = np.searchsorted(self.cuts, np.arange(len(self.ranked)), side="right").tolist()
        code = dict(zip(self.ranked, codes, strict=True))
        code |= {MISSING: self.cuts.size + 1} if self.missing else {}
        found = (code.get(text, -1) for text in texts)
        return np.fromiter(found, dtype=np.int64, count=len(texts))

    def _edges(self):
        """Return finite ends of all codes; an open end lies as far out as cuts lie apart."""
        cuts = plain(self.cuts)
        inner = cuts[np.abs(cuts) < LARGEST]
        if not inner.size:  # cuts that part infinities, or none
            return np.arange(cuts.size + 2.0)
        n_low = 1 + int((cuts <= -LARGEST).sum())
        n_high = 1 + int((cuts >= LARGEST).sum())
        gaps = max(1, inner.size - 1)
        step = (inner[-1] / gaps - inner[0] / gaps) or abs(inner[0]) or 1.0
        with np.errstate(over="ignore"):  # they are clipped below
            low = inner[0] - step * np.arange(n_low, 0, -1)
            high = inner[-1] + step * np.arange(1, n_high + 1)
        if self.outer is not None and self.outer[0] < inner[0]:
            low[-1] = self.outer[0]
        if self.outer is not None and self.outer[1] > inner[-1]:
            high[0] = self.outer[1]
        return np.clip(np.r_[low, inner, high], -FAR, FAR)


def interval_features(low: Any, high: Any, only: Any, mixed: Any, missing: Any) -> np.ndarray:
    """Return midpoint, width and, if some value was ``missing``, the share of missing values."""
    features = [low / 2 + high / 2, high - low]
    if missing:
        features.append(only + 0.5 * mixed)
    return np.column_stack(features)


def interval_text(start: Any, stop: Any, names: Sequence[str] | None = None) -> Any:
    """Return the text of an interval, whose ends may be open (None), or of the names of ranks."""
    if names is not None:
        return _names_text(start, stop, names)
    if start == -LARGEST and stop is not None:
        return f"(-inf, {show(stop)})"
    if start is None:
        return "-inf" if stop == -LARGEST else f"< {show(stop)}"
    if stop is not None:
        return f"[{show(start)}, {show(stop)})"
    if start == -LARGEST:
        return "> -inf"
    return "inf" if start == np.inf else f">= {show(start)}"


def _names_text(start, stop, names):
    """Return the text of ordered categories from one rank up to, and without, another."""
    if start is None:
        return f"< {names[int(stop)]}"
    if stop is None:
        return names[-1] if start == len(names) - 1 else f">= {names[int(start)]}"
    first, last = names[int(start)], names[int(stop) - 1]
    return first if first == last else f"[{first}, {last}]"


def is_time(values: Any) -> Any:
    return np.issubdtype(values.dtype, np.datetime64)


def plain(values: Any) -> Any:
    """Return values as numbers, times as days since 1970."""
    return values.astype(np.int64) / _DAY if is_time(values) else values
