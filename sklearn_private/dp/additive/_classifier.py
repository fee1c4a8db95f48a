"""An additive classifier with differential privacy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin

from ...accounting import LedgerLike
from ...exceptions import InvalidParameterError
from ..linear import SOLVERS
from ._model import AdditiveModel


class DPAdditiveClassifier(ClassifierMixin, AdditiveModel):
    """Fit an additive model of two classes with differential privacy.

    Every numeric column is cut into bins of its public range, on which a few smooth functions are
    given; every category has a number of its own. The model is a linear one of these public
    features, fitted by the solver that :class:`DPLogisticRegression` takes by itself.
    A model of this kind can be looked at: see :meth:`shape_functions`.

    Parameters
    ----------
    domain : dict of str to tuple or list, or tuple
        For each column a range ``(low, high)`` or a list of categories, as for
        :class:`~sklearn_private.DomainEncoder`; one range stands for every column.
    epsilon : float, default=1.0
        Privacy loss of one fit. Larger is more accurate and less private.
    delta : float, default=1e-5
        Probability-like slack of the claim, in (0, 1). Keep it below 1 / n_samples.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The neighbouring relation: a row is replaced by another, replaced by nothing (the number
        of rows is public), or added or removed (it is not). Replace-one takes up to twice the
        noise.
    classes : sequence of two labels, default=None
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
    shape_values_ : list of ndarray
        For each column what each bin of its range, or each category, adds to the score; the last
        entry is for missing and unknown values, and is 0. Edit them at no cost.
    intercept_ : float
        What is added to every score.
    classes_ : ndarray of shape (2,)
        The labels, sorted; a score above 0 is for the second one.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    DPAdditiveRegressor : The same for a number.
    DPLogisticRegression : A straight line a column.

    Notes
    -----
    **Protects** the features and label of one row (replaced by another one, or by nothing), or
    with ``privacy_unit=`` all rows of one person.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the number of rows or persons (unless
    ``neighboring="add_remove"``), that all labels were declared ones, and the time of the fit.
    **Assumes** that the domain, the classes and all parameters were chosen without looking at the
    rows, and that whoever reads the attributes has no access to this process.

    References
    ----------
    H. Nori et al., "Accuracy, interpretability, and differential privacy via explainable boosting",
    ICML 2021. P. Bühlmann, B. Yu, "Boosting with the L2 loss", JASA 98, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.dp import DPAdditiveClassifier
    >>> X = np.linspace(-1, 1, 3000).reshape(-1, 1)
    >>> y = (abs(X[:, 0]) > 0.5).astype(int)
    >>> model = DPAdditiveClassifier((-1, 1), epsilon=1.0, classes=[0, 1]).fit(X, y)
    >>> bool(model.score(X, y) > 0.8)
    True
    >>> middles, added = model.shape_functions()["x0"]
    >>> bool(added[0] > added[16] < added[-1])
    True
    """

    def __init__(
        self,
        domain: Any,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        *,
        neighboring: str = "replace_one",
        classes: Sequence[Any] | None = None,
        n_public: int | None = None,
        rows_per_unit: int = 1,
        ledger: LedgerLike | None = None,
        random_state: int | np.random.Generator | None = None,
    ):
        self.domain = domain
        self.epsilon = epsilon
        self.delta = delta
        self.neighboring = neighboring
        self.classes = classes
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the score of the second class: log-odds.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._scores(X)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, 2)
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the logarithms of :meth:`predict_proba`.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, 2)
        """
        scores = self._scores(X)
        return -np.logaddexp(0, np.column_stack([scores, -scores]))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the more probable label of each row.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        best = (self._scores(X) > 0).astype(int)
        return self.classes_[best]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _mechanism(self, public):
        if public.n_classes > 2:
            raise InvalidParameterError.unreleased(
                f"Only binary classification is supported by {public.owner}. Got "
                f"{public.n_classes} classes.",
                "Take DPLogisticRegression.",
            )
        return SOLVERS["auto"](public, 0.0)

    def _learn(self, released, bounds, target, mechanism):
        self.shape_values_, self.intercept_ = bounds.shapes(released)
        self.classes_ = target.classes
