"""The client map behind steps of a pipeline: encoders, imputers and whatever is not affine.

The client gets the fitted steps and applies them in clear, so they may be any of scikit-learn's
whose fitted state is known; what that state tells of the training rows is published with it, and
``PUBLISHED`` says what it is. A step that keeps rows (nearest-neighbour imputation) or runs foreign
code is not in the table. Steps travel as ``skops`` files, which hold no code; whoever reads one
checks every class in it against the same table.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import (
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils import get_tags

from ..._optional import require
from ...exceptions import GuaranteeError, InvalidParameterError
from ._rows import check_names, read_names

PUBLISHED = {
    Binarizer: None,
    FunctionTransformer: None,  # without a function
    KBinsDiscretizer: "bin edges",
    MaxAbsScaler: "the largest value of each column",
    MinMaxScaler: "minima and maxima",
    MissingIndicator: "columns with missing values",
    Normalizer: None,
    OneHotEncoder: "categories",
    OrdinalEncoder: "categories",
    PCA: "means and components",
    PolynomialFeatures: None,
    PowerTransformer: "powers, means and deviations",
    QuantileTransformer: "quantiles",
    RobustScaler: "quartiles",
    SelectKBest: "scores of the columns",
    SelectPercentile: "scores of the columns",
    SimpleImputer: "the values to fill in",
    StandardScaler: "means and deviations",
    VarianceThreshold: "variances",
}
"""What the fitted state of a step tells of the training rows."""


_DATA = {"numpy.dtype"}
"""Classes of plain data that skops asks about, since it does not know them."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Fitted steps, and a client map of what comes out of them.

    Parameters
    ----------
    transformer : sklearn.pipeline.Pipeline
        The fitted steps.
    inner : ClientMap
        From their numbers to whole numbers.
    n_features : int
        Columns of X.
    names : tuple of str or None
        Names of the columns of X.
    """

    kind: ClassVar[str] = "steps"

    transformer: Any
    inner: Any
    n_features: int
    names: tuple | None = None

    @property
    def publishes(self) -> str:
        """What every client learns."""
        learnt = "; ".join(f"{what} ({name})" for name, what in published(self.transformer))
        return f"{learnt or 'steps that learn nothing'}; {self.inner.publishes}"

    @property
    def clip(self) -> Any:
        """Whether a value outside its range is moved to the end of it, or refused."""
        return self.inner.clip

    @property
    def n_columns(self) -> Any:
        """Whole numbers of an encoded row."""
        return self.inner.n_columns

    @property
    def levels(self) -> Any:
        """The largest whole number."""
        return self.inner.levels

    def rows(self, X: ArrayLike) -> Any:
        """Return what the steps make of rows, as finite numbers."""
        check_names(X, self.names)
        if np.shape(X)[1:] != (self.n_features,):
            raise InvalidParameterError(
                f"X must have {self.n_features} columns. Got shape {np.shape(X)} instead."
            )
        return self.inner.rows(dense(self.transformer.transform(X)))

    def n_outside(self, X: ArrayLike) -> Any:
        """Return how many numbers lie outside the public ranges."""
        return self.inner.n_outside(X)

    def encode(self, X: ArrayLike) -> Any:
        """Return whole numbers."""
        return self.inner.encode(X)

    def to_parts(self) -> tuple[dict[str, Any], Any]:
        """Return the map as JSON-ready fields and octets."""
        octets = require("skops.io", extra="he").dumps(self.transformer)
        fields, payload = self.inner.to_parts()
        return {
            "n_features": self.n_features,
            "names": list(self.names or ()),
            "size": len(octets),
            "inner": {"kind": self.inner.kind, **fields},
        }, octets + payload

    @classmethod
    def from_parts(cls, fields: Any, payload: Any, read_map: Any) -> Self:
        """Return the map of :meth:`to_parts`, every class in it checked."""
        n, size = fields.get("n_features"), fields.get("size")
        good = set(fields) == {"n_features", "names", "size", "inner"}
        if not good or type(n) is not int or type(size) is not int:
            raise _no_steps()
        if type(fields["inner"]) is not dict or not 0 < size <= len(payload) or n < 1:
            raise _no_steps()
        inner = read_map(fields["inner"], payload[size:])
        if isinstance(inner, cls):
            raise _no_steps()
        transformer = _read_steps(bytes(payload[:size]))
        return cls(transformer, inner, n, read_names(fields["names"], n))


def published(step: Any) -> Any:
    """Return pairs of a class and what its fitted state tells, for a step and those in it.

    Raises
    ------
    InvalidParameterError
        If a step may not be given to clients, since what it tells is not known.
    """
    if step is None or isinstance(step, str):  # "passthrough" and "drop"
        return []
    if isinstance(step, FrozenEstimator):
        return published(step.estimator)
    if type(step) in (Pipeline, FeatureUnion, ColumnTransformer):
        return [pair for part in _parts(step) for pair in published(part)]
    foreign = type(step) is FunctionTransformer and (step.func or step.inverse_func)
    if type(step) in PUBLISHED and not foreign:
        what = PUBLISHED[type(step)]
        return [(type(step).__name__, what)] if what else []
    if type(step).__module__.startswith("sklearn_private.") and not get_tags(step).requires_fit:
        return []  # it learns nothing
    raise InvalidParameterError(
        f"{type(step).__name__} cannot be given to clients: what its fitted state tells of the "
        "training rows is not known, or it runs code of its own. Apply it before HEPredictor."
    )


def dense(X: ArrayLike) -> np.ndarray:
    """Return numbers as an array."""
    return np.asarray(X.toarray() if issparse(X) else X, dtype=np.float64)


def _parts(step):
    if isinstance(step, ColumnTransformer):
        if hasattr(step, "transformers_"):
            return [part for _, part, _ in step.transformers_]
        return [*(part for _, part, _ in step.transformers), step.remainder]
    return [part for _, part in getattr(step, "steps", None) or step.transformer_list]


def _read_steps(octets):
    skops = require("skops.io", extra="he")
    try:
        unknown = skops.get_untrusted_types(data=octets)
        if not all(
            name == "numpy.dtype" or name.startswith("sklearn_private.") for name in unknown
        ):
            raise _no_steps()
        transformer = skops.loads(octets, trusted=unknown)
        published(transformer)
    except (GuaranteeError, InvalidParameterError):
        raise _no_steps() from None
    except Exception:  # whatever a damaged archive makes of skops
        raise _no_steps() from None
    if type(transformer) is not Pipeline:
        raise _no_steps()
    return transformer


def _no_steps():
    return GuaranteeError("The client holds steps that are not known. Nothing was read.")
