"""Kinds of events, and what is known of each: the registry.

A kind is one file. It says how its events are priced in the forms in which privacy composes, as far
as these are known: the largest loss (pure epsilon), Rényi divergences, a privacy loss distribution,
the mu of Gaussian DP and the rho of zCDP. Curves, the ledger and audits ask the kind of an event,
and know none by name::

    @attr.s(frozen=True, slots=True, auto_attribs=True)
    class CoinDpEvent(DpEvent):
        odds: float

    @register
    class Coin(EventKind):
        event = CoinDpEvent

        def pure(self, event, neighboring):
            return math.log(event.odds)

A finite largest loss is all that a kind has to say: the other forms follow, less tightly than a
kind that says more.

.. [1] P. Kairouz, S. Oh, P. Viswanath, "The composition theorem for differential privacy",
   ICML 2015, theorem 2.
"""

import math
from typing import Any, ClassVar

from dp_accounting import dp_event
from dp_accounting.pld import common, privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from ...exceptions import InvalidParameterError
from ._loss_grid import INTERVAL


class EventKind:
    """What is known of one kind of event. Override what is; the rest says that it is not.

    All methods take an event whose numbers were checked. Noise multipliers are over the sensitivity
    of the declared relation, counted once (:mod:`sklearn_private.accounting.events`).
    """

    event: ClassVar[type[dp_event.DpEvent]]
    """The class of the events, an ``attrs`` class that says all in its fields."""

    has_density: ClassVar[bool] = False
    """Whether noise is of a continuous law, or on a lattice as fine as floats."""

    needs_divergence: ClassVar[bool] = False
    """Whether Rényi divergences are the only price, so that they price what composes with it."""

    def pure(self, event: Any, neighboring: str) -> float:
        """Return the largest privacy loss, infinity where it is unbounded."""
        return math.inf

    def renyi(self, event: Any, order: float, neighboring: str) -> float:
        """Return the Rényi divergence at an order above 1, infinity where none is known."""
        return pure_renyi(self.pure(event, neighboring), order)

    def distribution(self, event: Any, neighboring: str) -> PrivacyLossDistribution:
        """Return a privacy loss distribution that dominates the event.

        Where the largest loss is finite, that of randomized response with these odds dominates
        [1]_, as it does in :meth:`renyi`.
        """
        epsilon = self.pure(event, neighboring)
        if epsilon == math.inf:
            raise no_curve(event, neighboring)
        return privacy_loss_distribution.from_privacy_parameters(
            common.DifferentialPrivacyParameters(epsilon, 0.0), INTERVAL
        )

    def mu(self, event: Any) -> float | None:
        """Return mu where the event loses exactly what mu-Gaussian DP says, else None."""
        return None

    def gaussian_losses(self, event: Any) -> tuple[float, list[tuple[int, float]]] | None:
        """Return (shift, [(count, mu), ...]) where the loss is at most the shift plus the largest
        of these Gaussian losses, of ``count`` each; else None.
        """  # noqa: D205
        return None

    def rho(self, event: Any, neighboring: str) -> float:
        """Return rho of zero-concentrated DP, infinity where none is known."""
        mu = self.mu(event)
        return self.pure(event, neighboring) ** 2 / 2 if mu is None else mu * mu / 2

    def replaced(self, event: Any) -> dp_event.DpEvent | None:
        """Return the same mechanism under replace-one, of an event under zero-out or add-remove.

        None where no such form is known, or the event was declared under replace-one.
        """
        return None

    def without_delta(self, event: Any) -> tuple[dp_event.DpEvent, float]:
        """Return the event without a delta of its own, and this delta."""
        return event, 0.0

    def parts(self, event: Any) -> tuple[dp_event.DpEvent, ...]:
        """Return events inside that may run, or may not, or repeatedly."""
        return ()

    def check(self, event: Any) -> None:
        """Raise if the fields of an event make no sense together; each number was checked."""

    def check_relation(self, event: Any, neighboring: str) -> None:
        """Raise if an event was declared under another relation than the one it is priced under."""


_UNPRICED = EventKind()
_kinds: dict[type[dp_event.DpEvent], EventKind] = {}
_known: dict[str, type[dp_event.DpEvent]] = {
    name: value
    for name, value in vars(dp_event).items()
    if isinstance(value, type)
    and issubclass(value, dp_event.DpEvent)
    and value is not dp_event.DpEvent
}


def register(kind: type[EventKind]) -> type[EventKind]:
    """Make a kind of event known: to be priced, charged, stored and read back.

    Parameters
    ----------
    kind : type
        A subclass of :class:`EventKind`. Decorate it.

    Returns
    -------
    type
        The same.

    Raises
    ------
    InvalidParameterError
        If another class of events has that name, or the class has a kind.
    """
    name = kind.event.__name__
    if _known.setdefault(name, kind.event) is not kind.event or kind.event in _kinds:
        raise InvalidParameterError(
            f"A kind of event called {name!r} is registered already. Stored events are found by "
            "their names: choose another one."
        )
    _kinds[kind.event] = kind()
    return kind


def kind_of(event: dp_event.DpEvent) -> EventKind:
    """Return what is known of an event; nothing, for kinds that have no price here."""
    return _kinds.get(type(event), _UNPRICED)


def event_class(name: object) -> type[dp_event.DpEvent]:
    """Return the class of events with this name, which may come from a file."""
    if not isinstance(name, str) or name not in _known:
        raise InvalidParameterError(f"{name!r} is not a known kind of privacy event.")
    return _known[name]


def is_known(event: dp_event.DpEvent) -> bool:
    """Return whether the class of an event is the known one of its name."""
    return _known.get(type(event).__name__) is type(event)


def pure_renyi(epsilon: float, order: float) -> float:
    """Return the Rényi divergence at ``order`` of the worst epsilon-DP mechanism.

    It is that of randomized response with odds exp(epsilon) (Mironov 2017, Proposition 5).

    Parameters
    ----------
    epsilon : float
        At least 0.
    order : float
        Above 1.

    Returns
    -------
    float
    """
    if epsilon == math.inf:
        return math.inf
    p = -math.log1p(math.exp(-epsilon))  # log e^epsilon / (1 + e^epsilon)
    q = p - epsilon
    first, second = order * p + (1 - order) * q, order * q + (1 - order) * p
    top = max(first, second)
    return (top + math.log(math.exp(first - top) + math.exp(second - top))) / (order - 1)


def no_curve(event: dp_event.DpEvent, neighboring: str) -> InvalidParameterError:
    """Return the error that says that an event has no price."""
    return InvalidParameterError(
        f"No curve is known for {event} under neighboring={neighboring!r}. Use Gaussian, Laplace, "
        "discrete Laplace, randomized response, Poisson-sampled Gaussian or (unless rows are "
        "replaced) Laplace events, give a bound as an EpsilonDeltaEvent, or register what is known "
        "of the kind (accounting.register)."
    )
