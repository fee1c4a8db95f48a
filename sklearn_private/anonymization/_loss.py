"""How much detail a partition costs: the certainty penalty of its classes.

The normalised certainty penalty [1]_ of a numeric value is the width of its class over the range
of the column; that of a category is the number of categories in its class over the number in the
column, and 0 for a single one. Their mean over all rows and quasi-identifiers is the global
certainty penalty (GCP): 0 where nothing is lost, 1 where everything is. Categories are compared as
sets, without a hierarchy, hence *set*-GCP.

A class that mixes missing or infinite numbers with others costs the whole range.

.. [1] J. Xu et al., "Utility-based anonymization using local recoding", KDD 2006.
"""

import numpy as np

from ..exceptions import InvalidParameterError
from ._categories import CategoryAxis
from ._ordered import OrderedAxis
from ._table import Table
from ._values import is_missing, kind_of, read


def information_loss(table, classes, *, quasi_identifiers=None):
    """Compute the set-GCP of a partition from the original values.

    It judges the classes of any tool alike, whatever labels the tool prints.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_rows, n_columns)
        The original values.
    classes : array-like of shape (n_rows,)
        The class of each row: a number or a label; -1, None or NaN for a suppressed row, which
        costs 1 in every column.
    quasi_identifiers : list, default=None
        The columns that were generalised, by name (or by position in an array). None: all.

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
    names = table.columns if quasi_identifiers is None else quasi_identifiers
    positions = table.positions(owner, "quasi_identifiers", names)
    class_of_row = _numbered(classes)
    if class_of_row.size != len(table):
        raise InvalidParameterError(
            f"The 'classes' parameter of {owner} must have one entry a row ({len(table)}). "
            f"Got {class_of_row.size} instead."
        )
    kept = class_of_row >= 0
    losses = []
    for position in positions:
        column = table.column(position)
        kind = kind_of(column) or "category"
        axis, codes = axis_of(read(column, kind, table.columns[position]), kind)
        penalty = class_penalties(axis, codes[kept], class_of_row[kept])
        losses.append((penalty[class_of_row[kept]].sum() + (~kept).sum()) / len(table))
    return float(np.mean(losses))


def axis_of(values, kind):
    """Return the axis of a column of values of a kind, nothing merged, and the code of each row."""
    return CategoryAxis.of(values) if kind == "category" else OrderedAxis.of(values)


def class_penalties(axis, codes, classes):
    """Return the certainty penalty of one column for each class, from 0 to the largest number.

    Parameters
    ----------
    axis : OrderedAxis or CategoryAxis
        The column.
    codes, classes : ndarray of int of shape (n_rows,)
        The code and the class of each row; no class number is left out.
    """
    n_codes = axis.size.size
    pairs = np.unique(classes * n_codes + codes)
    codes, starts = pairs % n_codes, np.flatnonzero(np.diff(pairs // n_codes, prepend=-1))
    if not starts.size:
        return np.zeros(0)
    ends = np.append(starts[1:], pairs.size) - 1
    return axis.penalty(codes[starts], codes[ends], np.add.reduceat(axis.size[codes], starts))


def _numbered(classes):
    """Return numbers from 0 for classes, in order of appearance; suppressed rows get -1."""
    number = {}
    ids = [-1 if is_missing(c) or c == -1 else number.setdefault(c, len(number)) for c in classes]
    return np.array(ids, dtype=np.int64)
