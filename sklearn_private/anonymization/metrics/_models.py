"""The privacy models that a table satisfies: k, l, t, alpha and beta as they are."""

from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ..models import DISTANCES, _disclosure
from ._view import View


def k_anonymity(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    quasi_identifiers: list[Any] | None = None,
    subject_id: Any = None,
) -> int:
    """Return k: the people in the smallest class.

    Parameters
    ----------
    table : DataFrame or array-like of shape (n_rows, n_columns)
        The output of any tool; or original values, whose classes ``classes`` tells.
    classes : DataFrame, ndarray, or array-like of shape (n_rows,), default=None
        What tells the classes, as in :func:`measures`.
    quasi_identifiers : list, default=None
        Columns that are known from elsewhere. None: all that no other parameter names.
    subject_id : str (or int), default=None
        Column that says whose row it is.

    Returns
    -------
    int

    References
    ----------
    L. Sweeney, "k-anonymity: a model for protecting privacy", 2002.

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> metrics.k_anonymity([[30, 1], [30, 1], [40, 1], [40, 1], [40, 1]])
    2
    """
    return int(View.of(k_anonymity, table, classes, quasi_identifiers, subject_id).people.min())


def l_diversity(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    sensitive: list[Any],
    quasi_identifiers: Any = None,
    kind: str = "distinct",
    subject_id: Any = None,
) -> float:
    """Return l: how many values are well represented in the least diverse class.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id
        As in :func:`k_anonymity`.
    sensitive : list
        Sensitive columns; of several, each is judged within classes of the quasi-identifiers and
        the others, and the worst counts.
    kind : {"distinct", "entropy"}, default="distinct"
        As in :class:`~sklearn_private.anonymization.LDiversity`.

    Returns
    -------
    int or float
        A whole number of values, or exp(entropy).

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> rows = [["30", "flu"], ["30", "flu"], ["30", "HIV"], ["40", "flu"], ["40", "HIV"]]
    >>> metrics.l_diversity(rows, sensitive=[1])
    2
    >>> round(metrics.l_diversity(rows, sensitive=[1], kind="entropy"), 3)
    1.89
    """
    kinds = {"distinct": _disclosure.distinct_l, "entropy": _disclosure.entropy_l}
    if kind not in kinds:
        raise InvalidParameterError(
            f"The 'kind' parameter of l_diversity must be 'distinct' or 'entropy'. Got {kind!r} "
            "instead. For the recursive kind see recursive_diversity."
        )
    view = View.of(l_diversity, table, classes, quasi_identifiers, subject_id, sensitive)
    return min(part.each(kinds[kind]).min() for part in _parts(view)).item()


def recursive_diversity(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    sensitive: Any,
    l: int,
    quasi_identifiers: Any = None,
    subject_id: Any = None,
) -> float:
    """Return c: the table is recursive (c', l)-diverse for every c' above it.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id, sensitive
        As in :func:`l_diversity`.
    l : int
        The first of the less frequent values that count.

    Returns
    -------
    float
        Infinite if a class has fewer than ``l`` values.

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> rows = [["30", "flu"], ["30", "flu"], ["30", "HIV"], ["40", "flu"], ["40", "HIV"]]
    >>> metrics.recursive_diversity(rows, sensitive=[1], l=2)
    2.0
    """
    if not isinstance(l, int | np.integer) or isinstance(l, bool) or l < 1:
        raise InvalidParameterError(
            f"The 'l' parameter of recursive_diversity must be an integer >= 1. Got {l!r} instead."
        )
    view = View.of(recursive_diversity, table, classes, quasi_identifiers, subject_id, sensitive)
    parts = _parts(view)
    return max(part.each(lambda n: _disclosure.recursive_c(n, l)).max() for part in parts).item()


def t_closeness(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    sensitive: Any,
    quasi_identifiers: Any = None,
    distance: str = "equal",
    hierarchies: dict[Any, Any] | None = None,
    subject_id: Any = None,
) -> float:
    """Return t: how far the sensitive values of a class are from those of the whole table.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id, sensitive
        As in :func:`l_diversity`.
    distance : {"equal", "ordered", "hierarchical"}, default="equal"
        As in :class:`~sklearn_private.anonymization.TCloseness`.
    hierarchies : dict of column to Hierarchy, default=None
        For the hierarchical distance.

    Returns
    -------
    float
        The greatest earth mover's distance of a class.

    Examples
    --------
    The first table of Li et al. (ICDE 2007): salaries of 3,000 to 11,000 in three classes.

    >>> from sklearn_private.anonymization import metrics
    >>> pay = [[3], [4], [5], [6], [11], [8], [7], [9], [10]]
    >>> metrics.t_closeness(pay, [0, 0, 0, 1, 1, 1, 2, 2, 2], sensitive=[0], distance="ordered")
    0.375
    """
    if distance not in DISTANCES:
        raise InvalidParameterError(
            f"The 'distance' parameter of t_closeness must be one of {', '.join(DISTANCES)}. "
            f"Got {distance!r} instead."
        )
    view = View.of(t_closeness, table, classes, quasi_identifiers, subject_id, sensitive)
    measure = DISTANCES[distance]
    return max(
        part.each(lambda counts, part=part: measure(counts, part.sensitive)).max()
        for part in _parts(view, hierarchies)
    ).item()


def alpha_k(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    sensitive: Any,
    quasi_identifiers: Any = None,
    subject_id: Any = None,
) -> float:
    """Return alpha: the greatest share of one sensitive value in a class.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id, sensitive
        As in :func:`l_diversity`.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> rows = [["30", "flu"], ["30", "flu"], ["30", "flu"], ["30", "HIV"]]
    >>> metrics.alpha_k(rows, sensitive=[1])
    0.75
    """
    view = View.of(alpha_k, table, classes, quasi_identifiers, subject_id, sensitive)
    parts = _parts(view)
    return max(part.each(_disclosure.largest_share).max() for part in parts).item()


def beta_likeness(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    sensitive: Any,
    quasi_identifiers: Any = None,
    subject_id: Any = None,
) -> float:
    """Return beta: the greatest relative gain of a value's share in a class over the table.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id, sensitive
        As in :func:`l_diversity`.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> rows = [["30", "flu"], ["30", "HIV"], ["40", "flu"], ["40", "flu"]]
    >>> metrics.beta_likeness(rows, sensitive=[1])  # HIV: 1/2 of a class, 1/4 of the table
    1.0
    """
    view = View.of(beta_likeness, table, classes, quasi_identifiers, subject_id, sensitive)
    return max(
        part.each(
            lambda counts, totals=part.sensitive.counts: _disclosure.relative_gain(counts, totals)
        ).max()
        for part in _parts(view)
    ).item()


def _parts(view, hierarchies=None):
    """Return the contingency tables, at least one."""
    parts = view.contingencies(hierarchies)
    if not parts:
        raise InvalidParameterError(
            f"The 'sensitive' parameter of {view.owner} must name at least one column. "
            "Got none instead."
        )
    return parts
