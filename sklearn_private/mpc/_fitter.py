"""Fit a scikit-learn estimator among several parties, on secret shares of their sums."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._checks import Checks
from ..exceptions import InvalidParameterError
from ..sums import (
    Shared,
    Sites,
    SumsEstimator,
    Words,
    fit_apart,
    guarded,
    label_findings,
    partition_findings,
    prepare,
    program_for,
)
from ._party import LOCAL, channel_of, check_party
from ._statement import multi_party_statement

WORDS = Words(
    owner="MPCFitter",
    reader="each party",
    coalition="up to {t} parties together",
    member="party",
    members="parties",
    parameter="min_party_rows",
    ways_out="lower collusion_threshold, join small parties, use fewer columns",
)


class MPCFitter(SumsEstimator):
    """Fit an estimator among several parties, none of which shows its rows or sums to another.

    Each party computes sums over its own rows and splits them into shares among all parties; only
    totals are opened. The fitted coefficients equal those of scikit-learn on the pooled rows, for
    any partition. Without ``party`` all parties run in this process: a simulation. With ``party``
    this is one real party: ``fit`` takes its own rows, meets the others over TLS, and ends with the
    same fitted estimator as every other party and as the simulation, bit by bit.

    Parameters
    ----------
    estimator : estimator
        A :class:`~sklearn.linear_model.LogisticRegression` (two classes),
        :class:`~sklearn.linear_model.LinearRegression`, :class:`~sklearn.linear_model.Ridge`,
        :class:`~sklearn.linear_model.PoissonRegressor` or
        :class:`~sklearn.preprocessing.StandardScaler`. Its objective counts; how scikit-learn
        would reach the optimum (``solver``, ``tol``) does not: Newton runs to the last digits.
    n_parties : int, default=3
        How many parties to simulate where ``fit`` gets no ``groups``; the statement says so. At
        least 3: of two parties, each learns the other's sums.
    mode : {"aggregate"}, default="aggregate"
        What is opened: the totals of every round.
    classes : sequence of label, default=None
        The list of labels that parties agree on, which may hold more than occur. None reads them
        from the rows of all parties, and the statement says so.

    min_party_rows : int, default=None
        Fewest rows behind any sum that some of the parties can isolate. None demands as many as
        keep rows from being read: 10, and 5 (d + 1) where second moments of d columns are opened
        (regressions); of each class, and of those that differ from all others in a column, 10 or
        none. An integer takes the place of all that, and the statement says what can be read.
    collusion_threshold : int, default=None
        How many parties may put together what they know: shares hide the sums of two parties from
        all others, and this many must not be able to read rows from the totals. None allows all
        but two of up to 20 parties, and a third of more.
    history : path-like, default=None
        Folder in which each party keeps digests of the rows, and the roster of parties, that it
        answered for: it refuses a fit that together with earlier ones shows what fewer rows add
        than ``min_party_rows`` demands. None remembers nothing.
    party : int, default=None
        The number of this real party, from 0; None simulates all parties. A classifier then needs
        ``classes``, and each party refuses by its own rows alone: it takes nobody's word.
    peers : sequence of str, default=None
        With ``party``: where each party listens, ``host:port``, this one included, in order.
    tls : path-like, default=None
        With ``party``: this party's folder of certificates, from
        :func:`sklearn_private.transport.make_certificates` for ``["0", "1", ...]`` without a
        coordinator.
    timeout : float, default=300
        With ``party``: seconds to wait for the others, and that one round may take. The computing
        of the slowest party counts.

    Attributes
    ----------
    estimator_ : estimator
        A fitted scikit-learn estimator that stands alone. Its attributes (``coef_``,
        ``intercept_``, ``classes_``, ``mean_``, ...) are those of the fitter, too.
    sites_ : dict of party name to int
        Number of rows of each party.
    n_rounds_ : int
        Number of sums that were asked for.
    bytes_ : tuple of int
        Bytes that each party sent in each round.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X had them.
    privacy_statement_ : MultiPartyStatement
        What the fit promises: it lists what each party learns.

    See Also
    --------
    sklearn_private.federated.FederatedWrapper : The same with a coordinator.

    Notes
    -----
    **Protects** the rows and the sums of each party: only totals are opened.
    **Against** up to all but two of the parties together, who follow the protocol.
    **Leaks** the total of every round (not the model alone) and the number of rows of each party.
    **Assumes** that at least two parties do not collude. In one process nothing separates them.

    References
    ----------
    .. [1] R. Cramer, I. Damgård, J. B. Nielsen, "Secure multiparty computation and secret
       sharing", Cambridge, 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_private.mpc import MPCFitter
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bank = ["a", "b", "c"] * 147 + ["a"]
    >>> model = MPCFitter(Ridge()).fit(X, y, groups=bank)
    >>> model.sites_
    {'a': 148, 'b': 147, 'c': 147}
    >>> bool(abs(model.coef_ - Ridge().fit(X, y).coef_).max() < 1e-6)
    True
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        n_parties: int = 3,
        mode: str = "aggregate",
        *,
        classes: Sequence[Any] | None = None,
        min_party_rows: int | None = None,
        collusion_threshold: int | None = None,
        history: str | PathLike[str] | None = None,
        party: int | None = None,
        peers: Sequence[str] | None = None,
        tls: str | PathLike[str] | None = None,
        timeout: float = 300.0,
    ):
        self.estimator = estimator
        self.n_parties = n_parties
        self.mode = mode
        self.classes = classes
        self.min_party_rows = min_party_rows
        self.collusion_threshold = collusion_threshold
        self.history = history
        self.party = party
        self.peers = peers
        self.tls = tls
        self.timeout = timeout

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Targets, where the estimator needs them.
        groups : array-like of shape (n_samples,), default=None
            The party of each row. None deals the rows out to ``n_parties`` made-up parties. Not
            with ``party``: all rows are then this party's.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts; rows of weight 0 are left out.

        Returns
        -------
        MPCFitter
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter or a label breaks its rule, or there are fewer than 3 parties.
        RangeError
            If a sum might leave the ring; nothing was opened.
        TransportError
            With ``party``: if another party stopped, is late, was started with other settings, or
            somebody broke the protocol; nothing of that round was opened.
        """
        self._check_parameters()
        check_party(self, groups)
        program = program_for(self.estimator)
        if self.party is not None:
            self._fit_at_party(program, X, y, sample_weight)
            return self
        data = prepare(
            self,
            program,
            X,
            y,
            groups,
            sample_weight,
            most_sites=self.n_parties,
            hidden=True,
            min_rows=1,  # as many as n_parties says
        )
        guard = guarded(
            self,
            data,
            program,
            WORDS,
            threshold=self._threshold(len(data.sites)),
            min_rows=self.min_party_rows,
        )
        aggregator = Shared(Sites(data.sites, guard=guard), threshold=guard.reach.threshold)
        self._keep(program.fit(aggregator, self.estimator, data.schema), aggregator, data)
        findings = (*guard.findings(), *partition_findings(data), *label_findings(self, "note"))
        self.privacy_statement_ = multi_party_statement(self, guard, findings)
        return self

    def _fit_at_party(self, program, X, y, sample_weight):
        channel = channel_of(self)
        threshold = self._threshold(len(channel.sites))
        fitted = fit_apart(
            self,
            channel,
            program,
            X,
            y,
            sample_weight,
            words=WORDS,
            threshold=threshold,
            min_rows=self.min_party_rows,
            hide=lambda sites: Shared(sites, threshold=threshold),
            local=LOCAL,
        )
        self._keep(fitted.result, fitted.aggregator, fitted.data)
        self.privacy_statement_ = multi_party_statement(self, fitted.guard, fitted.guard.findings())

    def _check_parameters(self):
        check = Checks(self)
        check.integer("n_parties", at_least=1)
        check.integer("min_party_rows", "collusion_threshold", at_least=1, optional=True)
        check.choice("mode", among=("aggregate",))
        if self.n_parties < 3:
            raise InvalidParameterError(
                f"The 'n_parties' parameter of {type(self).__name__} must be an integer >= 3. Got "
                f"{self.n_parties!r} instead: of two parties, each learns the other's sums by "
                "taking its own from the totals."
            )
