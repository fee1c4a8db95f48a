"""Logistic regression with differential privacy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from ..._numeric import read_numbers
from ...accounting import LedgerLike
from ..fitting import DPEstimator
from ._solvers import SOLVERS


class DPLogisticRegression(ClassifierMixin, DPEstimator):
    """Fit a logistic regression with differential privacy.

    A drop-in for :class:`sklearn.linear_model.LogisticRegression`, for two classes or more, with
    nothing to tune: all settings are formulas of public quantities. Where a public range of every
    feature is known, give it, or put a :class:`DomainEncoder` in front.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy loss of one fit. Larger is more accurate and less private.
    delta : float, default=1e-5
        Probability-like slack of the claim, in [0, 1). Keep it below 1 / n_samples. 0 is pure
        epsilon: the claim has no slack, and takes more noise.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The neighbouring relation: a row is replaced by another, replaced by nothing (the number
        of rows is public), or added or removed (it is not). Replace-one takes twice the noise.
    feature_norm : float, default=None
        Bound on the L2 norm of a row; longer rows are clipped. Exactly one of ``feature_norm``
        and ``bounds`` is needed.
    bounds : pair of float, sequence of pairs, or dict of name to pair, default=None
        Range (low, high) of every feature; values outside are clipped.
    classes : sequence of two labels, default=None
        The labels, in any order. None learns them from y, which is not private: it warns.
    C : float, default=None
        Inverse of the least L2 regularisation of the *sum* of losses, as in scikit-learn. The
        proof needs some; None takes what it needs.
    fit_intercept : bool, default=True
        Whether to fit an intercept, as the coefficient of a constant column.
    intercept_scaling : float, default=None
        Value of the constant column over the bound on the row norm. It counts in the row norm:
        larger learns the intercept faster and adds noise to all coefficients. None takes 0.35 for
        two classes and 0.1 for more.
    solver : {"auto", "objective", "newton", "gd"}, default="auto"
        The algorithm. ``"objective"``: objective perturbation, for two classes; one noise vector
        is added to the log-loss, which is then minimised to a proven tolerance. ``"newton"``: a
        few Newton-like steps on noisy gradients of a clipped log-loss, for two classes; best where
        rows are few or epsilon is small. ``"gd"``: noisy gradient descent on clipped gradients,
        for any number of classes and of columns. The clipped ones rank and classify well, but
        their probabilities are too sure. ``"auto"`` decides by the number of rows, columns and
        classes, epsilon, delta and the relation.
    n_public : int, default=None
        A public number of rows, for settings that depend on it; a fit on more rows is refused.
        None takes the number of rows (of units times ``rows_per_unit``), which is public unless
        ``neighboring="add_remove"``.
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
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Private coefficients, in units of the input.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Private intercepts.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; of two classes the coefficients are those of the second one.
    n_iter_ : ndarray of shape (1,)
        How many noisy vectors were released; a public number.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    DomainEncoder : Public ranges and categories to rows of norm at most 1.
    sklearn_private.privacy_report : What a whole pipeline promises.

    Notes
    -----
    **Protects** the features and label of one row (replaced by another one, or by nothing), or
    with ``privacy_unit=`` all rows of one person.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the class labels, the number of rows or persons
    (unless ``neighboring="add_remove"``), that the fit was not refused (values that are not finite,
    labels that are not declared, a solver that did not converge), and the time of the fit.
    **Assumes** that the bounds, the classes and all parameters were chosen without looking at the
    rows, and that whoever reads the attributes has no access to this process.

    There are no sample weights and no class weights: a weight multiplies what its row can do, and
    balanced ones depend on all labels.

    References
    ----------
    D. Kifer, A. Smith, A. Thakurta, "Private convex empirical risk minimization and
    high-dimensional regression", COLT 2012. R. Redberg, A. Koskela, Y.-X. Wang, "Improving the
    privacy and practicality of objective perturbation", NeurIPS 2023. A. Ganesh et al., "Faster
    differentially private convex optimization via second-order methods", NeurIPS 2023. S. Song, K.
    Chaudhuri, A. Sarwate, "Stochastic gradient descent with differentially private updates",
    GlobalSIP 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private import DPLogisticRegression
    >>> X = np.linspace(-1, 1, 2000).reshape(-1, 1)
    >>> y = (X[:, 0] > 0).astype(int)
    >>> model = DPLogisticRegression(epsilon=1.0, feature_norm=1.0, classes=[0, 1]).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    >>> print(model.privacy_statement_.claim())
    (1, 1e-05)-differential privacy, replace-one, one row
    """

    _releases = ("coef_", "intercept_")

    def __init__(
        self,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        *,
        neighboring: str = "replace_one",
        feature_norm: float | None = None,
        bounds: Any = None,
        classes: Sequence[Any] | None = None,
        C: float | None = None,
        fit_intercept: bool = True,
        intercept_scaling: float | None = None,
        solver: str = "auto",
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
        self.C = C
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.solver = solver
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the score of each class, or that of the second one of two.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Log-odds with ``solver="objective"``.
        """
        check_is_fitted(self)
        X = read_numbers(self, X, reset=False)
        scores = X @ self.coef_.T + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

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
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return -np.logaddexp(0, np.column_stack([scores, -scores]))
        return log_softmax(scores, axis=1)

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
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[best]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.solver in ("auto", "gd") and self.delta != 0
        return tags

    def _check_parameters(self, check):
        check.real("C", above=0, optional=True)
        check.real("intercept_scaling", above=0, at_most=1e10, optional=True)
        check.choice("solver", among=SOLVERS)
        check.boolean("fit_intercept")

    def _relative_intercept(self, target):
        if not self.fit_intercept:
            return 0.0
        if self.intercept_scaling is None:
            return 0.35 if len(target.classes) == 2 else 0.1
        return self.intercept_scaling

    def _mechanism(self, public):
        return SOLVERS[self.solver](public, 0.0 if self.C is None else 1 / self.C)

    def _learn(self, released, bounds, target, mechanism):
        self.coef_, self.intercept_ = bounds.to_input_units(released)
        self.classes_ = target.classes
        self.n_iter_ = np.array([mechanism.n_releases], dtype=np.int32)
