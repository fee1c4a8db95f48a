"""k-means clusters with differential privacy."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.metrics import euclidean_distances
from sklearn.utils.validation import check_is_fitted

from ..._numeric import read_numbers
from ...accounting import LedgerLike
from ...sums import N_LLOYD_ROUNDS, cluster_numbers, cluster_shares, noisy_clusters
from ..fitting import DPEstimator, noisy_program


class DPKMeans(ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin, DPEstimator):
    """Find k-means clusters with differential privacy.

    A drop-in for :class:`sklearn.cluster.KMeans`. Noisy counts of cells along the first principal
    components show where rows are; k-means on these cells, which costs no privacy, gives the
    start, and four noisy rounds of Lloyd mend it. With ``bounds=``, distances are those of columns
    that are scaled by their ranges.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.
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
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Private centres, in units of the input.
    n_iter_ : int
        Number of rounds of Lloyd; a public number.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What is protected, from whom, at which cost.

    See Also
    --------
    DPPCA : Principal components, from the first of the sums.

    Notes
    -----
    **Protects** the values of one row (replaced by another one, or by nothing), or
    with ``privacy_unit=`` all rows of one person.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** the number and names of features, the number of rows or persons (unless
    ``neighboring="add_remove"``), that all values were finite, and the time of the fit.
    **Assumes** that bounds and parameters were chosen without looking at the rows, and that whoever
    reads the attributes has no access to this process.

    There are no ``labels_`` and no ``inertia_``: both are functions of the training rows without
    noise. :meth:`predict` gives the cluster of any row.

    References
    ----------
    D. Su et al., "Differentially private k-means clustering", CODASPY 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.dp import DPKMeans
    >>> X = np.repeat([[-0.5, 0.5], [0.5, -0.5]], 2000, axis=0)
    >>> model = DPKMeans(2, epsilon=1.0, bounds=(-1, 1)).fit(X)
    >>> len(set(model.predict([[-0.5, 0.5], [0.5, -0.5]])))
    2
    """

    _releases = ("cluster_centers_",)

    def __init__(
        self,
        n_clusters: int = 8,
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
        self.n_clusters = n_clusters
        self.epsilon = epsilon
        self.delta = delta
        self.neighboring = neighboring
        self.feature_norm = feature_norm
        self.bounds = bounds
        self.n_public = n_public
        self.rows_per_unit = rows_per_unit
        self.ledger = ledger
        self.random_state = random_state

    def fit_predict(
        self, X: ArrayLike, y: None = None, privacy_unit: ArrayLike | None = None
    ) -> np.ndarray:
        """Fit, and return the cluster of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : None
            Ignored.
        privacy_unit : array-like of shape (n_samples,), default=None
            Whose data each row is.

        Returns
        -------
        ndarray of shape (n_samples,)
            As private as the rows: they are not part of the release.
        """
        return self.fit(X, privacy_unit=privacy_unit).predict(X)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the nearest cluster of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of int of shape (n_samples,)
        """
        return self.transform(X).argmin(axis=1)

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return the distance of each row from each centre.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
        """
        check_is_fitted(self)
        X = read_numbers(self, X, reset=False)
        return euclidean_distances(X / self._scale, self.cluster_centers_ / self._scale)

    @property
    def _n_features_out(self):
        return self.n_clusters

    def _check_parameters(self, check):
        check.integer("n_clusters", at_least=1, at_most=1000)

    def _mechanism(self, public):
        return noisy_program(
            public,
            noisy_clusters,
            name="noisy counts of cells along noisy components, then noisy rounds of Lloyd",
            shares=cluster_shares(public.n_features),
            n_numbers=cluster_numbers(public.n_features, self.n_clusters),
            n_clusters=self.n_clusters,
            n_rows=public.exact_rows,
        )

    def _learn(self, released, bounds, target, mechanism):
        self._scale = bounds.scale
        self.cluster_centers_ = bounds.centre + bounds.scale * released
        self.n_iter_ = N_LLOYD_ROUNDS
