"""What every client map asks of the rows it is given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array

from ...exceptions import GuaranteeError, InvalidParameterError


def numeric_rows(X: ArrayLike, n_features: int, names: tuple[str, ...] | None) -> np.ndarray:
    """Return rows as finite numbers.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The rows.
    n_features : int
        Columns that they must have.
    names : tuple of str or None
        Names that the columns of a table must have, in this order.

    Returns
    -------
    ndarray of shape (n_samples, n_features)

    Raises
    ------
    InvalidParameterError
        If the columns are others.
    """
    check_names(X, names)
    rows = check_array(X, dtype="float64", input_name="X")
    if rows.shape[1] != n_features:
        raise InvalidParameterError(
            f"X must have {n_features} columns. Got {rows.shape[1]} instead."
        )
    return rows


def check_names(X: ArrayLike, names: Sequence[str]) -> None:
    """Refuse a table whose columns have other names, or another order."""
    found = getattr(X, "columns", None)
    if found is not None and names and tuple(found) != names:
        raise InvalidParameterError(
            f"The columns of X must be {list(names)}, in this order. Got {list(found)} instead."
        )


def read_names(names: Sequence[str], n_features: int) -> Any:
    """Return the names of columns in a message, or None where it has none."""
    good = type(names) is list and all(type(name) is str for name in names)
    if not good or len(names) not in (0, n_features):
        raise GuaranteeError("The client names other columns than it has. Nothing was read.")
    return tuple(names) or None
