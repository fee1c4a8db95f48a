"""Scale columns by private quantiles."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..._numeric import read_numbers
from ...accounting import LedgerLike
from ...sums import DYADIC_DEPTH, noisy_quantiles
from ..fitting import DPEstimator, noisy_program

_TINY = 2.0**-20  # of a range: columns whose quantiles meet are scaled by it


class DPQuantileScaler(OneToOneFeatureMixin, TransformerMixin, DPEstimator):
    """Scale columns from two private quantiles to [-1, 1], to rows of norm at most 1.

    In place of :class:`sklearn.preprocessing.RobustScaler` and ``MinMaxScaler``, for columns of
    which only a wide range is public: the low quantile becomes -1, the high one 1, values beyond
    are clipped, and rows are divided by the square root of the number of columns. So a DP model
    behind takes ``feature_norm=1.0``.

    Parameters
    ----------
    quantile_range : pair of float, default=(0.05, 0.95)
        The quantiles that become -1 and 1, from 0 to 1.
    epsilon : float, default=1.0
        Privacy loss of one fit. Larger is more accurate and less private.
    delta : float, default=1e-5
        Probability-like slack of the claim, in (0, 1). Keep it below 1 / n_samples.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The neighbouring relation: a row is replaced by another, replaced by nothing (the number
        of rows is public), or added or removed (it is not). Replace-one takes up to twice the
        noise.
    bounds : pair of float, sequence of pairs, or dict of name to pair, default=None
        Range (low, high) of every feature, which holds its quantiles; it is needed, and may be
        wide: each halving of the range costs little.
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
    low_, high_ : ndarray of shape (n_features,)
        The private quantiles of each column.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    sklearn_private.DomainEncoder : Scales by public ranges, at no cost.
    DPStandardScaler : Scales by private means and variances, without bounds on what comes out.

    Notes
    -----
    **Protects** the values of one row (replaced by another one, or by nothing), or
    with ``privacy_unit=`` all rows of one person.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the number of rows or persons (unless
    ``neighboring="add_remove"``), that all values were finite, and the time of the fit.
    **Assumes** that bounds and parameters were chosen without looking at the rows, and that whoever
    reads the attributes has no access to this process.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.dp import DPQuantileScaler
    >>> X = np.linspace(0, 10, 5000).reshape(-1, 1)
    >>> scaler = DPQuantileScaler(epsilon=1.0, bounds=(-100, 100)).fit(X)
    >>> bool(abs(scaler.low_[0] - 0.5) < 1 and abs(scaler.high_[0] - 9.5) < 1)
    True
    """

    _releases = ("low_", "high_")
    feature_norm = None  # bounds= are needed: a norm gives columns no range

    def __init__(
        self,
        quantile_range: tuple[float, float] = (0.05, 0.95),
        epsilon: float = 1.0,
        delta: float = 1e-5,
        *,
        neighboring: str = "replace_one",
        bounds: Any = None,
        n_public: int | None = None,
        rows_per_unit: int = 1,
        ledger: LedgerLike | None = None,
        random_state: int | np.random.Generator | None = None,
    ):
        self.quantile_range = quantile_range
        self.epsilon = epsilon
        self.delta = delta
        self.neighboring = neighboring
        self.bounds = bounds
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return scaled rows of norm at most 1.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = read_numbers(self, X, reset=False)
        scaled = 2 * (np.clip(X, self.low_, self.high_) - self.low_) / (self.high_ - self.low_) - 1
        return np.clip(scaled, -1.0, 1.0) / math.sqrt(X.shape[1])

    def _check_parameters(self, check):
        rule = "a pair (low, high) of numbers from 0 to 1, low below high"
        try:
            low, high = map(float, self.quantile_range)
        except (TypeError, ValueError) as error:
            raise check.invalid("quantile_range", rule) from error
        if not 0 <= low < high <= 1:
            raise check.invalid("quantile_range", rule)
        if self.bounds is None:
            raise check.invalid(
                "bounds", "a range of every column, chosen without looking at the rows"
            )

    def _mechanism(self, public):
        return noisy_program(
            public,
            noisy_quantiles,
            name="noisy counts of halves, quarters and so on of the range of every column",
            shares=(1.0,),
            n_numbers=public.n_features * 2 ** (DYADIC_DEPTH + 1),
            quantiles=tuple(map(float, self.quantile_range)),
            n_columns=public.n_features,
            n_rows=public.exact_rows,
        )

    def _learn(self, released, bounds, target, mechanism):
        half = bounds.scale / math.sqrt(len(bounds.scale))
        low, high = bounds.centre + half * released
        self.low_, self.high_ = low, np.maximum(high, low + _TINY * half)
