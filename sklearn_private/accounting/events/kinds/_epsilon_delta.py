"""Mechanisms of which only an (epsilon, delta) bound is known."""

import math

import attr
from dp_accounting import dp_event
from dp_accounting.pld import common, privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from .._kind import EventKind, register
from .._loss_grid import INTERVAL


@attr.s(frozen=True, slots=True, auto_attribs=True)
class EpsilonDeltaEvent(dp_event.DpEvent):
    """A mechanism of which only an (epsilon, delta) bound is known.

    Parameters
    ----------
    epsilon, delta : float
        The bound.
    """

    epsilon: float
    delta: float


@register
class EpsilonDelta(EventKind):
    """A claim, such as one that was converted, or (0, delta), the distance of a sampler."""

    event = EpsilonDeltaEvent

    def pure(self, event: EpsilonDeltaEvent, neighboring: str) -> float:
        """Return epsilon, where there is no delta."""
        return math.inf if event.delta else event.epsilon

    def distribution(self, event: EpsilonDeltaEvent, neighboring: str) -> PrivacyLossDistribution:
        """Return the worst distribution with that bound."""
        return privacy_loss_distribution.from_privacy_parameters(
            common.DifferentialPrivacyParameters(event.epsilon, event.delta), INTERVAL
        )

    def replaced(self, event: EpsilonDeltaEvent) -> EpsilonDeltaEvent:
        """Return (2·epsilon, (1 + e^epsilon)·delta): a row is removed, and another one added."""
        delta = event.delta and event.delta * (1 + math.exp(min(event.epsilon, 700.0)))
        return EpsilonDeltaEvent(2 * event.epsilon, min(1.0, delta))

    def without_delta(self, event: EpsilonDeltaEvent) -> tuple[dp_event.DpEvent, float]:
        """Return the bound without its delta; a bare delta leaves nothing."""
        rest = EpsilonDeltaEvent(event.epsilon, 0.0) if event.epsilon else dp_event.NoOpDpEvent()
        return rest, event.delta
