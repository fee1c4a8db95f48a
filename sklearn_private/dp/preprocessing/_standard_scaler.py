"""Standardise columns with differential privacy."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..._numeric import read_numbers
from ...accounting import LedgerLike
from ...sums import noisy_moments
from ..fitting import DPEstimator, noisy_program


class DPStandardScaler(OneToOneFeatureMixin, TransformerMixin, DPEstimator):
    """Standardise columns by private means and variances.

    A drop-in for :class:`sklearn.preprocessing.StandardScaler`: one noisy sum holds the values and
    their squares. Variances are raised to their noise. What is scaled is not bounded: a model
    behind clips it by a bound of its own, or use :class:`DPQuantileScaler`.

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
    with_mean, with_std : bool, default=True
        Whether to take the mean off, and to divide by the deviation.
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
    mean_, var_, scale_ : ndarray of shape (n_features,)
        Private mean and variance of each column, and the root of the variance.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    sklearn_private.DomainEncoder : Scales by public ranges, at no cost.

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
    >>> from sklearn_private.dp import DPStandardScaler
    >>> X = np.linspace(0, 10, 5000).reshape(-1, 1)
    >>> scaler = DPStandardScaler(epsilon=1.0, bounds=(0, 10)).fit(X)
    >>> bool(abs(scaler.mean_[0] - 5) < 0.5)
    True
    """

    _releases = ("mean_", "var_", "scale_")

    def __init__(
        self,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        *,
        neighboring: str = "replace_one",
        feature_norm: float | None = None,
        bounds: Any = None,
        with_mean: bool = True,
        with_std: bool = True,
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
        self.with_mean = with_mean
        self.with_std = with_std
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return standardised rows.

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
        moved = X - self.mean_ if self.with_mean else X
        return moved / self.scale_ if self.with_std else moved

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Return rows in the units of the input.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            What :meth:`transform` returned.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        scaled = np.asarray(X) * self.scale_ if self.with_std else np.asarray(X)
        return scaled + self.mean_ if self.with_mean else scaled

    def _check_parameters(self, check):
        check.boolean("with_mean", "with_std")

    def _mechanism(self, public):
        return noisy_program(
            public,
            noisy_moments,
            name="a noisy sum of values and squares",
            shares=(1.0,),
            n_numbers=2 * public.n_features + 1,
            square_norm=public.bounds.square_norm,
            n_rows=public.exact_rows,
        )

    def _learn(self, released, bounds, target, mechanism):
        mean, variance = released
        self.mean_ = bounds.centre + bounds.scale * mean
        self.var_ = bounds.scale**2 * variance
        self.scale_ = np.sqrt(self.var_)
