"""What a DP estimator stands on: every fit takes the same steps, in the same order.

Bounds, unit, settings, payment, release, statement: :class:`DPEstimator` takes them, and an
estimator adds its parameters, its settings (a program over noisy sums, or another mechanism) and
what a release makes of its attributes. Nothing about the rows but their public quantities reaches
the settings, and nothing is computed from them before the payment.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Protocol

import numpy as np
from dp_accounting.dp_event import DpEvent
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags

from ..._checks import Checks
from ..._numeric import read_numbers
from ...accounting import NEIGHBORING
from ...mechanisms import SecureSource, noise_source
from ...statements import Payment
from ..rows import RowBounds, Target, bounded_rows, read_target, row_bounds
from ._own_fit import own_fit
from ._public import Public, public_rows, units_of
from ._statement import state


class Mechanism(Protocol):
    """What one fit runs: its public settings, and its release."""

    name: str

    @property
    def event(self) -> DpEvent:
        """What the release costs."""

    @property
    def n_releases(self) -> int:
        """How many noisy vectors are released."""

    @property
    def pure(self) -> bool:
        """Whether the release keeps its epsilon at delta 0."""

    @property
    def told(self) -> tuple[str, ...]:
        """What a fit that was not refused tells, in words."""

    def parameters(self) -> dict[str, object]:
        """Return the public numbers by name."""

    def release(self, X: np.ndarray, y: np.ndarray, rng: SecureSource | np.random.Generator) -> Any:
        """Return what is released."""


class DPEstimator(BaseEstimator):
    """Fit by one mechanism on bounded rows, paid for before anything is computed.

    A subclass has the parameters ``epsilon``, ``delta``, ``neighboring``, ``feature_norm``,
    ``bounds``, ``n_public``, ``rows_per_unit``, ``ledger`` and ``random_state``; a classifier also
    ``classes``, a regressor also ``target_bounds``. It defines ``_mechanism`` and ``_learn``, the
    names of what it releases, and checks of parameters of its own.
    """

    _releases: ClassVar[tuple[str, ...]]

    # Asked for by the class itself: with routing off, a search would drop it silently.
    __metadata_request__fit = {"privacy_unit": True}  # noqa: RUF012

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own_fit(cls)

    def fit(
        self, X: ArrayLike, y: ArrayLike | None = None, privacy_unit: ArrayLike | None = None
    ) -> BaseEstimator:
        """Fit the model, charging the ledger first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,), default=None
            Targets; not used by estimators without a target.
        privacy_unit : array-like of shape (n_samples,), default=None
            Whose data each row is. None protects each row by itself.

        Returns
        -------
        estimator
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter, a bound or a label breaks its rule.
        BudgetExceededError
            If the ledger refuses; nothing was released.
        SolverError
            If the tolerance of a proof was missed; nothing was released.
        """
        X, target, bounds, units, public = self._read(X, y, privacy_unit)
        mechanism = self._mechanism(public)
        rng = noise_source(self.random_state)
        payment = Payment(
            ledger=self.ledger,
            owner=type(self).__name__,
            neighboring=self.neighboring,
            rng=rng,
            unit="row" if units is None else "person",
        )
        delta = 0.0 if mechanism.pure else float(self.delta)
        payment.spend(mechanism.event, epsilon=self.epsilon, delta=delta)
        kept = slice(None) if units is None else bounded_rows(units, self.rows_per_unit, rng)
        released = mechanism.release(bounds.design(X[kept]), target.values[kept], rng)
        self._learn(released, bounds, target, mechanism)
        self.privacy_statement_ = state(self, payment, mechanism, bounds, target, public)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags

    def event_at(
        self, X: ArrayLike, y: ArrayLike | None = None, privacy_unit: ArrayLike | None = None
    ) -> Callable[..., Any]:
        """Return what a fit would cost, as a function of epsilon: only public quantities matter.

        Parameters
        ----------
        X, y, privacy_unit : array-like
            As for :meth:`fit`; nothing of their values but their shape and classes is used.

        Returns
        -------
        callable
            From an epsilon, in place of that of the estimator, to an event.
        """
        *_, public = self._read(X, y, privacy_unit)
        return lambda epsilon: self._mechanism(replace(public, epsilon=epsilon)).event

    def _read(self, X, y, privacy_unit):
        """Return rows, target, bounds, the unit of each row, and what is public of them."""
        self._check_claim(privacy_unit)
        self._check_parameters(Checks(self))
        X, y = self._validated(X, y)
        target = read_target(self, y, len(X))
        bounds = self._row_bounds(X, target)
        units = units_of(self, privacy_unit, len(X))
        return X, target, bounds, units, self._public(X, target, bounds, units)

    def _mechanism(self, public: Public) -> Mechanism:
        """Return the settings of one fit, from public quantities alone."""
        raise NotImplementedError

    def _learn(
        self, released: Any, bounds: RowBounds, target: Target, mechanism: Mechanism
    ) -> None:
        """Set the fitted attributes from what was released."""
        raise NotImplementedError

    def _check_parameters(self, check: Checks) -> None:
        """Raise where a parameter that not every DP estimator has breaks its rule."""

    def _relative_intercept(self, target: Target) -> float:
        """Return the constant column over the bound on the row norm; 0 leaves it out."""
        return 0.0

    def _check_claim(self, privacy_unit):
        check = Checks(self)
        check.real("epsilon", above=0)
        check.real("delta", at_least=0, below=1)
        check.choice("neighboring", among=NEIGHBORING)
        check.integer("n_public", at_least=1, optional=True)
        check.integer("rows_per_unit", at_least=1, at_most=100)
        if privacy_unit is None and self.rows_per_unit > 1:
            raise check.invalid(
                "rows_per_unit", "1 where fit() is not told privacy_unit=, whose row is whose"
            )

    def _validated(self, X, y):
        if get_tags(self).target_tags.required:
            return read_numbers(self, X, y)
        return read_numbers(self, X), None

    def _row_bounds(self, X, target):
        return row_bounds(
            feature_norm=self.feature_norm,
            bounds=self.bounds,
            owner=type(self).__name__,
            n_features=X.shape[1],
            intercept=self._relative_intercept(target),
            names=getattr(self, "feature_names_in_", None),
        )

    def _public(self, X, target, bounds, units):
        exact = units is None and self.n_public is None and self.neighboring != "add_remove"
        return Public(
            owner=type(self).__name__,
            epsilon=self.epsilon,
            delta=self.delta,
            neighboring=self.neighboring,
            rows_per_unit=self.rows_per_unit,
            n_rows=public_rows(self, units, len(X)),
            exact_rows=len(X) if exact else None,
            n_features=len(bounds.scale),
            bounds=bounds,
            target_norm=target.norm,
            n_classes=0 if target.classes is None else len(target.classes),
        )
