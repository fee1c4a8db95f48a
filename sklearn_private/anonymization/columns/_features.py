"""What rows become: labels in place of quasi-identifiers, or features for a model."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ..tables import kind_of, read


def labelled(table: Any, roles: Any, labels: Sequence[Any], cells: np.ndarray) -> Any:
    """Return a table with the labels of the cell of each row.

    Parameters
    ----------
    table : Table
        The rows.
    roles : Roles
        The part of each column.
    labels : sequence of Labels
        The labels of each quasi-identifier.
    cells : ndarray of int of shape (n_rows,)
        The cell of each row.

    Returns
    -------
    Table
    """
    parts = zip(roles.quasi, labels, strict=True)
    return table.replaced((i, part.texts, part.of_cell[cells]) for i, part in parts)


def featured(table: Any, roles: Any, labels: np.ndarray, cells: Any) -> Any:
    """Return the features of the cell of each row, and the columns that are passed through.

    The parameters are those of :func:`labelled`; the result is an array of shape
    (n_rows, n_features).
    """
    parts = zip(roles.quasi, labels, strict=True)
    blocks = passed_through(table, roles)
    blocks |= {i: part.features[part.of_cell[cells]] for i, part in parts}
    return np.hstack([blocks[i] for i in sorted(blocks)])


def passed_through(table: Any, roles: Any) -> Any:
    """Return the columns of numbers that are no quasi-identifiers, by position.

    Raises
    ------
    InvalidParameterError
        If one of them holds no numbers.
    """
    blocks = {}
    for i, name in enumerate(table.columns):
        if i in roles.quasi or i == roles.subject:
            continue
        column = table.column(i)
        if kind_of(column) not in ("number", None):
            raise InvalidParameterError(
                f"KAnonymizer with output='numeric' passes numbers through only, and {name!r} "
                "holds none. Add it to quasi_identifiers, or drop it from X."
            )
        blocks[i] = read(column, "number", name)[:, None]
    return blocks


def feature_names(names: Sequence[str], roles: Any, grids: Any) -> np.ndarray:
    """Return the names of the features, given those of the columns."""
    made = {i: grid.names(names[i]) for i, grid in zip(roles.quasi, grids, strict=True)}
    parts = [made.get(i, [name]) for i, name in enumerate(names) if i != roles.subject]
    return np.array([name for part in parts for name in part], dtype=object)
