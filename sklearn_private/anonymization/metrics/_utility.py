"""How much detail is left in a table."""

from typing import Any

import numpy as np

from ._loss import checked_hierarchies, column_losses
from ._view import View


def certainty_penalties(
    table: Any,
    classes: np.ndarray,
    *,
    quasi_identifiers: list[Any] | None = None,
    hierarchies: dict[Any, Any] | None = None,
) -> dict[Any, float]:
    """Return the normalised certainty penalty (NCP) of each quasi-identifier.

    Their mean is :func:`~sklearn_private.anonymization.information_loss` (GCP).

    Parameters
    ----------
    table : DataFrame or array-like of shape (n_rows, n_columns)
        The original values.
    classes : DataFrame, ndarray, or array-like of shape (n_rows,)
        What tells the classes, as in :func:`measures`.
    quasi_identifiers : list, default=None
        The columns that were generalised. None: all.
    hierarchies : dict of column to Hierarchy, default=None
        Columns that are judged by a hierarchy instead of as sets.

    Returns
    -------
    dict of column to float
        From 0 (nothing lost) to 1 (all lost).

    References
    ----------
    J. Xu et al., "Utility-based anonymization using local recoding", KDD 2006.

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> people = [[20, 1], [30, 1], [40, 1], [70, 2]]
    >>> metrics.certainty_penalties(people, [0, 0, 1, 1])
    {0: 0.4, 1: 0.5}
    """
    view = View.of(certainty_penalties, table, classes, quasi_identifiers)
    return named_losses(view, hierarchies)


def named_losses(view: Any, hierarchies: Any) -> dict[Any, Any]:
    """Return the NCP of each quasi-identifier of a view, by name."""
    quasi = view.roles.quasi
    trees = checked_hierarchies(view.owner, view.table, quasi, hierarchies)
    losses = column_losses(view.table, quasi, view.classes, trees)
    return dict(zip(view.quasi_identifiers, losses, strict=True))


def discernibility(
    table: Any, classes: np.ndarray | None = None, *, quasi_identifiers: Any = None
) -> int:
    """Return the discernibility metric: with how many rows each row is confused, summed.

    A row of a class of n rows costs n; a suppressed one costs all rows of the table.

    Parameters
    ----------
    table, classes, quasi_identifiers
        As in :func:`k_anonymity`.

    Returns
    -------
    int

    References
    ----------
    R. Bayardo, R. Agrawal, "Data privacy through optimal k-anonymization", ICDE 2005.

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> metrics.discernibility([["30"], ["30"], ["30"], ["*"]])  # 3 * 3 + 4
    13
    """
    return discerned(View.of(discernibility, table, classes, quasi_identifiers).classes)


def discerned(classes: np.ndarray) -> int:
    """Return the discernibility metric of classes."""
    sizes = np.bincount(classes.of_row[~classes.hidden])
    return int((sizes**2).sum() + classes.hidden.sum() * classes.hidden.size)


def average_class_size(
    table: Any,
    classes: np.ndarray | None = None,
    *,
    k: int | None = None,
    quasi_identifiers: Any = None,
    subject_id: Any = None,
) -> float:
    """Return C_avg: the mean number of people in a class, over the fewest that are allowed.

    Parameters
    ----------
    table, classes, quasi_identifiers, subject_id
        As in :func:`k_anonymity`.
    k : int, default=None
        The fewest people that were allowed. None: those of the smallest class.

    Returns
    -------
    float
        1 is the best.

    References
    ----------
    K. LeFevre, D. DeWitt, R. Ramakrishnan, "Mondrian multidimensional k-anonymity", ICDE 2006.

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> metrics.average_class_size([["30"]] * 4 + [["40"]] * 2)
    1.5
    """
    people = View.of(average_class_size, table, classes, quasi_identifiers, subject_id).people
    return relative_size(people, k)


def relative_size(people: Any, k: int) -> float:
    """Return the mean of the people in each class over ``k`` (None: over the least)."""
    return float(people.mean() / (people.min() if k is None else k))


def suppression(
    table: Any, classes: np.ndarray | None = None, *, quasi_identifiers: Any = None
) -> float:
    """Return the share of rows that say nothing.

    These are rows whose class is -1, None or NaN, or with ``"*"`` in every quasi-identifier.

    Parameters
    ----------
    table, classes, quasi_identifiers
        As in :func:`k_anonymity`.

    Returns
    -------
    float

    Examples
    --------
    >>> from sklearn_private.anonymization import metrics
    >>> metrics.suppression([["30"], ["30"], ["30"], ["*"]])
    0.25
    """
    view = View.of(suppression, table, classes, quasi_identifiers)
    return float(view.classes.hidden.mean())
