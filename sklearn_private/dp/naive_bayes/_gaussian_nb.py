"""Gaussian naive Bayes with differential privacy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..._numeric import read_numbers
from ...accounting import LedgerLike
from ...sums import noisy_class_moments
from ..fitting import DPEstimator, noisy_program


class DPGaussianNB(ClassifierMixin, DPEstimator):
    """Fit a Gaussian naive Bayes classifier with differential privacy.

    A drop-in for :class:`sklearn.naive_bayes.GaussianNB`: one noisy sum holds the count, the sum
    and the sum of squares of every class. Variances are raised to their noise, and a class whose
    count the noise hides has the mean and the variance of all rows.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy loss of one fit. Larger is more accurate and less private.
    delta : float, default=1e-5
        Probability-like slack of the claim, in (0, 1). Keep it below 1 / n_samples.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The neighbouring relation: a row is replaced by another, replaced by nothing (the number
        of rows is public), or added or removed (it is not). Replace-one takes up to twice the
        noise.
    feature_norm : float, default=None
        Bound on the L2 norm of a row; longer rows are clipped. Exactly one of ``feature_norm``
        and ``bounds`` is needed.
    bounds : pair of float, sequence of pairs, or dict of name to pair, default=None
        Range (low, high) of every feature; values outside are clipped.
    classes : sequence of label, default=None
        The labels, in any order. None learns them from y, which is not private: it warns.
    n_public : int, default=None
        A public number of rows, for settings that depend on it; a fit on more rows is refused.
        None takes the number of rows (of units times ``rows_per_unit``), which is public unless
        ``neighboring="add_remove"``: then it is needed.
    rows_per_unit : int, default=1
        Where ``fit`` is told whose data each row is (``privacy_unit=``), the most rows of one
        person that are used, chosen by secret coins. More rows take more noise.
    ledger : PrivacyLedger or path-like, default=None
        Ledger that each fit is charged to, before anything is computed.
    random_state : None, int or numpy.random.Generator, default=None
        None takes noise from the operating system. A seed is for tests: the noise can be
        repeated, so epsilon is infinite in the statement.

    Attributes
    ----------
    class_prior_ : ndarray of shape (n_classes,)
        Private share of each class.
    theta_, var_ : ndarray of shape (n_classes, n_features)
        Private mean and variance of each column in each class.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    DPLogisticRegression : Mostly better where there are many rows.

    Notes
    -----
    **Protects** the features and label of one row (replaced by another one, or by nothing), or
    with ``privacy_unit=`` all rows of one person.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the number of rows or persons (unless
    ``neighboring="add_remove"``), that all values were finite and all labels declared ones, and the
    time of the fit.
    **Assumes** that the bounds, the classes and all parameters were chosen without looking at the
    rows, and that whoever reads the attributes has no access to this process.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.dp import DPGaussianNB
    >>> X = np.repeat([[-0.5], [0.5]], 1000, axis=0)
    >>> y = np.repeat([0, 1], 1000)
    >>> model = DPGaussianNB(epsilon=1.0, bounds=(-1, 1), classes=[0, 1]).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    _releases = ("class_prior_", "theta_", "var_")

    def __init__(
        self,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        *,
        neighboring: str = "replace_one",
        feature_norm: float | None = None,
        bounds: Any = None,
        classes: Sequence[Any] | None = None,
        n_public: int | None = None,
        rows_per_unit: int = 1,
        ledger: LedgerLike | None = None,
        random_state: int | np.random.Generator | None = None,
    ):
        self.epsilon = epsilon
        self.delta = delta
        self.neighboring = neighboring
        self.feature_norm = feature_norm
        self.bounds = bounds
        self.classes = classes
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def predict_joint_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the joint log-probability of each row and each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        X = read_numbers(self, X, reset=False)
        precision = 1 / self.var_
        # |x - theta|² / var, expanded so that no array of rows times classes times columns is made
        quadratic = X**2 @ precision.T - 2 * X @ (self.theta_ * precision).T
        constant = (self.theta_**2 * precision + np.log(2 * np.pi * self.var_)).sum(axis=1)
        return np.log(self.class_prior_) - (quadratic + constant) / 2

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
        joint = self.predict_joint_log_proba(X)
        return joint - logsumexp(joint, axis=1, keepdims=True)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable label of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        best = self.predict_joint_log_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _mechanism(self, public):
        return noisy_program(
            public,
            noisy_class_moments,
            name="a noisy sum of counts, values and squares of every class",
            shares=(1.0,),
            n_numbers=public.n_classes * (2 * public.n_features + 1),
            square_norm=public.bounds.square_norm,
            n_classes=public.n_classes,
        )

    def _learn(self, released, bounds, target, mechanism):
        share, mean, variance = released
        self.class_prior_ = share
        self.theta_ = bounds.centre + bounds.scale * mean
        self.var_ = bounds.scale**2 * variance
        self.classes_ = target.classes
