"""One view of tables: DataFrames (pandas, Polars, PyArrow) through narwhals, and arrays."""

from dataclasses import dataclass

import narwhals as nw
import numpy as np
from sklearn.utils.validation import check_array, validate_data

from ..exceptions import InvalidParameterError


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
    def of(cls, X, owner):
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
    def validated(cls, estimator, X, *, reset):
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
    def native(self):
        """The table in the container that it came in."""
        return self.data.to_native() if self.is_frame else self.data

    @property
    def is_frame(self):
        """Whether the table is a DataFrame."""
        return not isinstance(self.data, np.ndarray)

    def column(self, position):
        """Return a column: a narwhals Series or an array."""
        return self.data[:, position]

    def positions(self, owner, parameter, names):
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

    def replaced(self, columns):
        """Return the table with some columns replaced by labels.

        Parameters
        ----------
        columns : dict of int to (tuple of str, ndarray of int)
            By position: the texts, and which of them each row takes. They become ordered
            categories of a DataFrame, and strings of an array of objects.
        """
        if self.is_frame:
            series = [self._labels(self.columns[i], *labels) for i, labels in columns.items()]
            return Table(self.data.with_columns(*series), self.columns)
        data = self.data.astype(object)
        for position, (texts, ids) in columns.items():
            data[:, position] = np.array(texts, dtype=object)[ids]
        return Table(data, self.columns)

    def _labels(self, name, texts, ids):
        backend = self.data.implementation
        return nw.new_series(name, list(texts), nw.Enum(texts), backend=backend)[ids].alias(name)

    def filled(self, positions, text):
        """Return the table with one text in all rows of some columns; NaN in arrays of numbers."""
        if self.is_frame:
            backend = self.data.implementation
            series = [
                nw.new_series(self.columns[i], [text] * len(self), nw.String, backend=backend)
                for i in positions
            ]
            return Table(self.data.with_columns(*series), self.columns)
        if self.data.dtype.kind in "biuf":
            data = self.data.astype(np.result_type(self.data, np.float32))
            data[:, positions] = np.nan
        else:
            data = self.data.astype(object)
            data[:, positions] = text
        return Table(data, self.columns)

    def without(self, positions):
        """Return the table without some columns."""
        keep = [i for i in range(len(self.columns)) if i not in set(positions)]
        return Table(self.data[:, keep], [self.columns[i] for i in keep])

    def take(self, rows):
        """Return some rows in this order, under a new index."""
        data = self.data[rows]
        return Table(nw.maybe_reset_index(data) if self.is_frame else data, self.columns)
