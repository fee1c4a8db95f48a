"""Which rows of a table may be published, and in which order."""

import os

import numpy as np

from ._rows import count_people, distinct
from ._rules import Rules
from ._sensitive import Sensitive


def publishable(estimator, table, roles, labels, cells, person):
    """Tell which rows are in classes of k people that hold all constraints, in this table.

    Parameters
    ----------
    estimator : KAnonymizer
        Whose parameters count.
    table : Table
        The rows.
    roles : Roles
        The part of each column.
    labels : sequence of Labels
        The labels of each quasi-identifier.
    cells : ndarray of int of shape (n_rows,)
        The cell of each row.
    person : ndarray of int of shape (n_rows,) or None
        Whose row it is.

    Returns
    -------
    ndarray of bool of shape (n_rows,)
    """
    _, label = distinct([part.of_cell for part in labels], [len(part.texts) for part in labels])
    of_row, n_classes = label[cells], int(label.max()) + 1
    good = count_people(of_row, n_classes, person) >= estimator.k
    if estimator.constraints and len(table):
        trees = estimator.hierarchies or {}
        names = [table.columns[i] for i in roles.sensitive]
        columns = tuple(
            Sensitive.of(table.column(i), name, person, trees.get(name))
            for i, name in zip(roles.sensitive, names, strict=True)
        )
        rules = Rules(tuple(estimator.constraints), columns, np.ones_like(cells), person)
        good &= rules.judge(of_row, n_classes)
    return good[of_row]


def shuffled(rows):
    """Return ``rows`` in an order drawn from the operating system."""
    return rows[np.frombuffer(os.urandom(8 * rows.size), dtype=np.uint64).argsort()]
