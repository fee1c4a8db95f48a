"""Randomized response: an answer is replaced, at some odds, by one drawn at random."""

import math

from dp_accounting.dp_event import RandomizedResponseDpEvent
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from .._kind import EventKind, register
from .._loss_grid import INTERVAL
from .._relations import RELATIONS


@register
class RandomizedResponse(EventKind):
    """One of ``num_buckets`` answers, drawn at random with probability ``noise_parameter``."""

    event = RandomizedResponseDpEvent

    def pure(self, event: RandomizedResponseDpEvent, neighboring: str) -> float:
        """Return the log of the odds of the true answer over another one."""
        if not 0 < event.noise_parameter <= 1:
            return math.inf
        other = event.noise_parameter / event.num_buckets
        return math.log((1 - event.noise_parameter + other) / other)

    def distribution(
        self, event: RandomizedResponseDpEvent, neighboring: str
    ) -> PrivacyLossDistribution:
        """Return that of ``dp-accounting``: one answer is replaced, whatever the relation."""
        return privacy_loss_distribution.from_randomized_response(
            event.noise_parameter,
            event.num_buckets,
            value_discretization_interval=INTERVAL,
            neighboring_relation=RELATIONS["replace_one"],
        )
