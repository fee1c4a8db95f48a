"""Additive secret sharing: every party's sum is split among all parties before it is added.

A party splits its ring elements into ``n_parties`` shares: all but one are uniform, the last one
makes them add up [1]_. It keeps one and sends one to each other party. Each party adds the shares
that it holds and opens only that: the opened numbers add up to the total, and any ``n_parties - 1``
shares of one party's sum are independent of it. Shares are drawn by the operating system.

In one process this is a *simulation*: the code of every party runs, and nothing separates them.

.. [1] R. Cramer, I. Damgård, J. B. Nielsen, "Secure multiparty computation and secret sharing",
   Cambridge, 2015, section 1.3.
"""

from functools import reduce

import numpy as np

from ...exceptions import InvalidParameterError
from .._aggregator import unpack
from . import _ring
from ._masked import encoded_addends


def share(words, n_parties):
    """Split ring elements into additive shares.

    Parameters
    ----------
    words : ndarray of uint64 of shape (2, n_values)
        Ring elements.
    n_parties : int
        How many shares.

    Returns
    -------
    list of ndarray of uint64 of shape (2, n_values)
        They add up to ``words``; any ``n_parties - 1`` of them are uniform and independent.
    """
    random = [_ring.uniform(words.shape[1]) for _ in range(n_parties - 1)]
    return [*random, _ring.add(words, _ring.negate(reduce(_ring.add, random)))]


class Shared:
    """Let every party learn the total of all parties' sums, and nothing else of them.

    Parameters
    ----------
    inner : Aggregator
        Whose addends are shared. With limits, the range is proven before anything is computed;
        without them each party checks its own addend, and the whole sum is aborted before
        anything is opened.

    Attributes
    ----------
    limits : Limits or None
        What is publicly known about the rows.
    n_sites : int
        How many parties there are; at least 3.
    sent : list of int
        Bytes that each party sent, one entry a sum.

    Notes
    -----
    **Protects** the sums of each party: only their total is opened.
    **Against** up to ``n_sites - 2`` of the parties together, who follow the protocol: they learn
    the total of the others.
    **Leaks** the total, and the number of rounds.
    **Assumes** channels that nobody else reads, and that each party runs on its own machine: in
    one process this is a simulation.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.sums import Rows, Shared, Sites, location
    >>> parties = [Rows(np.full((2, 1), float(i)), np.zeros(2), np.ones(2)) for i in range(3)]
    >>> count, features, target = Shared(Sites(parties)).sum(location)
    >>> float(count), features.tolist()
    (6.0, [6.0])
    """

    def __init__(self, inner):
        if inner.n_sites < 3:
            raise InvalidParameterError(
                f"Sums over secret shares need at least 3 parties. Got {inner.n_sites}: of two, "
                "each learns the other's sum by taking its own from the total."
            )
        self.inner = inner
        self.limits = inner.limits
        self.n_sites = inner.n_sites
        self.network = inner.network
        self.sent = []

    def addends(self, statistic, *broadcast):
        """Return what each party opens: the sum of the shares that it holds."""
        return [(vector,) for vector in self._opened(statistic, *broadcast)[0]]

    def sum(self, statistic, *broadcast):
        """Return the sum over all parties."""
        vectors, shapes = self._opened(statistic, *broadcast)
        return unpack(_ring.decode(reduce(_ring.add, vectors)), shapes)

    def _opened(self, statistic, *broadcast):
        encoded, shapes = encoded_addends(self.inner, statistic, *broadcast)
        held = [np.zeros_like(encoded[0]) for _ in encoded]
        for words in encoded:
            held = [_ring.add(h, s) for h, s in zip(held, share(words, self.n_sites), strict=True)]
        # A share to each other party, and then the opened sum to each of them.
        self.sent.append(2 * (self.n_sites - 1) * held[0].nbytes)
        return held, shapes
