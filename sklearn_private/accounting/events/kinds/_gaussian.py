"""Gaussian noise: 1/z-Gaussian DP, exactly."""

import attr
from dp_accounting import GaussianDpEvent
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from .._kind import EventKind, register
from .._loss_grid import INTERVAL


@register
class Gaussian(EventKind):
    """Noise of standard deviation z over the sensitivity, in L2 norm."""

    event = GaussianDpEvent
    has_density = True

    def renyi(self, event: GaussianDpEvent, order: float, neighboring: str) -> float:
        """Return order·mu² / 2 (Mironov 2017, Proposition 7)."""
        return order * self.rho(event, neighboring)

    def distribution(self, event: GaussianDpEvent, neighboring: str) -> PrivacyLossDistribution:
        """Return that of ``dp-accounting``; the relation is immaterial once sensitivity counts."""
        return privacy_loss_distribution.from_gaussian_mechanism(
            event.noise_multiplier, value_discretization_interval=INTERVAL
        )

    def mu(self, event: GaussianDpEvent) -> float:
        """Return 1/z, infinity without noise."""
        return 1 / event.noise_multiplier if event.noise_multiplier else float("inf")

    def replaced(self, event: GaussianDpEvent) -> GaussianDpEvent:
        """Return noise over twice the sensitivity: 2·mu-Gaussian DP for a replaced row.

        Group privacy, Dong, Roth and Su 2022, Theorem 6.
        """
        return attr.evolve(event, noise_multiplier=event.noise_multiplier / 2)
