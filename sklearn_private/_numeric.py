"""Read numbers from rows without telling a row.

scikit-learn's ``validate_data`` quotes the cell that it cannot convert ("could not convert string
to float: ..."), or the whole array, and NumPy warns inside it of sums that overflow. The message of
an error is shown to whoever sees the log, who need not be allowed to see the rows.
"""

import re
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from .exceptions import InvalidParameterError

# What scikit-learn, NumPy, pandas and polars say with a cell behind it.
_TELLS = re.compile("could not convert|conversion from|Unable to parse|Invalid literal", re.I)
_COMPLEX = "Complex data not supported"


def read_numbers(estimator: Any, X: Any, *y: Any, **options: Any) -> Any:
    """Return what ``validate_data`` returns, as float64; errors name columns and hold no cell.

    Parameters
    ----------
    estimator : object
        Whose rows they are.
    X : array-like of shape (n_samples, n_features)
        Rows.
    *y : array-like of shape (n_samples,)
        Their targets, if there are any.
    **options : object
        Of :func:`sklearn.utils.validation.validate_data`.

    Returns
    -------
    ndarray, or tuple of ndarray
        The rows, and the targets where they were given.

    Raises
    ------
    InvalidParameterError
        If a value is no number.
    ValueError
        As scikit-learn raises it.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # of the sum that looks for infinities
            return validate_data(estimator, X, *y, **{"dtype": np.float64, **options})
    except Exception as error:
        if not _is_telling(error):
            raise
        is_complex = str(error).startswith(_COMPLEX)
    # Outside of the handler, so that the error does not carry the one that quotes a row.
    if is_complex:
        raise InvalidParameterError(f"{_COMPLEX} by {type(estimator).__name__}.")
    raise InvalidParameterError(
        f"X of {type(estimator).__name__} must hold numbers, but {_columns_without(X)} hold other "
        "values. Encode them first, with a DomainEncoder for example."
    )


def _is_telling(error: Exception) -> bool:
    said = str(error)
    return said.startswith(_COMPLEX) or _TELLS.search(said) is not None


def _columns_without(X: Any) -> str:
    """Name the columns that are not all numbers."""
    if hasattr(X, "columns"):
        columns = {repr(name): X[name] for name in X.columns}
    else:
        columns = {str(i): column for i, column in enumerate(np.asarray(X, dtype=object).T)}
    found = [name for name, column in columns.items() if not _is_numeric(column)]
    return f"the columns {', '.join(found)}" if found else "some columns"


def _is_numeric(column: Any) -> bool:
    try:
        np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return True
