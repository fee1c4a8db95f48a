"""Which rows belong to which site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import column_or_1d

from ...exceptions import InvalidParameterError


@dataclass(frozen=True, eq=False)
class Partition:
    """Rows by site.

    Parameters
    ----------
    rows : dict of site name to ndarray of int
        Positions of the rows of each site, sites in sorted order.
    simulated : bool
        Whether the sites were made up, since nobody said where the rows belong.
    """

    rows: dict[Any, np.ndarray]
    simulated: bool

    @property
    def sizes(self) -> dict[Any, int]:
        """Number of rows of each site, by name."""
        return {name: len(positions) for name, positions in self.rows.items()}


def partition(positions: np.ndarray, groups: Any = None, *, n_sites: int) -> Partition:
    """Split rows by ``groups``, or deal them out in turn.

    Parameters
    ----------
    positions : ndarray of int
        Positions of the rows that take part.
    groups : array-like of shape (n_rows,), default=None
        The site of every row.
    n_sites : int
        Without ``groups``: how many sites to simulate (at most one a row). They get rows in turn,
        a public rule that no value decides.

    Returns
    -------
    Partition

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.sums.fitting._partition import partition
    >>> partition(np.arange(4), ["b", "a", "b", "b"], n_sites=2).sizes
    {'a': 1, 'b': 3}
    >>> partition(np.arange(5), n_sites=2).sizes
    {0: 3, 1: 2}
    """
    if groups is None:
        n_sites = min(n_sites, len(positions))
        return Partition({i: positions[i::n_sites] for i in range(n_sites)}, True)
    groups = column_or_1d(groups)[positions]
    if any(name is None or name != name for name in groups.tolist()):
        raise InvalidParameterError("groups names no site for some rows. Name one for each.")
    names, site = np.unique(groups, return_inverse=True)
    order = np.argsort(site, kind="stable")
    parts = np.split(positions[order], np.cumsum(np.bincount(site))[:-1])
    return Partition(dict(zip(names.tolist(), parts, strict=True)), False)
