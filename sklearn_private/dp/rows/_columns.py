"""Read the columns of a table or an array that a public domain names."""

from typing import Any

import narwhals as nw
import numpy as np
from sklearn.utils.validation import validate_data

from ..._numeric import read_numbers
from ...exceptions import InvalidParameterError
from ._domain import Categories, Range, parse_domain


def read_columns(
    estimator: Any, domain: Any, X: Any, *, reset: bool
) -> tuple[list[Range | Categories], list[np.ndarray]]:
    """Return the columns of a domain, and the values that X holds of each.

    Parameters
    ----------
    estimator : estimator
        Whose rows they are; its ``n_features_in_`` and names are set or checked.
    domain : dict of str to tuple or list, or tuple
        What each column may hold.
    X : table or array-like of shape (n_samples, n_features)
        Rows.
    reset : bool
        Whether X is what the estimator is fitted on.

    Returns
    -------
    columns : list of Range and Categories
    values : list of ndarray of shape (n_samples,)

    Raises
    ------
    InvalidParameterError
        If the domain is malformed, or names a column that X lacks.
    """
    columns = parse_domain(domain)
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        if reset:
            validate_data(estimator, X, skip_check_array=True)
        if isinstance(columns, Range):
            values = [frame.get_column(name).to_numpy() for name in frame.columns]
            return spread(columns, frame.columns), values
        _refuse_missing(estimator, columns, frame)
        return columns, [frame.get_column(column.name).to_numpy() for column in columns]
    if isinstance(columns, Range):
        X = read_numbers(estimator, X, ensure_all_finite=False, reset=reset)
        return spread(columns, [f"x{i}" for i in range(X.shape[1])]), list(X.T)
    X = validate_data(estimator, X, dtype=object, ensure_all_finite=False, reset=reset)
    if X.shape[1] != len(columns):
        raise InvalidParameterError(
            f"X has {X.shape[1]} columns, but the domain of {type(estimator).__name__} has "
            f"{len(columns)}. An array is taken by position: give one entry per column, or a table "
            "with names."
        )
    return columns, list(X.T)


def spread(column: Range, names: Any) -> list[Range]:
    """Return one range for each of the names."""
    return [Range(str(name), column.low, column.high) for name in names]


def _refuse_missing(estimator, columns, frame):
    missing = [column.name for column in columns if column.name not in frame.columns]
    if missing:
        raise InvalidParameterError(
            f"The domain of {type(estimator).__name__} names columns that X lacks: {missing}. "
            f"X has {list(frame.columns)}. Rename them in the domain, or leave them out."
        )
