"""What was spent: events, their prices, and the ledger that keeps them."""

from ._curve import calibrate, delta, epsilon
from ._events import (
    NEIGHBORING,
    EpsilonDeltaEvent,
    ObjectivePerturbationEvent,
    OneOfEvent,
    compose_events,
    event_from_dict,
    event_to_dict,
    leaves,
    split_deltas,
)
from ._gaussian import gaussian_delta, gaussian_epsilon, gaussian_mu
from ._ledger import Charge, PrivacyLedger, open_ledger
from ._repeat import halting_probability

__all__ = [
    "NEIGHBORING",
    "Charge",
    "EpsilonDeltaEvent",
    "ObjectivePerturbationEvent",
    "OneOfEvent",
    "PrivacyLedger",
    "calibrate",
    "compose_events",
    "delta",
    "epsilon",
    "event_from_dict",
    "event_to_dict",
    "gaussian_delta",
    "gaussian_epsilon",
    "gaussian_mu",
    "halting_probability",
    "leaves",
    "open_ledger",
    "split_deltas",
]
