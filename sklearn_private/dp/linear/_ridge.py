"""Ridge regression with differential privacy."""

from typing import Any

import numpy as np

from ...accounting import LedgerLike
from ._regressor import LinearRegressor, least_squares


class DPRidge(LinearRegressor):
    """Fit a ridge regression with differential privacy.

    A drop-in for :class:`sklearn.linear_model.Ridge`: a noisy Gram matrix gives a first fit, which
    noisy sums of clipped residuals then mend. Public ranges of the features and of the target are
    needed; a :class:`~sklearn_private.DomainEncoder` in front gives those of the features.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy loss of one fit. Larger is more accurate and less private.
    delta : float, default=1e-5
        Probability-like slack of the claim, in (0, 1). Keep it below 1 / n_samples.
    alpha : float, default=1.0
        L2 penalty of each coefficient, as in scikit-learn.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The neighbouring relation: a row is replaced by another, replaced by nothing (the number
        of rows is public), or added or removed (it is not). Replace-one takes up to twice the
        noise.
    feature_norm : float, default=None
        Bound on the L2 norm of a row; longer rows are clipped. Exactly one of ``feature_norm``
        and ``bounds`` is needed.
    bounds : pair of float, sequence of pairs, or dict of name to pair, default=None
        Range (low, high) of every feature; values outside are clipped.
    target_bounds : pair of float, default=None
        Range (low, high) of the target; values outside are clipped. It is needed.
    fit_intercept : bool, default=True
        Whether to fit an intercept, as the coefficient of a constant column.
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
    coef_ : ndarray of shape (n_features,)
        Private coefficients, in units of the input.
    intercept_ : float
        Private intercept.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    DPLinearRegression : The same without a penalty.
    sklearn_private.DomainEncoder : Public ranges and categories to rows of norm at most 1.

    Notes
    -----
    **Protects** the features and target of one row (replaced by another one, or by nothing), or
    with ``privacy_unit=`` all rows of one person.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the number of rows or persons (unless
    ``neighboring="add_remove"``), that all values were finite, and the time of the fit.
    **Assumes** that bounds and parameters were chosen without looking at the rows, and that whoever
    reads the attributes has no access to this process.

    References
    ----------
    Y.-X. Wang, "Revisiting differentially private linear regression: optimal and adaptive
    prediction & estimation in unbounded domain", UAI 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.dp import DPRidge
    >>> X = np.linspace(-1, 1, 2000).reshape(-1, 1)
    >>> y = 3 * X[:, 0] + 1
    >>> model = DPRidge(epsilon=1.0, bounds=(-1, 1), target_bounds=(-5, 5)).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    def __init__(
        self,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        *,
        alpha: float = 1.0,
        neighboring: str = "replace_one",
        feature_norm: float | None = None,
        bounds: Any = None,
        target_bounds: tuple[float, float] | None = None,
        fit_intercept: bool = True,
        n_public: int | None = None,
        rows_per_unit: int = 1,
        ledger: LedgerLike | None = None,
        random_state: int | np.random.Generator | None = None,
    ):
        self.epsilon = epsilon
        self.delta = delta
        self.alpha = alpha
        self.neighboring = neighboring
        self.feature_norm = feature_norm
        self.bounds = bounds
        self.target_bounds = target_bounds
        self.fit_intercept = fit_intercept
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def _check_parameters(self, check):
        super()._check_parameters(check)
        check.real("alpha", at_least=0)

    def _mechanism(self, public):
        return least_squares(public, self.alpha)
