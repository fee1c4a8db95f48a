"""Sums whose addends nobody sees: what masks and shares have in common.

A site brings its answer to public units (:mod:`._units`), hides it in the ring, and sends that;
only totals are opened. Where limits are declared, the range is proven before anything is computed;
without them sites agree on units first, and each checks its own answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from .._aggregator import finite_bounds, packed_addends, unpack
from .._statistic import Scale, Statistic
from ._network import NARROW, RING, Question, digest_of, question_of
from ._sites import Sites
from ._units import Grid, column_grid, declared_grid, entry_units, grid, largest, marks

_UNITS: Question = {"statistic": "units of the columns"}


class Hiding(ABC):
    """An aggregator that opens totals only.

    Subclasses say how one site's vector is hidden, and how a total is opened.

    Parameters
    ----------
    inner : Sites
        Whose addends are hidden.
    needs : str
        Who needs three of whom, for messages.
    """

    def __init__(self, inner: Sites, needs: str) -> None:
        if inner.n_sites < 3:
            raise InvalidParameterError(
                f"{needs}. Got {inner.n_sites}: of two, each learns the other's sum by taking its "
                "own from the total."
            )
        self.inner = inner
        self.limits = inner.limits
        self.n_sites = inner.n_sites
        self.network = inner.network
        self.sent: list[int] = []
        self._scale: Scale | None = None
        self._most: list[float] = []  # rows of each site that is here
        self._n_rows = 0.0  # no fewer than those of all sites together
        self._pending = 0  # bytes of agreements since the last sum

    @abstractmethod
    def hide(self, words: Sequence[np.ndarray], question: bytes) -> list[np.ndarray]:
        """Return what each site that is here sends, given its ring elements."""

    def open(self, question: Question, hidden: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
        """Return the total of all sites' ring elements, and the bytes that each site sent."""
        adding = NARROW if len(hidden[0]) == 1 else RING
        n_bytes = self.network.copies * hidden[0].nbytes
        return self.network.total(question, hidden, adding), n_bytes

    def addends(self, statistic: Statistic, *broadcast: Any) -> list[tuple[np.ndarray]]:
        """Return what each site that is here sends: a tuple of one array of ring elements."""
        return [(words,) for words in self._hidden(statistic, *broadcast)[0]]

    def sum(self, statistic: Statistic, *broadcast: Any) -> tuple[np.ndarray, ...]:
        """Return the sum over all sites."""
        hidden, used, shapes = self._hidden(statistic, *broadcast)
        total, n_bytes = self.open(question_of(statistic, shapes), hidden)
        self.sent.append(self._pending + n_bytes)
        self._pending = 0
        return unpack(used.decode(total), shapes)

    def rounding(self, statistic: Statistic, n_values: int) -> float:
        """Return how far rounding to the ring moves a sum apart, in L2 norm, in bounds."""
        if self.limits is None:
            return 0.0
        used = grid(np.ones(1), self.limits.n_rows, statistic.bits)
        # A bound is more than half its unit, and either of two neighbours is rounded once a value.
        return 2 * n_values**0.5 * 2.0**-used.fraction_bits

    def _hidden(
        self, statistic: Statistic, *broadcast: Any
    ) -> tuple[list[np.ndarray], Grid, tuple[tuple[int, ...], ...]]:
        if self.limits is not None:
            bounds = finite_bounds(statistic, self.limits, *broadcast)
            grid(bounds, self.limits.n_rows, statistic.bits)  # raises before anything is computed
            vectors, shapes = packed_addends(self.inner, statistic, *broadcast)
            used = declared_grid(bounds, shapes, self.limits.n_rows, statistic.bits)
            most = [float(self.limits.n_rows)] * len(vectors)
        else:
            scale = self._agreed_scale()
            vectors, shapes = packed_addends(self.inner, statistic, *broadcast)
            if statistic.agreed:
                used, most = self._agreed_grid(statistic, vectors, shapes, scale), [1.0]
                most *= len(vectors)
            else:
                used = column_grid(statistic, broadcast, shapes, scale, self._n_rows)
                most = self._most
        words = [used.encode(v, m) for v, m in zip(vectors, most, strict=True)]
        return self.hide(words, digest_of(question_of(statistic, shapes))), used, shapes

    def _agreed_scale(self) -> Scale:
        """Return the units of the columns, and agree on them first."""
        if self._scale is None:
            found = [site.magnitudes() for site in self.inner.sites]
            self._most = [float(site.n_rows) for site in self.inner.sites]
            sizes = [np.append(m, n) for m, n in zip(found, self._most, strict=True)]
            *columns, target, weight, n_rows = self._largest(_UNITS, sizes)
            self._scale = Scale(np.array(columns), float(target), float(weight))
            self._n_rows = self.n_sites * float(n_rows)
        return self._scale

    def _agreed_grid(
        self,
        statistic: Statistic,
        vectors: Sequence[np.ndarray],
        shapes: Sequence[tuple[int, ...]],
        scale: Scale,
    ) -> Grid:
        """Agree on the size of each output, beyond what its entries' units say."""
        pattern = entry_units(statistic, shapes, scale)
        edges = np.cumsum([0, *(len(part) for part in pattern)])
        flat = np.concatenate(pattern)
        sizes = [np.maximum.reduceat(np.abs(vector) / flat, edges[:-1]) for vector in vectors]
        question = {**question_of(statistic, shapes), "statistic": "units of outputs"}
        agreed = np.repeat(self._largest(question, sizes), np.diff(edges))
        return grid(flat * agreed, self.n_sites, statistic.bits)

    def _largest(self, question: Question, sizes: Sequence[np.ndarray]) -> np.ndarray:
        """Return powers of two that no size of any site exceeds: a masked maximum."""
        question = {**question, "sizes": len(sizes[0])}
        hidden = self.hide([marks(size) for size in sizes], digest_of(question))
        total, n_bytes = self.open(question, hidden)
        self._pending += n_bytes
        return largest(total)
