"""An additive regression with differential privacy."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin

from ...accounting import LedgerLike
from ..linear import least_squares
from ._model import AdditiveModel


class DPAdditiveRegressor(RegressorMixin, AdditiveModel):
    """Fit an additive model of a bounded number with differential privacy.

    Every numeric column is cut into bins of its public range, on which a few smooth functions are
    given; every category has a number of its own. The model is a linear one of these public
    features, fitted by the noisy sums of :class:`DPRidge`.
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
    target_bounds : pair of float, default=None
        Range (low, high) of the target; values outside are clipped. It is needed.
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
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    DPAdditiveClassifier : The same for two classes.
    DPRidge : A straight line a column.

    Notes
    -----
    **Protects** the features and target of one row (replaced by another one, or by nothing), or
    with ``privacy_unit=`` all rows of one person.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the number of rows or persons (unless
    ``neighboring="add_remove"``), that all targets were finite, and the time of the fit.
    **Assumes** that the domain and all parameters were chosen without looking at the rows, and that
    whoever reads the attributes has no access to this process.

    References
    ----------
    H. Nori et al., "Accuracy, interpretability, and differential privacy via explainable boosting",
    ICML 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.dp import DPAdditiveRegressor
    >>> X = np.linspace(-1, 1, 3000).reshape(-1, 1)
    >>> y = X[:, 0] ** 2
    >>> model = DPAdditiveRegressor((-1, 1), epsilon=1.0, target_bounds=(0, 1)).fit(X, y)
    >>> bool(model.score(X, y) > 0.8)
    True
    """

    def __init__(
        self,
        domain: Any,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        *,
        neighboring: str = "replace_one",
        target_bounds: tuple[float, float] | None = None,
        n_public: int | None = None,
        rows_per_unit: int = 1,
        ledger: LedgerLike | None = None,
        random_state: int | np.random.Generator | None = None,
    ):
        self.domain = domain
        self.epsilon = epsilon
        self.delta = delta
        self.neighboring = neighboring
        self.target_bounds = target_bounds
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted target of each row.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._scores(X)

    def _mechanism(self, public):
        return least_squares(public, 0.0)

    def _learn(self, released, bounds, target, mechanism):
        shapes, intercept = bounds.shapes(released)
        self.shape_values_ = [target.half * values for values in shapes]
        self.intercept_ = target.centre + target.half * intercept
