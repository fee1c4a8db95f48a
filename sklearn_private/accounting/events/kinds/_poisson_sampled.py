"""Mechanisms on a Poisson sample: each row takes part with the same probability, by itself."""

import math

from dp_accounting import GaussianDpEvent, LaplaceDpEvent, PoissonSampledDpEvent
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution
from dp_accounting.rdp import rdp_privacy_accountant

from .._kind import EventKind, kind_of, no_curve, pure_renyi, register
from .._loss_grid import INTERVAL
from .._relations import RELATIONS


@register
class PoissonSampled(EventKind):
    """Gaussian noise on a sample, or, unless rows are replaced, Laplace noise."""

    event = PoissonSampledDpEvent

    def pure(self, event: PoissonSampledDpEvent, neighboring: str) -> float:
        """Return log(1 + q·(e^epsilon - 1)), or epsilon where rows are replaced."""
        inner = kind_of(event.event).pure(event.event, neighboring)
        if neighboring == "replace_one" or inner > 700:
            return inner  # A mechanism may tell a sampled row from an absent one for certain.
        return math.log1p(event.sampling_probability * math.expm1(inner))

    def renyi(self, event: PoissonSampledDpEvent, order: float, neighboring: str) -> float:
        """Return that of ``dp-accounting`` for Gaussian noise."""
        if not isinstance(event.event, GaussianDpEvent):
            return pure_renyi(self.pure(event, neighboring), order)
        if neighboring == "replace_one":
            return math.inf  # dp-accounting has no Rényi bound for replaced rows under sampling.
        accountant = rdp_privacy_accountant.RdpAccountant([order], RELATIONS[neighboring])
        accountant.compose(event)
        # Its series can end a rounding error below 0; a negative divergence would refill a ledger.
        return max(0.0, float(accountant.rdp[0]))

    def distribution(
        self, event: PoissonSampledDpEvent, neighboring: str
    ) -> PrivacyLossDistribution:
        """Return that of ``dp-accounting``, which doubles Gaussian sensitivity itself."""
        replaced = neighboring == "replace_one"
        if isinstance(event.event, GaussianDpEvent):
            return privacy_loss_distribution.from_gaussian_mechanism(
                event.event.noise_multiplier * (2 if replaced else 1),
                value_discretization_interval=INTERVAL,
                sampling_prob=event.sampling_probability,
                neighboring_relation=RELATIONS[neighboring],
            )
        if isinstance(event.event, LaplaceDpEvent) and not replaced:
            return privacy_loss_distribution.from_laplace_mechanism(
                event.event.noise_multiplier,
                value_discretization_interval=INTERVAL,
                sampling_prob=event.sampling_probability,
            )
        raise no_curve(event, neighboring)
