"""One view of tables: DataFrames (pandas, Polars, PyArrow) through narwhals, and arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from ...exceptions import InvalidParameterError


@dataclass(frozen=True)
class Table:
    """A table whose columns are known by position.

    Parameters
    ----------
    data : narwhals.DataFrame or ndarray of shape (n_rows, n_columns)
        The values.
    columns : list
        Names; positions where the table has none.
    """

    data: object
    columns: list

    @classmethod
    def of(cls, X: ArrayLike, owner: str) -> Self:
        """Return the view of a DataFrame, or of what :func:`check_array` makes of anything else.

        Raises
        ------
        InvalidParameterError
            If two columns of a DataFrame share a name; ``owner`` is named.
        """
        if not nw.dependencies.is_into_dataframe(X):
            X = check_array(X, dtype=None, ensure_all_finite=False)
            return cls(X, list(range(X.shape[1])))
        try:
            data = nw.from_native(X, eager_only=True)
        except nw.exceptions.DuplicateError:
            raise InvalidParameterError(
                f"{owner} needs column names that differ from one another. Rename the columns "
                "that share a name."
            ) from None
        return cls(data, list(data.columns))

    @classmethod
    def validated(cls, estimator: BaseEstimator, X: ArrayLike, *, reset: Any) -> Any:
        """Return the view of ``X`` after scikit-learn's checks; ``reset`` is True in ``fit``."""
        if not nw.dependencies.is_into_dataframe(X):
            X = validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite=False)
            return cls(X, list(range(X.shape[1])))
        table = cls.of(X, type(estimator).__name__)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        return table

    def __len__(self):
        """Return the number of rows."""
        return len(self.data)

    @property
    def native(self) -> Any:
        """The table in the container that it came in."""
        return self.data.to_native() if self.is_frame else self.data

    @property
    def is_frame(self) -> bool:
        """Whether the table is a DataFrame."""
        return not isinstance(self.data, np.ndarray)

    def column(self, position: Any) -> Any:
        """Return a column: a narwhals Series or an array."""
        return self.data[:, position]

    def rows(self, start: Any, stop: Any) -> Self:
        """Return some neighbouring rows."""
        return Table(self.data[start:stop], self.columns)

    def positions(self, owner: str, parameter: Any, names: Sequence[str]) -> list[Any]:
        """Return where the columns stand that a parameter of ``owner`` (its name) lists.

        Raises
        ------
        InvalidParameterError
            If one does not exist or is named twice.
        """
        where = {name: i for i, name in enumerate(self.columns)}
        unknown = [name for name in names if name not in where]
        if unknown:
            raise InvalidParameterError(
                f"The {parameter!r} parameter of {owner} must name columns of the table, which has "
                f"no {', '.join(map(repr, unknown))}."
            )
        if len(set(names)) < len(names):
            raise InvalidParameterError(
                f"The {parameter!r} parameter of {owner} must name each column once. "
                f"Got {list(names)!r} instead."
            )
        return [where[name] for name in names]

    def replaced(self, columns: Any) -> Self:
        """Return the table with some columns replaced by labels.

        Parameters
        ----------
        columns : iterable of (int, tuple of str, ndarray of int)
            Position, the texts, and which of them each row takes. They become ordered categories
            of a DataFrame (PyArrow: a dictionary), and strings of an array of objects.
        """
        if self.is_frame:
            series = [self._labels(self.columns[i], texts, ids) for i, texts, ids in columns]
            return Table(self.data.with_columns(*series), self.columns)
        data = self.data.astype(object)
        for position, texts, ids in columns:
            data[:, position] = np.array(texts, dtype=object)[ids]
        return Table(data, self.columns)

    def _labels(self, name, texts, ids):
        engine = self.data.implementation
        if not engine.is_pyarrow():
            return nw.new_series(name, list(texts), nw.Enum(texts), backend=engine)[ids].alias(name)
        pyarrow = engine.to_native_namespace()  # narwhals makes no ordered dictionaries
        labels = pyarrow.DictionaryArray.from_arrays(
            ids.astype(np.int32), list(texts), ordered=True
        )
        return nw.from_native(pyarrow.chunked_array([labels]), series_only=True).alias(name)

    def filled(self, positions: Any, text: str) -> Any:
        """Return the table with one text in all rows of some columns; NaN in arrays of numbers."""
        if self.is_frame or self.data.dtype.kind not in "biuf":
            return self.with_values(dict.fromkeys(positions, [text] * len(self)))
        missing = np.full(len(self), np.nan, dtype=np.float32)  # the narrowest keeps float32 as is
        return self.with_values(dict.fromkeys(positions, missing))

    def with_values(self, columns: dict[int, Any] | np.ndarray | list[Any]) -> Self:
        """Return the table with other values in some columns.

        Parameters
        ----------
        columns : dict of int to narwhals.Series, ndarray or list
            By position: a value for each row. A list holds texts, and None where a missing value
            stays as it is. An array of numbers stays one if it is given numbers, and becomes an
            array of objects otherwise.
        """
        if self.is_frame:
            series = [self._series(self.columns[i], values) for i, values in columns.items()]
            return Table(self.data.with_columns(*series), self.columns)
        arrays = {i: _filled_in(values, self.data[:, i]) for i, values in columns.items()}
        dtypes = [self.data.dtype, *(array.dtype for array in arrays.values())]
        is_number = all(dtype.kind in "biuf" for dtype in dtypes)
        data = self.data.astype(np.result_type(*dtypes) if is_number else object)
        for i, array in arrays.items():
            data[:, i] = array
        return Table(data, self.columns)

    def _series(self, name, values):
        if isinstance(values, nw.Series):
            return values.alias(name)
        dtype = nw.String if isinstance(values, list) else None
        return nw.new_series(name, values, dtype, backend=self.data.implementation)

    def without(self, positions: Any) -> Self:
        """Return the table without some columns."""
        keep = [i for i in range(len(self.columns)) if i not in set(positions)]
        return Table(self.data[:, keep], [self.columns[i] for i in keep])

    def take(self, rows: Any) -> Self:
        """Return some rows in this order, under a new index."""
        data = self.data[rows]
        return Table(nw.maybe_reset_index(data) if self.is_frame else data, self.columns)


def _filled_in(values, column):
    """Return an array of values, where None in a list stands for what the column holds."""
    if not isinstance(values, list):
        return values
    missing = np.array([value is None for value in values], dtype=bool)
    return np.where(missing, column.astype(object), np.array(values, dtype=object))
