"""The rows of a site from a file."""

from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

from .._optional import require
from ..exceptions import InvalidParameterError


def load(path: Path, target: str | None) -> tuple[Any, np.ndarray | None]:
    """Return the features and the target in a Parquet or CSV file.

    Parameters
    ----------
    path : Path
        The file.
    target : str or None
        The column to predict.

    Returns
    -------
    X : table of the engine that read it
    y : ndarray of shape (n_rows,) or None

    Raises
    ------
    InvalidParameterError
        If the file is of another kind, lacks the target, or has a feature that is no number.
    """
    require("pyarrow", extra="tables")
    readers = {".parquet": nw.read_parquet, ".csv": nw.read_csv}
    if path.suffix not in readers:
        raise InvalidParameterError(f"--data must be a .parquet or .csv file. Got {path.name!r}.")
    table = readers[path.suffix](str(path), backend="pyarrow")
    if target is not None and target not in table.columns:
        raise InvalidParameterError(
            f"--target must be a column of {path.name}: {', '.join(table.columns)}. Got {target!r}."
        )
    features = table.drop(target) if target is not None else table
    words = [name for name, kind in features.schema.items() if not _is_number(kind)]
    if words:
        raise InvalidParameterError(
            f"Features must be numbers. In {path.name} these are not: {', '.join(words)}. Encode "
            "them in the same way at all sites, or leave them out."
        )
    return features.to_native(), None if target is None else table[target].to_numpy()


def columns_of(X: Any) -> list[tuple[str, str]]:
    """Return the name and the kind of each column of a table of :func:`load`."""
    return [(name, "number") for name in nw.from_native(X, eager_only=True).columns]


def _is_number(kind):
    return kind.is_numeric() or kind == nw.Boolean
