"""A pipeline of DP steps with one budget, which its steps share exactly.

Steps by Gaussian sums are mu-GDP, and compose by squares: a step of share s is given s·mu². What
the last DP step then costs is calibrated so that the composition of the events of all steps, as
they are, meets (epsilon, delta): nothing is lost to a sum of epsilons.
"""

import math
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from ..._checks import Checks
from ...accounting import LedgerLike, compose_events, gaussian_epsilon, gaussian_mu
from ...accounting import delta as delta_of
from ...exceptions import InvalidParameterError
from ...mechanisms import SecureSource
from ...statements import Payment, learning_of
from ..fitting import DPEstimator

_ROUNDS = 30  # of bisection: epsilon to nine digits, from below


class DPPipeline(Pipeline):
    """Fit transformers and a model with one budget of differential privacy.

    A drop-in for :class:`sklearn.pipeline.Pipeline`. Steps with DP get their epsilon and delta from
    the pipeline, whatever theirs are; all others must be fixed in advance, as
    :class:`~sklearn_private.DomainEncoder` is. A later step's clip is one of its own parameters:
    what comes out of a :class:`DPQuantileScaler` has norm at most 1.

    Parameters
    ----------
    steps : list of (str, estimator)
        Names and steps.
    epsilon : float, default=1.0
        Privacy loss of one fit of all steps together.
    delta : float, default=1e-5
        Probability-like slack of the claim, in (0, 1).
    shares : dict of str to float, default=None
        What part of the budget each DP step gets, by name, in proportion. None gives the last one
        as much as all others together.
    ledger : PrivacyLedger or path-like, default=None
        Ledger that every DP step is charged to before it computes anything.
    verbose : bool, default=False
        As in scikit-learn.

    Attributes
    ----------
    steps : list of (str, estimator)
        The fitted steps.
    privacy_statement_ : DPStatement
        One claim for all steps.

    See Also
    --------
    sklearn_private.privacy_report : Composes the claims of an ordinary pipeline.

    Notes
    -----
    **Protects** the values (and label or target) of one row, or with ``privacy_unit=`` all rows of
    one person.
    **Against** whoever reads all fitted steps and knows all other rows.
    **Leaks** what each DP step leaks.
    **Assumes** what each DP step assumes, and that all other steps were fixed without looking at
    the rows.

    A refusal of the ledger at a later step releases nothing, but the earlier steps were paid.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private import DPLogisticRegression
    >>> from sklearn_private.dp import DPPipeline, DPQuantileScaler
    >>> X = np.random.default_rng(0).normal(size=(4000, 2))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> steps = [
    ...     ("scale", DPQuantileScaler(bounds=(-100, 100))),
    ...     ("model", DPLogisticRegression(feature_norm=1.0, classes=[0, 1])),
    ... ]
    >>> model = DPPipeline(steps, epsilon=2.0).fit(X, y)
    >>> print(model.privacy_statement_.claim())
    (2, 1e-05)-differential privacy, replace-one, one row
    >>> bool(model.score(X, y) > 0.85)
    True
    """

    def __init__(
        self,
        steps: Any,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-5,
        shares: dict[str, float] | None = None,
        ledger: LedgerLike | None = None,
        verbose: bool = False,
    ):
        super().__init__(steps, verbose=verbose)
        self.epsilon = epsilon
        self.delta = delta
        self.shares = shares
        self.ledger = ledger

    def fit(
        self, X: ArrayLike, y: ArrayLike | None = None, privacy_unit: ArrayLike | None = None
    ) -> Self:
        """Fit one step after the other, each paid before it computes anything.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Targets of the last step.
        privacy_unit : array-like of shape (n_samples,), default=None
            Whose data each row is.

        Returns
        -------
        DPPipeline
            Itself.

        Raises
        ------
        InvalidParameterError
            If a step learns from the rows without DP, or steps have different relations.
        BudgetExceededError
            If the ledger refuses; nothing was released.
        """
        epsilons = self._epsilons()
        *_, last = epsilons
        fitted, events, rows = [], [], X
        for name, step in self.steps:
            model = step if step in (None, "passthrough") else clone(step)
            if name in epsilons:
                model.set_params(epsilon=epsilons[name], delta=self.delta, ledger=self.ledger)
                if name == last:
                    model.set_params(epsilon=self._rest(model, events, rows, y, privacy_unit))
                model.fit(rows, y, privacy_unit)
                events.append(model.privacy_statement_.event)
            elif model not in (None, "passthrough"):
                model.fit(rows, y)
            fitted.append((name, model))
            if hasattr(model, "transform") and name != self.steps[-1][0]:
                rows = model.transform(rows)
        self.steps = fitted
        self.privacy_statement_ = self._state([m for name, m in fitted if name in epsilons], events)
        return self

    @available_if(lambda self: hasattr(self.steps[-1][1], "transform"))
    def fit_transform(
        self, X: ArrayLike, y: ArrayLike | None = None, privacy_unit: ArrayLike | None = None
    ) -> np.ndarray:
        """Fit all steps, and return the rows as the last one makes them.

        Parameters
        ----------
        X, y, privacy_unit : array-like
            As for :meth:`fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
        """
        return self.fit(X, y, privacy_unit).transform(X)

    @available_if(lambda self: hasattr(self.steps[-1][1], "fit_predict"))
    def fit_predict(
        self, X: ArrayLike, y: ArrayLike | None = None, privacy_unit: ArrayLike | None = None
    ) -> np.ndarray:
        """Fit all steps, and return what the last one predicts.

        Parameters
        ----------
        X, y, privacy_unit : array-like
            As for :meth:`fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self.fit(X, y, privacy_unit).predict(X)

    def _epsilons(self):
        """Return what each DP step is given of the budget, by name, in the order of the steps."""
        check = Checks(self)
        check.real("epsilon", above=0, at_most=30)
        check.real("delta", above=0, below=1)
        private = {name: step for name, step in self.steps if isinstance(step, DPEstimator)}
        for name, step in self.steps:
            fixed = step in (None, "passthrough") or not learning_of(step).stateful
            if name not in private and not fixed:
                raise InvalidParameterError.unreleased(
                    f"The step {name!r} of DPPipeline, {type(step).__name__}, would learn from "
                    "the rows without differential privacy.",
                    "Take its DP namesake, or a DomainEncoder.",
                )
        if len({step.neighboring for step in private.values()}) != 1:
            raise check.invalid("steps", "DP steps of one neighboring relation", list(private))
        shares = self._shares(private)
        mu = gaussian_mu(self.epsilon, self.delta)
        whole = math.fsum(shares.values())
        return {
            n: gaussian_epsilon(self.delta, mu * math.sqrt(s / whole)) for n, s in shares.items()
        }

    def _shares(self, private):
        others = len(private) - 1
        if self.shares is None:
            return {n: 1.0 if i < others else max(others, 1.0) for i, n in enumerate(private)}
        rule = f"a positive number for each of the DP steps {list(private)}"
        if not isinstance(self.shares, dict) or set(self.shares) != set(private):
            raise Checks(self).invalid("shares", rule)
        for share in self.shares.values():
            Checks(self).real(shares=share, above=0)
        return {name: float(self.shares[name]) for name in private}

    def _rest(self, model, events, rows, y, privacy_unit):
        """Return the largest epsilon of the last DP step with which all of them keep the claim."""
        event_at = model.event_at(rows, y, privacy_unit)

        def keeps(epsilon):
            event = compose_events([*events, event_at(epsilon)])
            found = delta_of(event, epsilon=self.epsilon, neighboring=model.neighboring)
            return found <= self.delta

        low, high = 0.0, float(self.epsilon)
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            low, high = (middle, high) if keeps(middle) else (low, middle)
        if low == 0.0:
            raise InvalidParameterError.unreleased(
                "The other steps of DPPipeline leave nothing of the budget to the last one.",
                "Raise epsilon, or the last share.",
            )
        return low

    def _state(self, private, events):
        """Return one claim for all steps."""
        parts = [model.privacy_statement_ for model in private]
        payment = Payment(
            ledger=None,
            owner=type(self).__name__,
            neighboring=parts[0].neighboring,
            rng=SecureSource(),
            unit=parts[0].unit,
            seeded=any(part.randomness == "seeded" for part in parts),
        )
        payment.claim(compose_events(events), epsilon=self.epsilon, delta=self.delta)
        each = lambda name: tuple(dict.fromkeys(w for p in parts for w in getattr(p, name)))  # noqa: E731
        return payment.statement(
            protects=parts[-1].protects.removesuffix(f", {payment.moved}"),
            n_rows=parts[0].n_rows,
            charges=each("charges"),
            against=f"whoever reads all fitted steps and knows all other {payment.unit}s",
            releases=tuple(f"{type(m).__name__}.{name}" for m in private for name in m._releases),
            leaks=each("leaks"),
            assumes=each("assumes"),
            mechanism="; ".join(part.mechanism for part in parts),
            parameters={"steps": tuple(part.owner for part in parts)},
            bounds={f"{p.owner}: {key}": text for p in parts for key, text in p.bounds.items()},
            findings=tuple(f for p in parts for f in p.findings if f.code != "seeded-noise"),
        )
