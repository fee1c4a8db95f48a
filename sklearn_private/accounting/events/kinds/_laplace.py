"""Laplace noise."""

import math

import attr
from dp_accounting import LaplaceDpEvent
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from .._kind import EventKind, register
from .._loss_grid import INTERVAL


@register
class Laplace(EventKind):
    """Noise of scale z over the sensitivity, in L1 norm."""

    event = LaplaceDpEvent
    has_density = True

    def pure(self, event: LaplaceDpEvent, neighboring: str) -> float:
        """Return 1/z."""
        return 1 / event.noise_multiplier if event.noise_multiplier else math.inf

    def distribution(self, event: LaplaceDpEvent, neighboring: str) -> PrivacyLossDistribution:
        """Return that of ``dp-accounting``; the relation is immaterial once sensitivity counts."""
        return privacy_loss_distribution.from_laplace_mechanism(
            event.noise_multiplier, value_discretization_interval=INTERVAL
        )

    def replaced(self, event: LaplaceDpEvent) -> LaplaceDpEvent:
        """Return noise over twice the sensitivity."""
        return attr.evolve(event, noise_multiplier=event.noise_multiplier / 2)
