"""What additive models share: a public domain, binned rows, and one function a column."""

from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from ..fitting import DPEstimator
from ..rows import Range, read_columns
from ._basis import N_BINS, AdditiveBasis, codes_of

_CONSTANT = 0.35  # over the bound on the row norm


class AdditiveModel(DPEstimator):
    """Fit one function a column; a subclass says which loss, in ``_mechanism``."""

    _releases = ("shape_values_", "intercept_")

    def shape_functions(self) -> Any:
        """Return the function of every column, to be looked at or drawn.

        Returns
        -------
        dict of str to (ndarray, ndarray)
            For each column the middles of its bins, or its categories, and what each adds to the
            score.
        """
        check_is_fitted(self)
        return {
            column.name: (_places(column), values[:-1].copy())
            for column, values in zip(self._columns, self.shape_values_, strict=True)
        }

    def _scores(self, X):
        check_is_fitted(self)
        columns, values = read_columns(self, self.domain, X, reset=False)
        codes = codes_of(columns, values).T
        added = [shape[c] for shape, c in zip(self.shape_values_, codes, strict=True)]
        return np.sum(added, axis=0) + self.intercept_

    def _validated(self, X, y):
        self._columns, values = read_columns(self, self.domain, X, reset=True)
        y = validate_data(self, X="no_validation", y=y, y_numeric=is_regressor(self))
        check_consistent_length(X, y)
        return codes_of(self._columns, values), y

    def _row_bounds(self, X, target):
        return AdditiveBasis(columns=tuple(self._columns), intercept=_CONSTANT)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = tags.input_tags.string = not isinstance(self.domain, tuple)
        return tags


def _places(column):
    if isinstance(column, Range):
        middles = (np.arange(N_BINS) + 0.5) / N_BINS
        return column.low + (column.high - column.low) * middles
    return np.array(column.values, dtype=object)
