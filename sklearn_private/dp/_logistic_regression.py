"""Logistic regression with differential privacy."""

import math

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import _check
from ..accounting import NEIGHBORING, open_ledger
from ..mechanisms import is_secure, noise_source
from ..statements import SEEDED, DPStatement
from ._labels import binary_labels
from ._objective import calibrate
from ._pure_objective import calibrate_pure
from ._rows import row_bounds


class DPLogisticRegression(ClassifierMixin, BaseEstimator):
    """Fit a binary logistic regression by Gaussian objective perturbation.

    A drop-in for :class:`sklearn.linear_model.LogisticRegression`: one noise vector is added to
    the objective, which is then minimised to a proven tolerance, so there are no epochs and no
    learning rate. Where a public range of every feature is known, give it, or put a
    :class:`DomainEncoder` in front.

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
        Whether to fit an intercept. It is a regularised constant column.
    intercept_scaling : float, default=0.35
        Value of the constant column over the bound on the row norm. It counts in the row norm:
        larger regularises the intercept less and adds noise to all coefficients.
    solver : {"auto", "objective"}, default="auto"
        The algorithm. Both are objective perturbation.
    ledger : PrivacyLedger or path-like, default=None
        Ledger that each fit is charged to, before anything is computed.
    random_state : None, int or numpy.random.Generator, default=None
        None takes noise from the operating system. A seed is for tests: the noise can be
        repeated, so epsilon is infinite in the statement.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features)
        Private coefficients, in units of the input.
    intercept_ : ndarray of shape (1,)
        Private intercept.
    classes_ : ndarray of shape (2,)
        The labels, sorted; the coefficients are those of the second one.
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
    **Protects** the features and label of one row (replaced by another one, or by nothing).
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the class labels, the number of rows (unless
    ``neighboring="add_remove"``), that the solver converged, and the time of the fit.
    **Assumes** that the bounds, the classes and all parameters were chosen without looking at the
    rows, and that whoever reads the attributes has no access to this process.

    References
    ----------
    D. Kifer, A. Smith, A. Thakurta, "Private convex empirical risk minimization and
    high-dimensional regression", COLT 2012. R. Redberg, A. Koskela, Y.-X. Wang, "Improving the
    privacy and practicality of objective perturbation", NeurIPS 2023.

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

    def __init__(
        self,
        epsilon=1.0,
        delta=1e-5,
        *,
        neighboring="replace_one",
        feature_norm=None,
        bounds=None,
        classes=None,
        C=None,
        fit_intercept=True,
        intercept_scaling=0.35,
        solver="auto",
        ledger=None,
        random_state=None,
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
        self.ledger = ledger
        self.random_state = random_state

    def fit(self, X, y):
        """Fit the model, charging the ledger first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        DPLogisticRegression
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter, a bound or a label breaks its rule.
        BudgetExceededError
            If the ledger refuses; nothing was released.
        SolverError
            If the tolerance of the proof was missed; nothing was released.
        """
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=np.float64)
        bounds = row_bounds(self, X.shape[1], getattr(self, "feature_names_in_", None))
        classes, codes, findings = binary_labels(self, y)
        mechanism = self._mechanism(bounds, X.shape[1])
        rng = noise_source(self.random_state)
        self._spend(mechanism.event, seeded=not is_secure(rng))
        w = mechanism.release(bounds.design(X), codes, rng)
        coef, intercept = bounds.to_input_units(w)
        self.coef_, self.intercept_ = coef[None, :], np.array([intercept])
        self.classes_ = classes
        self.privacy_statement_ = self._state(mechanism, bounds, findings, is_secure(rng))
        return self

    def decision_function(self, X):
        """Return the log-odds of the second class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_[0] + self.intercept_[0]

    def predict_proba(self, X):
        """Return the probabilities of both classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, 2)
        """
        second = expit(self.decision_function(X))
        return np.column_stack([1 - second, second])

    def predict_log_proba(self, X):
        """Return the logarithms of :meth:`predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, 2)
        """
        scores = self.decision_function(X)
        return -np.logaddexp(0, np.column_stack([scores, -scores]))

    def predict(self, X):
        """Return the more probable label of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.non_deterministic = self.random_state is None
        return tags

    def _check_parameters(self):
        _check.real(self, "epsilon", above=0)
        _check.real(self, "delta", at_least=0, below=1)
        _check.real(self, "C", above=0, optional=True)
        _check.choice(self, "neighboring", NEIGHBORING)
        _check.choice(self, "solver", ("auto", "objective"))
        _check.boolean(self, "fit_intercept")

    def _mechanism(self, bounds, n_columns):
        public = {
            "row_norm": bounds.row_norm,
            "n_features": n_columns + bool(bounds.intercept),
            "neighboring": self.neighboring,
            "min_l2": 0.0 if self.C is None else 1 / self.C,
        }
        if self.delta == 0:
            return calibrate_pure(self.epsilon, **public)
        return calibrate(self.epsilon, self.delta, **public)

    def _spend(self, event, seeded):
        open_ledger(self.ledger).spend(
            event,
            owner=type(self).__name__,
            delta=self.delta,
            neighboring=self.neighboring,
            seeded=seeded,
        )

    def _state(self, mechanism, bounds, findings, secure):
        hidden = self.neighboring == "add_remove"
        protects = "the features and label of one row, "
        protects += {
            "replace_one": "replaced by any other row",
            "zero_out": "replaced by nothing",
            "add_remove": "added or removed",
        }[self.neighboring]
        return DPStatement(
            owner=type(self).__name__,
            epsilon=float(self.epsilon) if secure else math.inf,
            delta=float(self.delta),
            neighboring=self.neighboring,
            event=mechanism.event,
            protects=protects,
            unit="row",
            against="whoever reads the fitted attributes and knows all other rows",
            releases=("coef_", "intercept_"),
            leaks=(
                "number and names of features",
                *(() if hidden else ("number of rows",)),
                *(("the set of labels in y",) if findings else ()),
                "that all labels were declared ones and the solver converged",
                "time of the fit",
            ),
            assumes=(
                "bounds, classes and parameters were chosen without looking at the rows",
                "one row per person, or the claim is per row and not per person",
            ),
            mechanism=mechanism.name,
            parameters={"row_norm": bounds.row_norm, **mechanism.parameters()},
            bounds={
                "rows": bounds.source,
                "classes": "learned from y" if findings else "classes=, from the caller",
            },
            randomness="operating system" if secure else "seeded",
            findings=(*findings, *(() if secure else (SEEDED,))),
        )
