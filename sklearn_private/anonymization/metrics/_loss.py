"""How much detail a partition costs: the certainty penalty of its classes.

The normalised certainty penalty (NCP) [1]_ of a numeric value is the width of its class over the
range of the column; that of a category is the number of categories in its class over the number in
the column, and 0 for a single one. Their mean over all rows and quasi-identifiers is the global
certainty penalty (GCP): 0 where nothing is lost, 1 where everything is. Categories are compared as
sets: *set*-GCP. Where a column has a hierarchy, a class costs the leaves under the lowest group
that holds it, over all leaves: *hierarchy*-GCP.

A class that mixes missing or infinite numbers with others costs the whole range.

.. [1] J. Xu et al., "Utility-based anonymization using local recoding", KDD 2006.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..columns import CategoryAxis, HierarchyAxis, OrderedAxis, class_penalties
from ..models import Classes, listed
from ..tables import Table, kind_of, read_distinct


def information_loss(
    table: Any,
    classes: ArrayLike,
    *,
    quasi_identifiers: list[Any] | None = None,
    hierarchies: dict[Any, Any] | None = None,
) -> float:
    """Compute the GCP of a partition from the original values.

    It judges the classes of any tool alike, whatever labels the tool prints.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_rows, n_columns)
        The original values.
    classes : array-like of shape (n_rows,), DataFrame or ndarray of shape (n_rows, n_columns)
        The class of each row: a number or a label; -1, None or NaN for a suppressed row, which
        costs 1 in every column. Or a table of what was made of the rows, in their order: equal
        quasi-identifiers make a class, ``"*"`` in all of them a suppressed row.
    quasi_identifiers : list, default=None
        The columns that were generalised, by name (or by position in an array). None: all.
    hierarchies : dict of column to Hierarchy, default=None
        Columns that are judged by a hierarchy.

    Returns
    -------
    float
        From 0 (nothing lost) to 1 (all lost).

    Raises
    ------
    InvalidParameterError
        If a column does not exist, or ``classes`` has another length than the table.

    References
    ----------
    J. Xu et al., "Utility-based anonymization using local recoding", KDD 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.anonymization import information_loss
    >>> ages = np.array([[20.0], [30.0], [40.0], [70.0]])
    >>> information_loss(ages, [0, 0, 1, 1])  # (10 + 10 + 30 + 30) / 50 / 4
    0.4
    """
    owner = information_loss.__name__
    table = Table.of(table, owner)
    positions = quasi_positions(owner, table, quasi_identifiers)
    classes = Classes.of(owner, table, classes, positions)
    trees = checked_hierarchies(owner, table, positions, hierarchies)
    return float(np.mean(column_losses(table, positions, classes, trees)))


def quasi_positions(owner: str, table: Any, names: Sequence[str]) -> Any:
    """Return where the columns stand that 'quasi_identifiers' of ``owner`` lists; None: all."""
    names = table.columns if names is None else listed(owner, "quasi_identifiers", names)
    return table.positions(owner, "quasi_identifiers", names)


def checked_hierarchies(owner: str, table: Any, positions: Any, hierarchies: Any) -> list[Any]:
    """Return the hierarchy of each column at ``positions``, or None; refuse unknown columns."""
    trees = hierarchies or {}
    table.positions(owner, "hierarchies", list(trees))
    return [trees.get(table.columns[i]) for i in positions]


def column_losses(
    table: Table, positions: list[int], classes: Classes, trees: list[Any] | None
) -> Any:
    """Return the NCP of each column: the mean over its rows.

    Parameters
    ----------
    table : Table
        The original values.
    positions : list of int
        The columns.
    classes : Classes
        The class of each row; a hidden row costs 1.
    trees : list of Hierarchy or None
        The hierarchy of each column.
    """
    kept = np.flatnonzero(~classes.hidden)
    n_hidden = len(table) - kept.size
    _, class_of_kept = np.unique(classes.of_row[kept], return_inverse=True)
    losses = []
    for position, tree in zip(positions, trees, strict=True):
        axis, codes = encoded(table.column(position), table.columns[position], tree)
        penalty = class_penalties(axis, codes[kept], class_of_kept)
        losses.append(float((penalty[class_of_kept].sum() + n_hidden) / len(table)))
    return losses


def encoded(column: Any, name: str, hierarchy: Any = None) -> tuple[Any, Any]:
    """Return the axis of a column, nothing merged, and the code of each row."""
    kind = kind_of(column) or "category"
    values, codes = read_distinct(column, kind, name)
    if hierarchy is not None:
        axis, number = HierarchyAxis.from_values(values, hierarchy, name)
        return axis, number[codes]
    if kind == "category":
        rows = np.bincount(codes, minlength=len(values))
        axis, number = CategoryAxis.from_counts(values, rows, rows)
        return axis, number[codes]
    return OrderedAxis.from_sorted(values), codes
