"""Principal components with differential privacy."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..._checks import Checks
from ..._numeric import read_numbers
from ...accounting import LedgerLike
from ...sums import SPECTRUM_SHARES, noisy_covariance
from ..fitting import DPEstimator, noisy_program


class DPPCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DPEstimator):
    """Find principal components with differential privacy.

    A drop-in for :class:`sklearn.decomposition.PCA`: a noisy mean, then a noisy matrix of products
    around it. Variances below zero, which noise can make, are stated as zero.

    Parameters
    ----------
    n_components : int, default=None
        Number of components; None keeps all of them.
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
    components_ : ndarray of shape (n_components_, n_features)
        Directions of largest variance, the largest first.
    explained_variance_ : ndarray of shape (n_components_,)
        Variance along each of them.
    explained_variance_ratio_ : ndarray of shape (n_components_,)
        The same over the variance of all columns.
    mean_ : ndarray of shape (n_features,)
        Mean of each column.
    n_components_ : int
        Number of components.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    DPKMeans : Clusters, which start from the same sums.

    Notes
    -----
    **Protects** the values of one row (replaced by another one, or by nothing), or
    with ``privacy_unit=`` all rows of one person.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the number of rows or persons (unless
    ``neighboring="add_remove"``), that all values were finite, and the time of the fit.
    **Assumes** that bounds and parameters were chosen without looking at the rows, and that whoever
    reads the attributes has no access to this process.

    References
    ----------
    C. Dwork et al., "Analyze Gauss: optimal bounds for privacy-preserving principal component
    analysis", STOC 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.dp import DPPCA
    >>> t = np.linspace(-1, 1, 5000)
    >>> X = np.column_stack([t, 0.5 * t])
    >>> model = DPPCA(1, epsilon=1.0, bounds=(-1, 1)).fit(X)
    >>> bool(model.explained_variance_ratio_[0] > 0.95)
    True
    """

    _releases = ("components_", "explained_variance_", "mean_")

    def __init__(
        self,
        n_components: int | None = None,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        *,
        neighboring: str = "replace_one",
        feature_norm: float | None = None,
        bounds: Any = None,
        n_public: int | None = None,
        rows_per_unit: int = 1,
        ledger: LedgerLike | None = None,
        random_state: int | np.random.Generator | None = None,
    ):
        self.n_components = n_components
        self.epsilon = epsilon
        self.delta = delta
        self.neighboring = neighboring
        self.feature_norm = feature_norm
        self.bounds = bounds
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the rows along the components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_components_)
        """
        check_is_fitted(self)
        X = read_numbers(self, X, reset=False)
        return (X - self.mean_) @ self.components_.T

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Return rows of the input's columns from rows along the components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components_)
            What :meth:`transform` returned.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return np.asarray(X) @ self.components_ + self.mean_

    @property
    def _n_features_out(self):
        return self.n_components_

    def _check_parameters(self, check):
        check.integer("n_components", at_least=1, optional=True)

    def _mechanism(self, public):
        if self.n_components is not None and self.n_components > public.n_features:
            raise Checks(self).invalid(
                "n_components", f"at most {public.n_features}, the number of features"
            )
        size = public.n_features
        return noisy_program(
            public,
            noisy_covariance,
            name="a noisy mean, and a noisy matrix of products around it",
            shares=SPECTRUM_SHARES,
            n_numbers=size + 1 + size * (size + 1) // 2,
            n_rows=public.exact_rows,
        )

    def _learn(self, released, bounds, target, mechanism):
        mean, covariance, _ = released
        units = bounds.scale
        values, vectors = np.linalg.eigh(covariance * np.outer(units, units))
        values, components = np.maximum(values[::-1], 0.0), vectors[:, ::-1].T
        # As in scikit-learn: the largest coefficient of each component is positive.
        largest = components[np.arange(len(values)), np.abs(components).argmax(axis=1)]
        self.n_components_ = len(values) if self.n_components is None else self.n_components
        kept = slice(self.n_components_)
        self.components_ = (components * np.sign(largest)[:, None])[kept]
        self.explained_variance_ = values[kept]
        self.explained_variance_ratio_ = values[kept] / max(values.sum(), np.finfo(float).tiny)
        self.mean_ = bounds.centre + units * mean
