"""Secret sharing: every party learns the total of all parties' sums, and nothing else of them.

Parties hold shares of zero: each pair draws numbers from a common seed, which one of the two adds
to its ring elements and the other one takes away [1]_. A party's vector plus its share of zero is
its additive share of the total; any of them but one are uniform and independent of all inputs.
Nothing has to be sent for that, once seeds are agreed.

The total is opened by reduce-scatter and broadcast: each of the n parties adds one n-th of all
shares and tells the others the result. So a party sends 2 (n - 1) / n vectors, whatever n is.

In one process this is a *simulation*: the code of every party runs, and nothing separates them.

.. [1] R. Cramer, I. Damgård, Y. Ishai, "Share conversion, pseudorandom secret-sharing and
   applications to secure computation", TCC 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from . import _ring
from ._masked import Masked
from ._network import NARROW, RING, Apart, Question


class Shared(Masked):
    """Let every party learn the total of all parties' sums, and nothing else of them.

    Parameters
    ----------
    inner : Aggregator
        Whose addends are shared. With limits, the range is proven before anything is computed;
        without them parties agree on units first, and each checks its own addend.
    threshold : int, default=None
        How many parties may collude; None stands for all but two.

    Attributes
    ----------
    limits : Limits or None
        What is publicly known about the rows.
    n_sites : int
        How many parties there are; at least 3.
    network : Network
        Where the vectors of other parties come from.
    sent : list of int
        Bytes that each party sent, one entry a sum, with those of agreements on units before it.

    Notes
    -----
    **Protects** the sums of each party: only their total is opened.
    **Against** up to ``threshold`` of the parties together, who follow the protocol: they learn the
    total of the others.
    **Leaks** the total, the number of rounds, and without limits the exponent (in steps of four
    bits) of the largest value of each column.
    **Assumes** channels that show who sent what, and that each party runs on its own machine: in
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

    needs = "Sums over secret shares need at least 3 parties"

    def open(self, question: Question, hidden: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
        """Return the total: each party adds its part of all shares, and tells it to the others."""
        if isinstance(self.network, Apart) and self.network.scatters:
            adding = NARROW if len(hidden[0]) == 1 else RING
            return self.network.scattered_total(question, hidden[0], adding)
        n_parties = len(hidden)
        edges = np.linspace(0, hidden[0].shape[1], n_parties + 1).astype(int)
        parts = [
            reduce(_ring.add, [shares[:, start:end] for shares in hidden])
            for start, end in pairwise(edges)
        ]
        longest = int(np.diff(edges).max()) * hidden[0].nbytes // hidden[0].shape[1]
        # A part of its share to each other party, and then its own total to each of them.
        return np.concatenate(parts, axis=1), 2 * (n_parties - 1) * longest
