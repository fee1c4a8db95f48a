"""From a table to the tensor that a module is fed: fixed public features, then public bounds."""

import numpy as np
import torch
from sklearn.utils import get_tags
from torch import nn

from sklearn_private._checks import Checks
from sklearn_private.dp import row_bounds
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError

from ._modules import outputs_of

_FAR = 1e18  # so that squares are finite in single precision


def design(estimator, X):
    """Return the inputs of a module.

    Parameters
    ----------
    estimator : DPClassifier or DPRegressor
        With its ``features``, ``feature_norm`` and ``bounds``.
    X : ndarray of shape (n_rows, n_features)
        Rows.

    Returns
    -------
    inputs : Tensor of float32 of shape (n_rows, ...)
    source : str
        Where the bound on rows comes from.
    """
    X, names = _features(estimator, X), getattr(estimator, "feature_names_in_", None)
    if estimator.feature_norm is None and estimator.bounds is None:
        return _tensor(X), "none: gradients are clipped, rows are not"
    if X.ndim != 2:
        raise InvalidParameterError(
            f"{type(estimator).__name__} bounds rows of a table, but features= made an array of "
            f"{X.ndim} dimensions. Bound rows within features=, and leave feature_norm= and "
            "bounds= out."
        )
    bounds = row_bounds(
        X.shape[1],
        feature_norm=estimator.feature_norm,
        bounds=estimator.bounds,
        owner=type(estimator).__name__,
        names=None if estimator.features else names,
    )
    rows = bounds.design(X) / bounds.norm
    return _tensor(rows), bounds.source


def _features(estimator, X):
    features = estimator.features
    if features is None:
        return X
    check = Checks(estimator)
    if isinstance(features, nn.Module):
        made = outputs_of(features.eval(), _tensor(X)).numpy()
    elif hasattr(features, "transform"):
        if get_tags(features).requires_fit:
            raise check.invalid(
                "features",
                "fixed in advance: a function, a frozen module, or a transformer that needs no fit "
                "(what is fitted on the rows is not counted by epsilon)",
            )
        made = features.transform(X)
    elif callable(features):
        made = features(X)
    else:
        raise check.invalid("features", "a function, module, transformer, or None")
    made = np.asarray(made, dtype=np.float32)
    if len(made) != len(X) or not np.isfinite(made).all():
        raise GuaranteeError.unreleased(
            f"The features of {type(estimator).__name__} must be one row of finite numbers for "
            "each row."
        )
    return made


def _tensor(X):
    # In range of single precision, and a copy: X may be read-only.
    return torch.from_numpy(np.clip(X, -_FAR, _FAR).astype(np.float32))
