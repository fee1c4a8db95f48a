"""How much the classes of a table say about a sensitive value, from counts alone.

Every function takes ``counts`` of shape (..., n_values), the people with each sensitive value in
each class, and returns one number a class. Some also take ``totals`` of shape (n_values,), the
people with each value in the whole table, none of them 0.

Shares and distances are quotients of two whole numbers that are rounded once, like a decimal bound
that they are compared with: where such a number is equal to the bound, so are the two floats
(as long as the whole numbers are below 2**53; beyond, to within two units in the last place).

An empty class has no share and no distance (0), and no value (0, but an entropy of 1).
"""

from typing import Any

import numpy as np


def distinct_l(counts: Any) -> Any:
    """Return the number of distinct values in each class [1]_.

    References
    ----------
    .. [1] A. Machanavajjhala et al., "l-diversity: privacy beyond k-anonymity", ACM TKDD 2007.
    """
    return np.count_nonzero(counts, axis=-1)


def entropy_l(counts: Any) -> np.ndarray:
    """Return exp(entropy) of each class: as many equally frequent values are as diverse [1]_.

    Logarithms are rounded: the relative error stays below 1e-13.

    References
    ----------
    .. [1] A. Machanavajjhala et al., "l-diversity: privacy beyond k-anonymity", ACM TKDD 2007.
    """
    n = np.maximum(counts.sum(axis=-1), 1)
    share = counts / n[..., None]
    return np.exp(-(share * np.log(np.where(counts, share, 1.0))).sum(axis=-1))


def recursive_c(counts: Any, l: Any) -> np.ndarray:
    """Return r_1 / (r_l + ... + r_m) of each class, its counts sorted downwards [1]_.

    A class is recursive (c, l)-diverse for every c above this number, which is infinite where the
    class has fewer than ``l`` values.

    References
    ----------
    .. [1] A. Machanavajjhala et al., "l-diversity: privacy beyond k-anonymity", ACM TKDD 2007.
    """
    l = min(l, counts.shape[-1] + 1)
    if l == 1:
        tail = counts.sum(axis=-1)
    else:  # all but the l - 1 largest; only those need a place
        place = counts.shape[-1] - (l - 1)
        tail = np.partition(counts, place, axis=-1)[..., :place].sum(axis=-1) if place else 0
    largest = counts.max(axis=-1)
    ratio = np.full(largest.shape, np.inf)
    np.divide(largest, tail, out=ratio, where=np.asarray(tail) > 0)
    return np.where(largest > 0, ratio, 0.0)


def largest_share(counts: Any) -> Any:
    """Return the share of the most frequent value in each class: alpha [1]_.

    References
    ----------
    .. [1] R. Wong et al., "(α, k)-anonymity: an enhanced k-anonymity model", KDD 2006.
    """
    return counts.max(axis=-1) / np.maximum(counts.sum(axis=-1), 1)


def relative_gain(counts: Any, totals: Any) -> Any:
    """Return the largest (q − p) / p of a value in each class: basic beta-likeness [1]_.

    Here q is the share of the value in the class, and p its share in the table.

    References
    ----------
    .. [1] J. Cao, P. Karras, "Publishing microdata with a robust privacy guarantee", PVLDB 2012,
       definition 2.
    """
    n = counts.sum(axis=-1)[..., None]
    return (_excess(counts, totals) / np.maximum(n * totals, 1)).max(axis=-1)


def equal_distance(counts: Any, totals: Any) -> Any:
    """Return half the sum of |q − p| over the values: t for values equally far apart [1]_.

    References
    ----------
    .. [1] N. Li, T. Li, S. Venkatasubramanian, "t-closeness", ICDE 2007, section 4.2.
    """
    moved = np.maximum(_excess(counts, totals), 0).sum(axis=-1, dtype=np.float64)
    return moved / _mass(counts, totals)


def ordered_distance(counts: Any, totals: Any) -> Any:
    """Return the mean of |Q_i − P_i| over all steps between values in their order: t [1]_.

    Q and P are cumulative shares; neighbouring values lie 1 / (n_values − 1) apart.

    References
    ----------
    .. [1] N. Li, T. Li, S. Venkatasubramanian, "t-closeness", ICDE 2007, section 4.1.
    """
    ahead = np.cumsum(counts, axis=-1, dtype=np.int64)  # (Q − P), in place, times both numbers
    expected = ahead[..., -1:] * np.cumsum(totals)
    ahead *= totals.sum()
    ahead -= expected
    moved = np.abs(ahead, out=ahead).sum(axis=-1, dtype=np.float64)
    return moved / (_mass(counts, totals) * max(1, totals.size - 1))


def hierarchical_distance(counts: np.ndarray, totals: np.ndarray, tree: tuple[Any, ...]) -> Any:
    """Return t where two values lie as far apart as their lowest common ancestor is high [1]_.

    Heights are shares of the height of the tree. What the children of a node have too much of
    moves to those that have too little as far as both last; the rest moves through the parent.

    Parameters
    ----------
    counts, totals : ndarray
        As in all functions of this module.
    tree : tuple
        ``Sensitive.tree``.

    References
    ----------
    .. [1] N. Li, T. Li, S. Venkatasubramanian, "t-closeness", ICDE 2007, section 4.2.
    """
    order, (leaves, *levels) = tree
    excess = np.add.reduceat(_excess(counts, totals)[..., order], leaves, axis=-1)
    moved = np.zeros(counts.shape[:-1])
    for height, starts in enumerate(levels, start=1):
        more = np.add.reduceat(np.maximum(excess, 0), starts, axis=-1)
        excess = np.add.reduceat(excess, starts, axis=-1)
        moved += height * np.minimum(more, more - excess).sum(axis=-1, dtype=np.float64)
    return moved / (_mass(counts, totals) * max(1, len(levels)))


def _excess(counts, totals):
    """Return (q − p) times the people of the class times those of the table: whole numbers."""
    counts = np.asarray(counts, dtype=np.int64)
    return counts * totals.sum() - counts.sum(axis=-1)[..., None] * totals


def _mass(counts, totals):
    return np.maximum(counts.sum(axis=-1), 1) * totals.sum()
