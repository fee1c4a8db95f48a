"""Gaussian noise on a Poisson sample of which at most so many rows are taken."""

from dp_accounting.dp_event import TruncatedSubsampledGaussianDpEvent
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from .._kind import EventKind, register
from .._loss_grid import INTERVAL
from .._relations import RELATIONS


@register
class TruncatedSampledGaussian(EventKind):
    """A Poisson sample that is cut to ``truncated_batch_size`` rows."""

    event = TruncatedSubsampledGaussianDpEvent

    def distribution(
        self, event: TruncatedSubsampledGaussianDpEvent, neighboring: str
    ) -> PrivacyLossDistribution:
        """Return that of ``dp-accounting``, which doubles Gaussian sensitivity itself."""
        return privacy_loss_distribution.from_truncated_subsampled_gaussian_mechanism(
            dataset_size=event.dataset_size,
            sampling_probability=event.sampling_probability,
            truncated_batch_size=event.truncated_batch_size,
            noise_multiplier=event.noise_multiplier * (2 if neighboring == "replace_one" else 1),
            value_discretization_interval=INTERVAL,
            neighboring_relation=RELATIONS[neighboring],
        )
