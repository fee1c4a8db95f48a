"""Audit the epsilon that an estimator claims, by fitting it many times."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._checks import Checks
from ._audit_releases import LEAST_FITS, audit_releases
from .trials import (
    Neighbours,
    audit_clone,
    claim_of,
    declared_rows_per_unit,
    draw,
    fit_once,
    release_names,
    worst_case_neighbours,
)


class EpsilonAudit:
    """Look for proof that an estimator loses more privacy than it claims.

    The estimator is fitted many times on each of two data sets that differ by one row, chosen so
    that the row matters as much as the claim allows. How well the releases of the two sides can be
    told apart bounds epsilon from below. Each half of the fits picks how to tell them apart
    (statistic, side, bound, threshold) and the other half tests it, so nothing is tested on what
    picked it. An audit can refute a claim; it cannot prove one.

    Parameters
    ----------
    estimator : estimator
        Unfitted or fitted; it is cloned. Its fits must state a claim of differential privacy,
        ``privacy_statement_``. The clones carry no ledger, so nothing is charged, and no seed.
    n_fits : int, default=500
        Fits a side. More find smaller violations: see ``detectable`` of the result.
    confidence : float, default=0.999
        Probability that a claim which holds is not called a violation.
    neighbours : pair of tuple, default=None
        Two neighbouring data sets, each as the arguments of ``fit``: ``((X, y), (X2, y2))``. None
        builds the worst case from the bounds, classes and relation that the estimator declares.
    releases : sequence of str, default=None
        Attributes that an adversary sees. None takes those that the statement lists, and of a fit
        by noisy sums the total of these: the claim covers every one of them, also where the model
        keeps only a part of what it was told.
    statistics : sequence of str or callable, default=None
        As in :func:`audit_releases`; None tries all built-in ones.
    random_state : None, int or numpy.random.Generator, default=None
        Coins of the audit: which fits pick, and which test. It never seeds the estimator.
    n_jobs : int, default=None
        Workers, as in :class:`joblib.Parallel`.
    verbose : int, default=0
        Progress messages, as in :class:`joblib.Parallel`.

    See Also
    --------
    audit_releases : The same for releases of any other library.
    exact_loss : The loss itself, where the density of the release is known.

    Notes
    -----
    **Protects** nothing: it checks what protects.
    **Against** mistakes in the mechanism: too little noise, missing clipping, noise that repeats.
    **Leaks** nothing about your data, since the default neighbours are made up. Neighbours that
    hold real rows are fitted many times without a charge: then keep the result as private as them.
    **Assumes** that fits are independent, and that the adversary sees the releases alone (time,
    memory and logs are not audited).

    References
    ----------
    M. Nasr et al., "Tight auditing of differentially private machine learning", USENIX Security
    2023. M. Annamalai, E. De Cristofaro, "Nearly tight black-box auditing of differentially
    private machine learning", NeurIPS 2024.

    Examples
    --------
    >>> from sklearn_private import DPLogisticRegression
    >>> from sklearn_private.audit import EpsilonAudit
    >>> model = DPLogisticRegression(epsilon=4.0, feature_norm=1.0, classes=[0, 1])
    >>> result = EpsilonAudit(model, n_fits=100).run()
    >>> result.claimed_epsilon
    4.0
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        n_fits: int = 500,
        confidence: float = 0.999,
        neighbours: tuple[tuple[Any, ...], tuple[Any, ...]] | None = None,
        releases: Sequence[str] | None = None,
        statistics: Sequence[str] | Callable[..., Any] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ):
        self.estimator = estimator
        self.n_fits = n_fits
        self.confidence = confidence
        self.neighbours = neighbours
        self.releases = releases
        self.statistics = statistics
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def run(self) -> Any:
        """Fit, pick and test.

        Returns
        -------
        EpsilonAuditResult

        Raises
        ------
        InvalidParameterError
            If a parameter breaks its rule, the estimator makes no claim, or it declares no bounds
            that neighbours could be built from.
        GuaranteeError
            If the releases of the two sides differ in shape or are not finite.
        """
        check = Checks(self)
        check.integer("n_fits", at_least=LEAST_FITS)
        check.real("confidence", at_least=0.5, below=1)
        pair, model, claim, names = self._prepare()
        sides = draw(
            model,
            (pair.first, pair.second),
            names,
            self.n_fits,
            n_sums=claim.n_gaussian if self.releases is None else 0,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )
        coins = np.random.default_rng(self.random_state)
        return audit_releases(
            *(coins.permutation(side) for side in sides),
            epsilon=claim.epsilon,
            delta=claim.delta,
            neighboring=claim.neighboring,
            event=claim.event,
            confidence=self.confidence,
            statistics=self.statistics,
            owner=type(self.estimator).__name__,
            pair=pair.description,
        )

    def _prepare(self):
        """Return the neighbours, the clone to fit, its claim and the names of its releases."""
        pair = self._pair("replace_one")
        model = audit_clone(self.estimator, pair.n_rows)
        fitted = fit_once(model, pair.first)
        claim, statement = claim_of(fitted)
        if claim.neighboring != "replace_one":
            # The relation is known from the statement only, and the worst case depends on it.
            pair = self._pair(claim.neighboring)
            model = audit_clone(self.estimator, pair.n_rows)
            claim, statement = claim_of(fit_once(model, pair.first))
        return pair, model, claim, release_names(fitted, statement, self.releases)

    def _pair(self, neighboring):
        if self.neighbours is None:
            return worst_case_neighbours(self.estimator, neighboring)
        rule = "two data sets, each as the arguments of fit: ((X, y), (X2, y2))"
        check = Checks(self)
        if not isinstance(self.neighbours, tuple | list) or len(self.neighbours) != 2:
            raise check.invalid("neighbours", rule, value=type(self.neighbours).__name__)
        first, second = self.neighbours
        if not all(isinstance(side, tuple) and side for side in (first, second)):
            raise check.invalid("neighbours", rule, value=type(first).__name__)
        rows_per_unit = declared_rows_per_unit(self.estimator)
        return Neighbours(first, second, "given by the caller", rows_per_unit)
