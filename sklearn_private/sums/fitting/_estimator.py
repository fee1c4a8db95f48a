"""The estimator that a technique makes of another one by answering its sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..._checks import Checks
from .._aggregator import Aggregator
from .._registry import rebuild
from ..guard import default_threshold, largest_threshold
from ._prepare import Prepared

_LEARNING = ("fit", "partial_fit", "set_", "get_")  # how methods begin that change an estimator


def _inner_has(name: str) -> Callable[[Any], bool]:
    """Return a check whether the wrapped estimator has a method."""

    def check(self: Any) -> bool:
        getattr(self.estimator, name)
        return True

    return check


class SumsEstimator(MetaEstimatorMixin, BaseEstimator):
    """Fit ``estimator`` by its program over sums, and stand for the fitted one.

    Subclasses have parameters ``estimator`` and ``classes``, run the program in ``fit`` and call
    ``_keep``. Everything else goes to ``estimator_``, a real fitted scikit-learn estimator.

    Attributes
    ----------
    estimator_ : estimator
        The fitted one; it stands alone.
    sites_ : dict of site name to int
        Number of rows of each site.
    n_rounds_ : int
        Number of sums that were asked for.
    bytes_ : tuple of int
        Bytes that each site sent in each round.
    """

    __metadata_request__fit = {"groups": True}  # noqa: RUF012 (scikit-learn reads it as it is)

    def __getattr__(self, name: str) -> Any:
        """Return what the fitted estimator learned, or one of its methods that learn nothing."""
        fitted = self.__dict__.get("estimator_")
        if fitted is not None and not name.startswith("_") and hasattr(fitted, name):
            value = getattr(fitted, name)
            if name.endswith("_") or (callable(value) and not name.startswith(_LEARNING)):
                return value
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _threshold(self, n_sites: int) -> int:
        """Return how many sites may collude: ``collusion_threshold``, or the default."""
        if self.collusion_threshold is None:
            return default_threshold(n_sites)
        if self.collusion_threshold > largest_threshold(n_sites):
            rule = f"at most {largest_threshold(n_sites)}, all but two of {n_sites}"
            raise Checks(self).invalid("collusion_threshold", rule)
        return self.collusion_threshold

    def _keep(self, result: dict[str, Any], aggregator: Aggregator, prepared: Prepared) -> None:
        """Set the fitted attributes."""
        columns = {"n_features_in_": self.n_features_in_}
        if hasattr(self, "feature_names_in_"):
            columns["feature_names_in_"] = self.feature_names_in_
        self.estimator_ = rebuild(self.estimator, {**result, **columns})
        self.sites_ = prepared.partition.sizes
        self.n_rounds_ = len(aggregator.sent)
        self.bytes_ = tuple(aggregator.sent)

    @available_if(_inner_has("predict"))
    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predictions of ``estimator_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @available_if(_inner_has("predict_proba"))
    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the class probabilities of ``estimator_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(_inner_has("predict_log_proba"))
    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the logarithms of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.predict_log_proba(X)

    @available_if(_inner_has("decision_function"))
    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the decision values of ``estimator_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    @available_if(_inner_has("score"))
    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the score of ``estimator_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        return self.estimator_.score(X, y, sample_weight=sample_weight)

    @available_if(_inner_has("transform"))
    def transform(self, X: ArrayLike) -> Any:
        """Return the rows as ``estimator_`` transforms them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        array-like of shape (n_samples, n_features_out)
            In the container that :meth:`set_output` chose.
        """
        check_is_fitted(self)
        return self.estimator_.transform(X)

    @available_if(_inner_has("inverse_transform"))
    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Return the rows as ``estimator_`` transforms them back.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Transformed rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self.estimator_.inverse_transform(X)

    @available_if(_inner_has("transform"))
    def fit_transform(self, X: ArrayLike, y: ArrayLike | None = None, **fit_params: Any) -> Any:
        """Fit, and transform the same rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Targets, where the estimator needs them.
        **fit_params : dict
            What else ``fit`` takes.

        Returns
        -------
        array-like of shape (n_samples, n_features_out)
        """
        return self.fit(X, y, **fit_params).transform(X)

    @available_if(_inner_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return the names of the transformed columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        return self.estimator_.get_feature_names_out(input_features)

    @available_if(_inner_has("set_output"))
    def set_output(self, *, transform: str | None = None) -> SumsEstimator:
        """Choose the container that :meth:`transform` returns.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            The container; None leaves it as it is.

        Returns
        -------
        SumsEstimator
            Itself.
        """
        for estimator in (self.estimator, getattr(self, "estimator_", None)):
            if estimator is not None:
                estimator.set_output(transform=transform)
        return self

    def __sklearn_tags__(self) -> Tags:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.transformer_tags = inner.transformer_tags
        tags.regressor_tags = inner.regressor_tags
        tags.input_tags = replace(tags.input_tags, allow_nan=inner.input_tags.allow_nan)
        tags.target_tags = replace(inner.target_tags, multi_output=False)
        if inner.classifier_tags is not None:
            tags.classifier_tags = replace(inner.classifier_tags, multi_class=False)
        return tags
