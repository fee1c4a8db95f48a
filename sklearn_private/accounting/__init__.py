"""What was spent: events, their prices, and the ledger that keeps them."""

from .curves import calibrate, delta, epsilon, gaussian_delta, gaussian_epsilon, gaussian_mu
from .events import (
    NEIGHBORING,
    EpsilonDeltaEvent,
    ObjectivePerturbationEvent,
    OneOfEvent,
    compose_events,
    event_from_dict,
    event_to_dict,
    halting_probability,
    leaves,
    split_deltas,
)
from .ledger import Charge, LedgerRecord, PrivacyLedger, open_ledger, other_ledgers

__all__ = [
    "NEIGHBORING",
    "Charge",
    "EpsilonDeltaEvent",
    "LedgerRecord",
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
    "other_ledgers",
    "split_deltas",
]
