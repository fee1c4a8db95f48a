"""Plain sums: each site answers for its own rows, and the answers are added."""

import numpy as np

from .._aggregator import packed_addends, unpack
from ._network import IN_THE_CLEAR, Together, question_of


class Sites:
    """Ask every site and add what they answer.

    Parameters
    ----------
    sites : sequence of Rows
        The rows of each site.
    limits : Limits, default=None
        If given, each site clips its rows to them before any statistic sees them.
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

    def __init__(self, sites, limits=None, *, network=None, guard=None):
        self.sites = list(sites) if limits is None else [site.clipped(limits) for site in sites]
        self.limits = limits
        self.guard = guard
        self.network = Together(len(self.sites)) if network is None else network
        self.n_sites = self.network.n_sites
        self.sent = []

    def addends(self, statistic, *broadcast):
        """Return what each site that is here sends: its own outputs, in float64."""
        answers = [
            tuple(np.asarray(output, dtype=np.float64) for output in statistic(site, *broadcast))
            for site in self.sites
        ]
        if self.guard is not None:
            self.guard.admit(statistic, sum(output.size for output in answers[0]))
        self.sent.append(sum(output.nbytes for output in answers[0]))
        return answers

    def rounding(self, statistic, n_values):
        """Return how far rounding moves a sum apart beyond that of float64: not at all."""
        return 0.0

    def sum(self, statistic, *broadcast):
        """Return the sum over all sites."""
        vectors, shapes = packed_addends(self, statistic, *broadcast)
        total = self.network.total(question_of(statistic, shapes), vectors, IN_THE_CLEAR)
        return unpack(total, shapes)
