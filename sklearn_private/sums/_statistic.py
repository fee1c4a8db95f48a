"""Rows, what is publicly known about their size, and the statistics that are summed over them.

A statistic is a function ``statistic(rows, *broadcast)`` that returns a tuple of outputs, each a
sum over the rows: what one site computes from its own rows and from values that everybody knows.
Its *bound* says how much one row can add to each output. One declared bound serves three ends: it
is what clipping enforces, what noise is scaled to, and what the range of a ring is proven from.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, get_args

import numpy as np

from .._checks import Checks

Opens = Literal["counts", "first moments", "second moments"]

_SHRINK = 1 - 1e-12  # A clipped norm is rounded to below its bound, not above it.


@dataclass(frozen=True)
class Limits:
    """What is publicly known about the rows: chosen by the caller, never taken from the data.

    Parameters
    ----------
    row_norm : float
        Largest L2 norm of a row of features; longer rows are clipped to it.
    n_rows : int
        Largest number of rows of all sites together.
    rows_per_unit : int, default=1
        Most rows that one protected unit (a row, or a person) owns.
    target_norm : float, default=inf
        Largest absolute value of a target; larger ones are clipped to it. Class labels need none.

    Examples
    --------
    >>> from sklearn_private.sums import Limits
    >>> Limits(row_norm=1.0, n_rows=1000)
    Limits(row_norm=1.0, n_rows=1000, rows_per_unit=1, target_norm=inf)
    """

    row_norm: float
    n_rows: int
    rows_per_unit: int = 1
    target_norm: float = math.inf

    def __post_init__(self) -> None:
        check = Checks(self)
        check.real("row_norm", above=0)
        check.integer("n_rows", "rows_per_unit", at_least=1)
        if self.target_norm != math.inf:
            check.real("target_norm", above=0)


@dataclass(frozen=True, eq=False)
class Site:
    """Where a statistic runs: what only this site knows, and keeps.

    Parameters
    ----------
    name : str, default=""
        Name of the site.
    seed : int
        Drawn by the operating system, if not given: for what a site draws at random.
    state : dict
        What a statistic wants to find again in its next round (control variates, a generator). It
        never leaves the site.
    """

    name: str = ""
    seed: int = field(default_factory=lambda: secrets.randbits(64))
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one site.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Features.
    y : ndarray of shape (n_rows,)
        Targets; for a classifier the position of each label in the list that all sites agreed on.
    weight : ndarray of shape (n_rows,)
        How much each row counts, at least 0.
    site : Site
        Where the rows are.
    """

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    site: Site = field(default_factory=Site)

    def clipped(self, limits: Limits) -> Rows:
        """Return rows that keep ``limits``, with weights of at most 1.

        Parameters
        ----------
        limits : Limits
            What to keep.

        Returns
        -------
        Rows
        """
        return replace(
            self,
            X=clip_norm(self.X, limits.row_norm),
            y=np.clip(self.y, -limits.target_norm, limits.target_norm),
            weight=np.clip(self.weight, 0.0, 1.0),
        )

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.y)

    def magnitudes(self) -> np.ndarray:
        """Return the largest magnitudes: of each column, of targets and of weights."""
        parts = (_largest(self.X), _largest(self.y), _largest(self.weight))
        return np.concatenate([np.atleast_1d(part) for part in parts])


def _largest(values: np.ndarray) -> np.ndarray:
    """Return the largest magnitude of each column, 0 where all are missing."""
    return np.fmax.reduce(np.abs(values), axis=0, initial=0.0)


def clip_norm(X: np.ndarray, norm: float) -> np.ndarray:
    """Return rows of which those longer than ``norm`` are scaled down to it.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Rows; missing values do not count.
    norm : float
        Largest L2 norm.

    Returns
    -------
    ndarray of shape (n_rows, n_features)
    """
    squared = np.einsum("ij,ij->i", X, X)
    if np.isnan(squared).any():
        squared = np.nansum(X**2, axis=1)
    return X * (norm * _SHRINK / np.maximum(np.sqrt(squared), norm))[:, None]


@dataclass(frozen=True, eq=False)
class Scale:
    """Public powers of two that no value exceeds: sites agree on them before the first sum.

    Parameters
    ----------
    X : ndarray of shape (n_features,)
        Of each column.
    y : float
        Of the target.
    weight : float
        Of the weights.
    """

    X: np.ndarray
    y: float
    weight: float


class Statistic(Protocol):
    """What a function is that :func:`statistic` declared."""

    __name__: str
    __qualname__: str
    bound: Callable[..., tuple[Any, ...]]
    apart: float
    opens: Opens
    unit: Callable[..., tuple[Any, ...]] | None
    agreed: bool
    bits: int
    count: int | None

    def __call__(self, rows: Any, *broadcast: Any) -> tuple[Any, ...]:
        """Return the outputs of one site, from its :class:`Rows` or whatever else it holds."""


def statistic(
    *,
    bound: Callable[..., tuple[Any, ...]],
    apart: float = 2.0,
    opens: Opens = "second moments",
    unit: Callable[..., tuple[Any, ...]] | None = None,
    agreed: bool | None = None,
    bits: int = 64,
    count: int | None = None,
) -> Callable[[Callable[..., tuple[Any, ...]]], Statistic]:
    r"""Declare how much one clipped row of weight 1 can add to each output of a statistic.

    Parameters
    ----------
    bound : callable
        From ``(limits, *broadcast)`` to a tuple of floats: for each output the largest L2 norm of
        what one row that keeps ``limits`` adds. Infinite where ``limits`` leave it open.
    apart : float, default=2
        Over the bound, how far apart what two rows add can be, and what two sets of as many rows
        add: 2 by the triangle inequality, sqrt(2) where no two rows add vectors of negative inner
        product (\|a - b\|² = \|a\|² + \|b\|² - 2 a·b).
    opens : {"counts", "first moments", "second moments"}, default="second moments"
        What the total tells about rows: how many there are of a kind, sums of numbers, or sums of
        products. The guard (:class:`~sklearn_private.sums.guard.Guard`) asks for more rows behind
        the latter.

    unit : callable, default=None
        From ``(scale, *broadcast)``, a :class:`Scale`, to a tuple: for each output, and each of
        its entries, the most that one row of weight 1 adds in magnitude. Hidden sums travel in
        these units where no limits are declared.
    agreed : bool, default=None
        Whether ``unit`` says only how entries of an output compare, and sites agree on the size of
        each output before each sum: one round more. None does so where there is no ``unit``.
    bits : int, default=64
        How many bits below its unit an output is worth. Up to 40 or so, where it only directs the
        next step or counts, words of 64 bits are enough.

    count : int, default=None
        Which output counts the rows: a rule that is not a sum (a median of sites) divides by it.

    Returns
    -------
    callable
        A decorator, which stores all of them as attributes of the function.

    Examples
    --------
    >>> from sklearn_private.sums import Limits, statistic
    >>> @statistic(bound=lambda limits: (limits.row_norm, 1.0), opens="first moments")
    ... def mean(rows):
    ...     return rows.weight @ rows.X, rows.weight.sum()
    >>> mean.bound(Limits(row_norm=2.0, n_rows=10))
    (2.0, 1.0)
    """

    def declare(function: Any) -> Statistic:
        function.bound = bound
        function.apart = apart
        function.opens = opens
        function.unit = unit
        function.agreed = unit is None if agreed is None else agreed
        function.bits = bits
        function.count = count
        return function

    return declare


def strongest(asks: Iterable[Statistic]) -> Opens:
    """Return what the sums of some statistics open together."""
    order = get_args(Opens)
    return max((one.opens for one in asks), key=order.index, default="second moments")
