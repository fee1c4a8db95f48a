"""What can be isolated: whose sums somebody can compute alone.

Plain sums show every single site. Masks and shares show the total, from which a coalition of
``threshold`` sites takes its own sums: what is left is the total of the other sites together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

_MANY = 20  # sites: beyond, a coalition of all but two is not what anybody plans for
_MOST_SETS = 5000


def largest_threshold(n_sites: int) -> int:
    """Return how many sites may collude at most: two others must be left."""
    return n_sites - 2


def default_threshold(n_sites: int) -> int:
    """Return how many sites may collude where nobody said so.

    All but two of up to 20 sites, and a third of more: a coalition of that size is what protocols
    for many sites are built against [1]_.

    .. [1] J. Bell et al., "Secure single-server aggregation with (poly)logarithmic overhead", CCS
       2020, section 3.
    """
    return largest_threshold(n_sites) if n_sites <= _MANY else n_sites // 3


@dataclass(frozen=True)
class Reach:
    """Which sets of sites can be isolated.

    Parameters
    ----------
    n_sites : int
        How many sites there are.
    threshold : int or None
        How many sites may put together what they know; None where sums are not hidden at all.
    """

    n_sites: int
    threshold: int | None = None

    @property
    def n_left(self) -> int:
        """How many sites are at least in a set that somebody can isolate."""
        return 1 if self.threshold is None else self.n_sites - self.threshold

    def effective(self, weight: np.ndarray, squares: np.ndarray) -> np.ndarray:
        """Return the least effective number of rows that can be isolated.

        Kish's size of a set is (sum of weights)² / (sum of squares). Sets that are larger than
        ``n_left`` need no look: if all their parts have an effective size of k or more, they have.

        Parameters
        ----------
        weight, squares : ndarray of shape (n_sites, n_groups)
            Sums of weights and of their squares, by site.

        Returns
        -------
        ndarray of shape (n_groups,)
            Infinite where no site has a row of the group.
        """
        if math.comb(self.n_sites, self.n_left) > _MOST_SETS:
            return self._at_least(weight, squares)
        sets = np.array(list(combinations(range(self.n_sites), self.n_left)))
        # total: (n_sets, n_groups)
        total, square = weight[sets].sum(axis=1), squares[sets].sum(axis=1)
        size = np.divide(total**2, square, out=np.full_like(total, np.inf), where=square > 0)
        return size.min(axis=0)

    def _at_least(self, weight: np.ndarray, squares: np.ndarray) -> np.ndarray:
        """Return a lower bound, where there are too many sets to look at.

        With r the largest ratio of squares to weights that a site has, the sum of squares of a set
        is at most r times its sum of weights W, so its effective size is at least W / r. Equal
        weights make that exact.
        """
        there = weight > 0
        ratio = np.divide(squares, weight, out=np.zeros_like(weight), where=there).max(axis=0)
        return self.least(np.divide(weight, ratio, out=np.zeros_like(weight), where=ratio > 0))

    def least(self, counts: np.ndarray) -> np.ndarray:
        """Return the least number above zero that can be isolated, infinite where there is none.

        Parameters
        ----------
        counts : ndarray of shape (n_sites, n_groups)
            What each site has.

        Returns
        -------
        ndarray of shape (n_groups,)
        """
        ordered = np.sort(counts, axis=0)
        first = np.where(counts > 0, counts, np.inf).min(axis=0)
        smallest = ordered[: self.n_left].sum(axis=0)
        return np.where(smallest > 0, smallest, first)
