"""Encode a table by a public domain: nothing is learned from the rows."""

import math
from typing import Any, Self

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from ...statements import PrivacyStatement
from ..rows import Range, parse_domain, read_columns, spread


class DomainEncoder(TransformerMixin, BaseEstimator):
    """Scale and one-hot encode columns by a public domain, to rows of norm at most 1.

    It replaces ``StandardScaler`` and ``OneHotEncoder`` in front of DP steps: those learn means,
    extremes and categories from the rows, and so void the claim of what follows. A number is
    scaled to [-1, 1] and a category becomes a unit vector; everything is then divided by the
    square root of the number of columns. What lies outside the domain has a defined place: a
    number beyond an end is that end, a missing number is the middle, a missing or unknown
    category is a vector of zeros.

    Parameters
    ----------
    domain : dict of str to tuple or list, or tuple
        For each column a range ``(low, high)`` or a list of categories, in the order of the
        output. For an array without names, columns are taken by position. One range ``(low,
        high)`` stands for every column. Columns of a table that the domain does not name are
        left out.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, when they are strings.
    privacy_statement_ : PrivacyStatement
        What the step does for privacy.

    See Also
    --------
    DPLogisticRegression : Give it ``feature_norm=1.0`` behind this encoder.

    Notes
    -----
    **Protects** nothing by itself: it bounds each row, which DP steps need.
    **Against** nobody.
    **Leaks** nothing: the output of a row depends on the domain and on that row alone.
    **Assumes** that the domain was written down without looking at the rows.

    Examples
    --------
    >>> from sklearn_private import DomainEncoder
    >>> encoder = DomainEncoder({"age": (20, 60), "sex": ["F", "M"]})
    >>> encoder.fit_transform([[60, "M"], [20, "F"], [99, None]]).round(2)
    array([[ 0.71,  0.  ,  0.71],
           [-0.71,  0.71,  0.  ],
           [ 0.71,  0.  ,  0.  ]])
    >>> encoder.get_feature_names_out()
    array(['age', 'sex_F', 'sex_M'], dtype=object)
    """

    def __init__(self, domain: Any):
        self.domain = domain

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Check the domain against the columns; nothing is learned from the rows.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            Rows.
        y : None
            Ignored.

        Returns
        -------
        DomainEncoder
            Itself.

        Raises
        ------
        InvalidParameterError
            If the domain is malformed, or names a column that X lacks.
        """
        self._columns(X, reset=True)
        self.privacy_statement_ = PrivacyStatement(
            owner=type(self).__name__,
            protects="nothing by itself; it bounds the norm of each row by 1",
            unit="row",
            against="nobody",
            assumes=("the domain was written down without looking at the rows",),
            mechanism="scaling and one-hot encoding by a public domain",
            bounds={"domain": "domain=, from the caller"},
        )
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return encoded rows.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            Rows of norm at most 1.
        """
        columns, values = self._columns(X, reset=False)
        blocks = [column.encode(v) for column, v in zip(columns, values, strict=True)]
        return np.hstack(blocks) / math.sqrt(len(blocks))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return the names of the features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input, where one range stands for every column.

        Returns
        -------
        ndarray of str
        """
        columns = parse_domain(self.domain)
        if isinstance(columns, Range):
            names = getattr(self, "feature_names_in_", input_features)
            if names is None:
                check_is_fitted(self, "n_features_in_")
                names = [f"x{i}" for i in range(self.n_features_in_)]
            columns = spread(columns, names)
        return np.array([name for column in columns for name in column.features], dtype=object)

    def check(self, table: Any) -> dict[str, dict[str, Any]]:
        """Count what falls outside of the domain: a dry run for whoever may see the table.

        A misspelt category turns a column into zeros, and a range in another unit into its ends,
        without any error. This tells, in exact counts of the rows: no claim covers them, so change
        the domain by what is known of the columns, not until the counts look right.

        Parameters
        ----------
        table : table or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        dict of str to dict
            For each column: ``outside``, how many values lie beyond an end or are no category;
            ``missing``, how many there are not; of categories also ``never``, those that no row
            has.

        Examples
        --------
        >>> from sklearn_private import DomainEncoder
        >>> encoder = DomainEncoder({"age": (20, 60), "sex": ["F", "N"]})
        >>> for name, counts in encoder.check([[60, "M"], [20, "F"], [99, None]]).items():
        ...     print(name, counts)
        age {'outside': 1, 'missing': 0}
        sex {'outside': 1, 'missing': 1, 'never': ['N']}
        """
        columns, values = clone(self)._columns(table, reset=True)
        return {c.name: c.count_outside(v) for c, v in zip(columns, values, strict=True)}

    @staticmethod
    def template(table: Any) -> None:
        """Print a domain to be edited by hand.

        The printed ranges and categories were read from ``table``. A claim of differential
        privacy must not rest on them: replace each by what is known without this table (a code
        book, a form, common sense), and widen where in doubt.

        Parameters
        ----------
        table : pandas or polars DataFrame
            A table with the right columns.
        """
        frame = nw.from_native(table, eager_only=True)
        print("# Edit every line: these values were read from the table, and a domain that is")
        print("# taken from the data is not public. Use a code book, a form, or common sense.")
        print("domain = {")
        for name in frame.columns:
            print(f"    {name!r}: {_template_entry(frame[name])},")
        print("}")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = tags.input_tags.string = not isinstance(self.domain, tuple)
        return tags

    def _columns(self, X, reset):
        """Return the domain's columns and their values in X."""
        return read_columns(self, self.domain, X, reset=reset)


def _template_entry(series):
    if series.dtype.is_numeric():
        present = series.drop_nulls().to_numpy().astype(float)
        present = present[np.isfinite(present)]
        if present.size:
            return f"({present.min():g}, {present.max():g})"
        return "(0, 1)"
    return repr(sorted({v for v in series.to_list() if v is not None and v == v}, key=str))
