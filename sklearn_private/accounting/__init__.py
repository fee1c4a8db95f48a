"""What was spent: events, their prices, and the ledger that keeps them."""

from ._curve import calibrate, delta, epsilon
from ._events import (
    NEIGHBORING,
    EpsilonDeltaEvent,
    ObjectivePerturbationEvent,
    compose_events,
    event_from_dict,
    event_to_dict,
    leaves,
)
from ._gaussian import gaussian_delta, gaussian_epsilon, gaussian_mu
from ._ledger import Charge, PrivacyLedger, open_ledger

__all__ = [
    "NEIGHBORING",
    "Charge",
    "EpsilonDeltaEvent",
    "ObjectivePerturbationEvent",
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
    "leaves",
    "open_ledger",
]
