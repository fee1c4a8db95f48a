"""Plain sums: each site answers for its own rows, and the answers are added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._aggregator import finite_bounds, packed_addends, unpack
from .._rows import SiteLimits, clip_answer
from .._statistic import Limits, Statistic
from ..guard import Guard
from ._network import IN_THE_CLEAR, Network, Together, question_of


def _answer(site: Any, statistic: Statistic, *broadcast: Any) -> tuple[np.ndarray, ...]:
    """Return the outputs of one site, which may have its rows in pieces."""
    if hasattr(site, "answer"):
        return site.answer(statistic, *broadcast)
    return tuple(np.asarray(output, dtype=np.float64) for output in statistic(site, *broadcast))


class Sites:
    """Ask every site and add what they answer.

    Parameters
    ----------
    sites : sequence of Rows
        The rows of each site, or whatever the statistics take.
    limits : Limits or SiteLimits, default=None
        If given, each site clips its rows to them before any statistic sees them, or its whole
        answer to the bounds of the statistic.
    network : Network, default=None
        Where the sums of other sites come from; None: there are none but ``sites``.
    guard : Guard, default=None
        What each site asks before it answers. None answers everything.

    Attributes
    ----------
    limits : Limits or None
        What is publicly known about the rows.
    n_sites : int
        How many sites answer.
    network : Network
        Where the sums of other sites come from.
    sent : list of int
        Bytes that each site sent, one entry a sum.

    Notes
    -----
    **Protects** nothing by itself: rows stay where they are, and their sums travel.
    **Against** nobody.
    **Leaks** the sums of each site to whoever adds them. The sum of a single row is that row.
    **Assumes** that all sites follow the program.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.sums import Rows, Sites, location
    >>> rows = Rows(np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros(2), np.ones(2))
    >>> count, features, target = Sites([rows, rows]).sum(location)
    >>> float(count), features.tolist()
    (4.0, [8.0, 12.0])
    """

    def __init__(
        self,
        sites: Sequence[Any],
        limits: Limits | SiteLimits | None = None,
        *,
        network: Network | None = None,
        guard: Guard | None = None,
    ) -> None:
        clips_rows = isinstance(limits, Limits)
        self.sites = [site.clipped(limits) for site in sites] if clips_rows else list(sites)
        self.limits = limits
        self.guard = guard
        self.network = Together(len(self.sites)) if network is None else network
        self.n_sites = self.network.n_sites
        self.sent: list[int] = []

    def addends(self, statistic: Statistic, *broadcast: Any) -> list[tuple[np.ndarray, ...]]:
        """Return what each site that is here sends: its own outputs, in float64."""
        answers = [_answer(site, statistic, *broadcast) for site in self.sites]
        if isinstance(self.limits, SiteLimits):
            bounds = finite_bounds(statistic, self.limits, *broadcast)
            answers = [clip_answer(answer, bounds) for answer in answers]
        if self.guard is not None:
            self.guard.admit(statistic, sum(output.size for output in answers[0]))
        self.sent.append(sum(output.nbytes for output in answers[0]))
        return answers

    def rounding(self, statistic: Statistic, n_values: int) -> float:
        """Return how far rounding moves a sum apart beyond that of float64: not at all."""
        return 0.0

    def sum(self, statistic: Statistic, *broadcast: Any) -> tuple[np.ndarray, ...]:
        """Return the sum over all sites."""
        vectors, shapes = packed_addends(self, statistic, *broadcast)
        total = self.network.total(question_of(statistic, shapes), vectors, IN_THE_CLEAR)
        return unpack(total, shapes)
