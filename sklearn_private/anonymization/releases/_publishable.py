"""Which rows of a table may be published, and in which order.

Constraints such as t-closeness compare each class with the whole table. What is published is the
whole there, so that the rows which are dropped change what the others are compared with: classes
are judged again until none is dropped.
"""

import os
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..models import Rules, Sensitive
from ..tables import count_people, distinct


def publishable(
    estimator: BaseEstimator,
    table: Any,
    roles: Any,
    cells: np.ndarray,
    person: np.ndarray,
    kept: np.ndarray,
) -> np.ndarray:
    """Tell which rows are in classes of k people that hold all constraints, among these rows.

    Parameters
    ----------
    estimator : KAnonymizer
        Whose parameters and labels count.
    table : Table
        The rows.
    roles : Roles
        The part of each column.
    cells : ndarray of int of shape (n_rows,)
        The cell of each row.
    person : ndarray of int of shape (n_rows,) or None
        Whose row it is.
    kept : ndarray of bool of shape (n_rows,)
        Rows that are not suppressed; no others are published.

    Returns
    -------
    ndarray of bool of shape (n_rows,)
    """
    labels = estimator.labels_
    _, label = distinct([part.of_cell for part in labels], [len(part.texts) for part in labels])
    rows, n_classes, judged = np.flatnonzero(kept), int(label.max()) + 1, -1
    while judged != rows.size > 0:
        judged, classes = rows.size, label[cells[rows]]
        whose = None if person is None else person[rows]
        good = count_people(classes, n_classes, whose) >= estimator.k
        if estimator.constraints:
            rules = _rules(estimator, table.take(rows), roles.sensitive, whose)
            good &= rules.judge(classes, n_classes)
        rows = rows[good[classes]]
    published = np.zeros_like(kept)
    published[rows] = True
    return published


def _rules(estimator, table, sensitive, person):
    """Return the constraints, with a table as the whole."""
    trees = estimator.hierarchies or {}
    columns = tuple(
        Sensitive.of(table.column(i), table.columns[i], person, trees.get(table.columns[i]))
        for i in sensitive
    )
    weight = np.ones(len(table), dtype=np.int64)
    return Rules(tuple(estimator.constraints), columns, weight, person)


def shuffled(rows: Any) -> Any:
    """Return ``rows`` in an order drawn from the operating system."""
    return rows[np.frombuffer(os.urandom(8 * rows.size), dtype=np.uint64).argsort()]
