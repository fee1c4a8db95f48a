"""What was spent: events, their prices, and the ledger that keeps them.

Where to read: the rule by which a ledger admits a charge, :mod:`.ledger._filter`; its file,
:mod:`.ledger._ledger_file`; what is known of each kind of event, :mod:`.events.kinds`, and how one
is added, :mod:`.events._kind`; how events become epsilon and delta, :mod:`.curves._curve`.
"""

from .curves import (
    PrivacyProfile,
    calibrate,
    delta,
    epsilon,
    gaussian_delta,
    gaussian_epsilon,
    gaussian_mu,
    privacy_profile,
)
from .events import (
    NEIGHBORING,
    EpsilonDeltaEvent,
    EventKind,
    ObjectivePerturbationEvent,
    OneOfEvent,
    compose_events,
    event_from_dict,
    event_to_dict,
    gaussian_dp,
    halting_probability,
    kind_of,
    leaves,
    register,
    split_deltas,
    zero_concentrated_dp,
)
from .ledger import Charge, LedgerLike, LedgerRecord, PrivacyLedger, open_ledger, other_ledgers

__all__ = [
    "NEIGHBORING",
    "Charge",
    "EpsilonDeltaEvent",
    "EventKind",
    "LedgerLike",
    "LedgerRecord",
    "ObjectivePerturbationEvent",
    "OneOfEvent",
    "PrivacyLedger",
    "PrivacyProfile",
    "calibrate",
    "compose_events",
    "delta",
    "epsilon",
    "event_from_dict",
    "event_to_dict",
    "gaussian_delta",
    "gaussian_dp",
    "gaussian_epsilon",
    "gaussian_mu",
    "halting_probability",
    "kind_of",
    "leaves",
    "open_ledger",
    "other_ledgers",
    "privacy_profile",
    "register",
    "split_deltas",
    "zero_concentrated_dp",
]
