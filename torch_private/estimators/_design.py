"""From a table to the tensor that a module is fed: fixed public features, then public bounds."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import get_tags
from torch import nn

from sklearn_private._checks import Checks
from sklearn_private.dp import row_bounds
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError

from ._defaults import is_linear
from ._modules import outputs_of

_FAR = 1e18  # so that squares are finite in single precision


def design(
    estimator: BaseEstimator, made: np.ndarray, module: torch.nn.Module
) -> tuple[torch.Tensor, str]:
    """Return the inputs of a module: rows within their bounds, on the scale that suits it.

    ``feature_norm`` makes rows of norm at most 1. ``bounds`` map each feature to [-1, 1], so that
    it is centred, or for a linear classifier to [0, 1] from the end that is nearer to 0, so that
    the absent and the dark stay 0. Long rows do not matter: gradients are clipped. (A regressor's
    rows have norm at most 1, since the step of a squared loss may not exceed what they allow.)

    Parameters
    ----------
    estimator : DPClassifier or DPRegressor
        With its ``feature_norm`` and ``bounds``.
    made : ndarray of shape (n_rows, ...)
        What :func:`featured` returned.
    module : torch.nn.Module
        What will see them.

    Returns
    -------
    inputs : Tensor of float32 of shape (n_rows, ...)
    source : str
        Where the bound on rows comes from.
    """
    if estimator.feature_norm is None and estimator.bounds is None:
        return _tensor(made), "none: gradients are clipped, rows are not"
    if made.ndim != 2:
        raise InvalidParameterError(
            f"{type(estimator).__name__} bounds rows of a table, but features= made an array of "
            f"{made.ndim} dimensions. Bound rows within features=, and leave feature_norm= and "
            "bounds= out."
        )
    bounds = row_bounds(
        made.shape[1],
        feature_norm=estimator.feature_norm,
        bounds=estimator.bounds,
        owner=type(estimator).__name__,
        names=None if estimator.features else getattr(estimator, "feature_names_in_", None),
    )
    if estimator.bounds is None or is_regressor(estimator):
        rows = bounds.design(made) / bounds.norm
    else:
        rows = _to_their_ranges(made, bounds, is_linear(module))
    return _tensor(rows), bounds.source


def _to_their_ranges(X, bounds, from_zero):
    low, high = bounds.low, bounds.high
    origin = np.clip(0.0, low, high) if from_zero else low + (high - low) / 2
    return (np.clip(X, low, high) - origin) / np.maximum(high - origin, origin - low)


def made_up_inputs(
    estimator: BaseEstimator, n_features: int, module: torch.nn.Module, n_rows: int = 512
) -> torch.Tensor:
    """Return inputs that span what a module may see, and hold nothing of the data.

    Each feature stands at either end of its range, in shares that go from none to all; with
    ``feature_norm``, rows point in random directions.

    Parameters
    ----------
    estimator : DPClassifier
        With ``bounds`` or ``feature_norm``.
    n_features : int
        Columns of the inputs.
    module : torch.nn.Module
        What sees them.
    n_rows : int, default=512
        How many.

    Returns
    -------
    Tensor of float32 of shape (n_rows, n_features)
    """
    rng = np.random.default_rng(0)
    if estimator.bounds is None:
        rows = rng.normal(size=(n_rows, n_features)) * 1e6
    else:
        rows = rng.random((n_rows, n_features)) < np.linspace(0, 1, n_rows)[:, None]
        rows = np.where(rows, _FAR, -_FAR)
    return design(estimator, rows, module)[0]


def featured(estimator: BaseEstimator, X: np.ndarray) -> np.ndarray:
    """Return what ``features`` makes of rows.

    Parameters
    ----------
    estimator : DPClassifier or DPRegressor
        With its ``features``.
    X : ndarray of shape (n_rows, n_features)
        Rows.

    Returns
    -------
    ndarray of shape (n_rows, ...)
    """
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
