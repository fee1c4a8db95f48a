"""Fit a scikit-learn estimator on rows that stay at their sites."""

import warnings
from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, is_classifier

from .._checks import Checks
from ..accounting import LedgerLike
from ..exceptions import InvalidParameterError, PrivacyWarning
from ..mechanisms import noise_source
from ..statements import Payment
from ..sums import (
    Masked,
    Noisy,
    Prepaid,
    Sites,
    SumsEstimator,
    Words,
    fit_apart,
    guarded,
    label_findings,
    partition_findings,
    prepare,
    program_for,
    supported,
)
from ._row_dp import RowDP
from ._site import LOCAL, channel_of, check_site
from ._statement import (
    IN_THE_CLEAR,
    TRUSTED_TO_ADD,
    adds_for_itself,
    dp_statement,
    federated_statement,
    masks_statement,
)


class FederatedWrapper(SumsEstimator):
    """Fit an estimator on rows that stay at their sites.

    Each site computes sums over its own rows, a coordinator adds them: the fitted coefficients
    equal those of scikit-learn on the pooled rows, for any partition. Without ``site`` all sites
    run in this process: a simulation. With ``site`` this is one real site: ``fit`` takes its own
    rows, meets the others through a coordinator (``python -m sklearn_private coordinator``), and
    ends with the same fitted estimator as every other site and as the simulation, bit by bit.

    Parameters
    ----------
    estimator : estimator
        A :class:`~sklearn.linear_model.LogisticRegression` (two classes),
        :class:`~sklearn.linear_model.LinearRegression`, :class:`~sklearn.linear_model.Ridge`,
        :class:`~sklearn.linear_model.PoissonRegressor` or
        :class:`~sklearn.preprocessing.StandardScaler`. Its objective counts; how scikit-learn
        would reach the optimum (``solver``, ``tol``) does not: Newton runs to the last digits.
    n_clients : int, default=10
        Most sites to simulate where ``fit`` gets no ``groups``; the statement says so. There are
        fewer where so many would have too few rows each.
    secure_aggregation : bool, default=False
        Whether sites mask their sums, so that the coordinator sees totals only. Needs 3 sites.
    dp : RowDP, default=None
        Differential privacy of one row: noise on every total. For estimators with a noisy program
        (logistic and Poisson regression).
    classes : sequence of label, default=None
        The list of labels that sites agree on, which may hold more than occur (not with ``dp``).
        None reads them from the rows of all sites, and the statement says so.
    min_client_rows : int, default=None
        Fewest rows behind any sum that somebody can isolate. None demands as many as keep rows from
        being read: 10, and 5 (d + 1) where second moments of d columns are opened (regressions); of
        each class, and of those that differ from all others in a column, 10 or none. An integer
        takes the place of all that, and the statement says whether rows can be read.
    collusion_threshold : int, default=None
        With ``secure_aggregation``: how many sites may put together what they and the coordinator
        know without learning the sums of another one. More need more rows at the others, and more
        masks. None allows all but two of up to 20 sites, and a third of more.
    history : path-like, default=None
        Folder in which each site keeps digests of the rows, and the roster of sites, that it
        answered for: it refuses a fit that together with earlier ones shows what fewer rows add
        than ``min_client_rows`` demands. None remembers nothing: two fits that differ by a row
        show that row. Not needed with ``dp``.
    ledger : PrivacyLedger or path-like, default=None
        With ``dp``: the ledger that each fit is charged to, before anything is computed.
    random_state : None, int or numpy.random.Generator, default=None
        With ``dp``: None takes noise from the operating system. A seed is for tests: the noise can
        be repeated, so epsilon is infinite in the statement.
    site : str, default=None
        The name of this real site; None simulates all sites. A classifier then needs ``classes``,
        and each site refuses by its own rows alone: it takes nobody's word.
    coordinator : str, default=None
        With ``site``: where the coordinator listens, ``host:port``.
    tls : path-like, default=None
        With ``site``: this site's folder of certificates, from
        :func:`sklearn_private.transport.make_certificates`.
    timeout : float, default=300
        With ``site``: seconds to wait for the others, and that one round may take. The computing of
        the slowest site counts.

    Attributes
    ----------
    estimator_ : estimator
        A fitted scikit-learn estimator that stands alone. Its attributes (``coef_``,
        ``intercept_``, ``classes_``, ``mean_``, ...) are those of the wrapper, too.
    sites_ : dict of site name to int
        Number of rows of each site.
    n_rounds_ : int
        Number of sums that were asked for.
    bytes_ : tuple of int
        Bytes that each site sent in each round.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X had them.
    privacy_statement_ : AggregationStatement
        What the fit promises, with a part for masks and one for noise.

    See Also
    --------
    sklearn_private.mpc.MPCFitter : The same without a coordinator.
    RowDP : Settings of the noise.

    Notes
    -----
    **Protects** the rows: only sums leave a site. With ``secure_aggregation`` the sums of each
    site, with ``dp`` one row in the model.
    **Against** the coordinator and the other sites; with ``dp`` whoever reads the model, but not
    the coordinator, who adds the noise.
    **Leaks** the sums of each site (or, masked, their total) to the coordinator in every round, and
    the number of rows of each site.
    **Assumes** that all follow the protocol. In one process nothing separates the sites. Real sites
    sign what they send over mutual TLS 1.3 and take no parameter from anybody; with masks, up to 20
    of them add for themselves, so that a false total of the coordinator steers nobody.

    References
    ----------
    .. [1] K. Bonawitz et al., "Practical secure aggregation for privacy-preserving machine
       learning", CCS 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_private.federated import FederatedWrapper
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> hospital = [i % 3 for i in range(len(y))]
    >>> model = FederatedWrapper(LogisticRegression(), secure_aggregation=True)
    >>> model = model.fit(scale(X), y, groups=hospital)
    >>> model.sites_
    {0: 190, 1: 190, 2: 189}
    >>> pooled = LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(scale(X), y)
    >>> bool(abs(model.coef_ - pooled.coef_).max() < 1e-6)
    True
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        n_clients: int = 10,
        secure_aggregation: bool = False,
        dp: RowDP | None = None,
        *,
        classes: Sequence[Any] | None = None,
        min_client_rows: int | None = None,
        collusion_threshold: int | None = None,
        history: str | PathLike[str] | None = None,
        ledger: LedgerLike | None = None,
        random_state: int | np.random.Generator | None = None,
        site: str | None = None,
        coordinator: str | None = None,
        tls: str | PathLike[str] | None = None,
        timeout: float = 300.0,
    ):
        self.estimator = estimator
        self.n_clients = n_clients
        self.secure_aggregation = secure_aggregation
        self.dp = dp
        self.classes = classes
        self.min_client_rows = min_client_rows
        self.collusion_threshold = collusion_threshold
        self.history = history
        self.ledger = ledger
        self.random_state = random_state
        self.site = site
        self.coordinator = coordinator
        self.tls = tls
        self.timeout = timeout

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit, charging the ledger first where ``dp`` is given.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Targets, where the estimator needs them.
        groups : array-like of shape (n_samples,), default=None
            The site of each row. None deals the rows out to ``n_clients`` made-up sites. Not with
            ``site``: all rows are then this site's.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each row counts; rows of weight 0 are left out. Not with ``dp``.

        Returns
        -------
        FederatedWrapper
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter, a label or a site breaks its rule.
        BudgetExceededError
            If the ledger refuses; nothing was computed.
        RangeError
            If a masked sum might leave the ring; nothing was opened.
        TransportError
            With ``site``: if another site stopped, is late, was started with other settings, or
            somebody broke the protocol; nothing of that round was opened.
        """
        self._check_parameters(sample_weight)
        check_site(self, groups)
        program = self._program()
        if self.site is not None:
            self._fit_at_site(program, X, y, sample_weight)
            return self
        data = prepare(
            self,
            program,
            X,
            y,
            groups,
            sample_weight,
            most_sites=self.n_clients,
            hidden=self.secure_aggregation,
            min_rows=self.min_client_rows,
            noisy=self.dp is not None,
        )
        guard = guarded(
            self,
            data,
            program,
            _words(self),
            threshold=self._threshold(len(data.sites)) if self.secure_aggregation else None,
            min_rows=self.min_client_rows,
            noisy=self.dp is not None,
        )
        fit = self._fit_exactly if self.dp is None else self._fit_with_noise
        fit(program, data, guard)
        return self

    def _fit_at_site(self, program, X, y, sample_weight):
        channel = channel_of(self)
        hidden = self.secure_aggregation
        threshold = self._threshold(len(channel.sites)) if hidden else None
        fitted = fit_apart(
            self,
            channel,
            program,
            X,
            y,
            sample_weight,
            words=_words(self),
            threshold=threshold,
            min_rows=self.min_client_rows,
            hide=lambda sites: Masked(sites, threshold=threshold) if hidden else sites,
            local=LOCAL,
        )
        self._keep(fitted.result, fitted.aggregator, fitted.data)
        parts = (masks_statement(self, fitted.guard),) if hidden else ()
        self._state(fitted.data, fitted.guard, (), parts)

    def _fit_exactly(self, program, data, guard):
        aggregator = self._aggregator(data.sites, guard)
        self._keep(program.fit(aggregator, self.estimator, data.schema), aggregator, data)
        parts = (masks_statement(self, guard),) if self.secure_aggregation else ()
        self._state(data, guard, label_findings(self, "note"), parts)

    def _fit_with_noise(self, program, data, guard):
        rng = noise_source(self.random_state)
        labels = self._private_labels(data)
        payment = Payment(
            ledger=self.ledger,
            owner=type(self).__name__,
            neighboring=self.dp.neighboring,
            rng=rng,
        )
        plan = self.dp.plan(program.budget(self.estimator, data.schema, data.n_rows, self.dp.mu))
        aggregator = Noisy(
            self._aggregator(data.sites, guard, self.dp.limits(data.n_rows)),
            noise_multiplier=plan.noise_multipliers,
            neighboring=self.dp.neighboring,
            charge=Prepaid(lambda: self._pay(payment, plan), plan.n_rounds),
            rng=rng,
        )
        result = program.fit_noisy(aggregator, self.estimator, data.schema, plan.n_rounds)
        self._keep(result, aggregator, data)
        masks = (masks_statement(self, guard),) if self.secure_aggregation else ()
        self._state(
            data, guard, (), (*masks, dp_statement(self, plan, payment, labels, data.n_rows))
        )

    def _aggregator(self, sites, guard, limits=None):
        plain = Sites(sites, limits, guard=guard)
        if not self.secure_aggregation:
            return plain
        return Masked(plain, threshold=guard.reach.threshold)

    def _pay(self, payment, plan):
        payment.spend(plan.event, epsilon=self.dp.epsilon, delta=self.dp.delta)

    def _state(self, data, guard, findings, parts):
        clear = () if self.secure_aggregation else (IN_THE_CLEAR,)
        findings = (*guard.findings(), *findings, *partition_findings(data), *clear)
        if self.site is not None and not adds_for_itself(self):
            findings = (*findings, TRUSTED_TO_ADD)
        self.privacy_statement_ = federated_statement(self, guard, findings, parts)

    def _program(self):
        try:
            program = program_for(self.estimator)
        except InvalidParameterError as error:
            if type(self.estimator) in supported():
                raise
            raise InvalidParameterError(
                f"{error} For differential privacy give the plain estimator, and dp=RowDP(...)."
            ) from None
        if self.dp is not None and program.fit_noisy is None:
            raise InvalidParameterError(
                f"{type(self).__name__} has no noisy program for {program.serves.__name__}, so it "
                "cannot be fitted with dp. Nothing was computed. Logistic and Poisson regression "
                "can; or leave dp out."
            )
        return program

    def _private_labels(self, data):
        """Return what is to be said about the labels of a private fit; there must be two."""
        if not is_classifier(self):
            return ()
        if len(data.schema.labels) != 2:
            raise InvalidParameterError(
                f"With dp, {type(self).__name__} needs classes= to name exactly the two labels. "
                f"Got {len(data.schema.labels)}. Only binary classification is supported."
            )
        findings = label_findings(self, "warning")
        for finding in findings:
            warnings.warn(
                f"{type(self).__name__}: {finding.message}; the claim holds on the condition that "
                "they are public. Declare classes=[...].",
                PrivacyWarning,
                stacklevel=4,
            )
        return findings

    def _check_parameters(self, sample_weight):
        check = Checks(self)
        check.integer("n_clients", at_least=1)
        check.integer("min_client_rows", "collusion_threshold", at_least=1, optional=True)
        check.boolean("secure_aggregation")
        if not (self.dp is None or isinstance(self.dp, RowDP)):
            raise check.invalid("dp", "a RowDP or None")
        if self.dp is None and self.ledger is not None:
            raise InvalidParameterError(
                f"The 'ledger' parameter of {type(self).__name__} is charged by dp. Without dp "
                "nothing has a price: leave it out, or give dp=RowDP(...)."
            )
        if self.dp is not None and sample_weight is not None:
            raise InvalidParameterError(
                f"{type(self).__name__} takes no sample_weight with dp: a weight scales how much "
                "one row counts. Nothing was computed."
            )


def _words(wrapper):
    hide = [] if wrapper.secure_aggregation else ["set secure_aggregation=True"]
    trust = ["lower collusion_threshold"] if wrapper.secure_aggregation else []
    noise = ["give dp=RowDP(...)"] if wrapper.dp is None else []
    return Words(
        owner=type(wrapper).__name__,
        reader="the coordinator",
        coalition="the coordinator with up to {t} sites",
        member="site",
        members="sites",
        parameter="min_client_rows",
        ways_out=", ".join([*hide, *trust, "join small sites", "use fewer columns", *noise]),
    )
