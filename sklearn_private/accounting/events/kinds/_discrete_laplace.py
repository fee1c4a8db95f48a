"""Discrete Laplace noise on whole numbers."""

import attr
from dp_accounting.dp_event import DiscreteLaplaceDpEvent
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from .._kind import EventKind, register
from .._loss_grid import INTERVAL


@register
class DiscreteLaplace(EventKind):
    """Noise k with probability proportional to exp(-a·|k|), for a whole sensitivity."""

    event = DiscreteLaplaceDpEvent

    def pure(self, event: DiscreteLaplaceDpEvent, neighboring: str) -> float:
        """Return a times the sensitivity."""
        return event.noise_parameter * event.sensitivity

    def distribution(
        self, event: DiscreteLaplaceDpEvent, neighboring: str
    ) -> PrivacyLossDistribution:
        """Return that of ``dp-accounting``; the relation is immaterial once sensitivity counts."""
        return privacy_loss_distribution.from_discrete_laplace_mechanism(
            event.noise_parameter, event.sensitivity, value_discretization_interval=INTERVAL
        )

    def replaced(self, event: DiscreteLaplaceDpEvent) -> DiscreteLaplaceDpEvent:
        """Return noise for twice the sensitivity."""
        return attr.evolve(event, sensitivity=2 * event.sensitivity)
