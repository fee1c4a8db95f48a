"""Fold a fitted scikit-learn estimator into one affine map.

A linear model scores a row as ``coef @ x + intercept``. A transformer in front of it that maps x to
``A x + c`` is absorbed: ``coef @ (A x + c) + intercept`` is affine in x again, with slopes
``coef @ A`` and intercept ``coef @ c + intercept``. Going through a pipeline from its last step to
its first leaves one affine map of the raw columns.

Which transformers are affine is known by their type, never guessed from their outputs: the table
at the end of this file names them, and a subclass that overrides ``transform`` is refused. What
the last step computes is read from ``coef_`` and ``intercept_``, the attributes by which
scikit-learn publishes linear models; ``_verify_fold.py`` then compares the folded map with the
estimator's own answers, since some classes (``PLSRegression``) use these names for another map.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.ensemble import BaseEnsemble
from sklearn.feature_selection import SelectorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from ...exceptions import InvalidParameterError


@dataclass(frozen=True, eq=False)
class AffineMap:
    """Scores ``coef @ x + intercept`` of a row x.

    Parameters
    ----------
    coef : ndarray of shape (n_outputs, n_features)
        Slopes.
    intercept : ndarray of shape (n_outputs,)
        Scores of the row of zeros.
    """

    coef: np.ndarray
    intercept: np.ndarray

    def __call__(self, X):
        """Return the scores of rows, an array of shape (n_samples, n_outputs)."""
        return X @ self.coef.T + self.intercept

    def behind(self, *, shift: Any = None, scale: Any = None) -> Self:
        """Return this map behind ``x -> scale * x + shift``, column by column."""
        intercept = self.intercept if shift is None else self.intercept + self.coef @ shift
        return AffineMap(self.coef if scale is None else self.coef * scale, intercept)


def inner_of(estimator: BaseEstimator) -> Any:
    """Return the estimator that does the work of a wrapper, and anything else as it is."""
    while True:
        if isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        elif isinstance(estimator, TunedThresholdClassifierCV | FixedThresholdClassifier):
            raise refusal(estimator, "it decides by a threshold of its own", "its estimator_")
        elif isinstance(estimator, SelectorMixin):
            raise refusal(
                estimator, "it is a selector", "a Pipeline of the selector and a linear model"
            )
        elif isinstance(estimator, BaseEnsemble):  # estimator_ is what its members are copies of
            return estimator
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "estimator_"):
            estimator = estimator.estimator_
        else:
            return estimator


def final_of(estimator: BaseEstimator) -> Any:
    """Return the last step of nested wrappers and pipelines."""
    estimator = inner_of(estimator)
    return final_of(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


def model_of(estimator: BaseEstimator) -> Any:
    """Return the model at the end of wrappers and pipelines that need not be fitted."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "estimator") and not isinstance(estimator, BaseEnsemble):
            estimator = estimator.estimator
        else:
            return estimator


def fold(estimator: object) -> AffineMap:
    """Fold a fitted estimator into one affine map of its input columns.

    Parameters
    ----------
    estimator : object
        A fitted linear model, a wrapper around one (``FrozenEstimator``, a search, anything with
        ``estimator_``), or a pipeline of affine transformers and one of these.

    Returns
    -------
    AffineMap

    Raises
    ------
    InvalidParameterError
        If a step is not known to be affine; the message names it and the way out.
    """
    estimator = inner_of(estimator)
    if not isinstance(estimator, Pipeline):
        return _linear_model(estimator)
    return _absorb_all(estimator.steps[:-1], fold(estimator.steps[-1][1]))


def check_affine(name: str, step: Any) -> None:
    """Refuse a step that is not known to be affine."""
    if isinstance(step, FrozenEstimator):
        step = step.estimator
    if isinstance(step, Pipeline):
        for inner_name, inner in step.steps:
            check_affine(inner_name, inner)
    elif step is not None and step != "passthrough":
        _kind_of(name, step)


def _linear_model(model):
    if not (hasattr(model, "coef_") and hasattr(model, "intercept_")):
        raise refusal(
            model,
            "it has no coef_ and intercept_",
            "a linear model, a forest or GradientBoosting",
        )
    coef = model.coef_.toarray() if issparse(model.coef_) else model.coef_
    coef = np.atleast_2d(np.asarray(coef, dtype=np.float64))
    intercept = np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64), len(coef))
    if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
        raise refusal(model, "its coefficients are not finite", "scaled columns")
    return AffineMap(coef, intercept)


def _absorb_all(steps, affine):
    for name, step in reversed(steps):
        affine = _absorb(name, step, affine)
    return affine


def _absorb(name, step, affine):
    if isinstance(step, FrozenEstimator):
        step = step.estimator
    if isinstance(step, Pipeline):
        return _absorb_all(step.steps, affine)
    if step is None or step == "passthrough":
        return affine
    return AFFINE[_kind_of(name, step)](step, affine)


def _kind_of(name, step):
    """Return the class in ``AFFINE`` whose transform a step has."""
    kind = next((kind for kind in type(step).__mro__ if kind in AFFINE), None)
    if kind is None or type(step).transform is not kind.transform:
        raise _not_affine(name, step, "it is not known to be affine")
    if getattr(step, "clip", False):
        raise _not_affine(name, step, "clip=True makes it non-affine")
    if kind is FunctionTransformer and step.func is not None:
        raise _not_affine(name, step, "its function may be any")
    return kind


def _standard_scaler(step, affine):
    if step.with_std:
        affine = affine.behind(scale=1 / step.scale_)
    return affine.behind(shift=-step.mean_) if step.with_mean else affine


def _min_max_scaler(step, affine):
    # x * scale_ + min_: the shift comes last, so it is absorbed first.
    return affine.behind(shift=step.min_, scale=step.scale_)


def _max_abs_scaler(step, affine):
    return affine.behind(scale=1 / step.scale_)


def _robust_scaler(step, affine):
    if step.with_scaling:
        affine = affine.behind(scale=1 / step.scale_)
    return affine.behind(shift=-step.center_) if step.with_centering else affine


def _pca(step, affine):
    if step.whiten:
        scale = np.sqrt(step.explained_variance_)
        affine = affine.behind(scale=1 / np.maximum(scale, np.finfo(scale.dtype).eps))
    affine = AffineMap(affine.coef @ step.components_, affine.intercept)
    return affine.behind(shift=-step.mean_)


def _selector(step, affine):
    support = step.get_support()
    coef = np.zeros((len(affine.coef), len(support)))
    coef[:, support] = affine.coef
    return AffineMap(coef, affine.intercept)


AFFINE = {
    StandardScaler: _standard_scaler,
    MinMaxScaler: _min_max_scaler,
    MaxAbsScaler: _max_abs_scaler,
    RobustScaler: _robust_scaler,
    PCA: _pca,
    SelectorMixin: _selector,
    FunctionTransformer: lambda step, affine: affine,  # without a function
}


def _not_affine(name, step, reason):
    known = ", ".join(sorted(kind.__name__.replace("Mixin", "s") for kind in AFFINE))
    return InvalidParameterError(
        f"HEPredictor cannot fold step {name!r} ({type(step).__name__}): {reason}, and what it "
        "would tell clients is not known. Put it in front of HEPredictor, where it runs on the "
        f"client, or use one of {known}."
    )


def refusal(model: Any, reason: Any, remedy: Any) -> InvalidParameterError:
    """Return the error that says why a model does not fold, and what to use instead."""
    return InvalidParameterError(
        f"The 'estimator' parameter of HEPredictor must compile to whole numbers, and "
        f"{type(model).__name__} does not: {reason}. Use {remedy}."
    )
