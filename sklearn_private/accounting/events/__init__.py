"""What can be spent: events and how they compose."""

from ._events import (
    NEIGHBORING,
    EpsilonDeltaEvent,
    ObjectivePerturbationEvent,
    OneOfEvent,
    check_event,
    check_neighboring,
    compose_events,
    event_from_dict,
    event_to_dict,
    leaves,
    mechanisms,
    split_deltas,
)
from ._repeat import ORDERS, halting_probability, log_delta, repeated_pure, repeated_renyi, smallest

__all__ = [
    "NEIGHBORING",
    "ORDERS",
    "EpsilonDeltaEvent",
    "ObjectivePerturbationEvent",
    "OneOfEvent",
    "check_event",
    "check_neighboring",
    "compose_events",
    "event_from_dict",
    "event_to_dict",
    "halting_probability",
    "leaves",
    "log_delta",
    "mechanisms",
    "repeated_pure",
    "repeated_renyi",
    "smallest",
    "split_deltas",
]
