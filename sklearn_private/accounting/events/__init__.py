"""Events: what a mechanism did, in a form that can be priced, stored and read back.

The vocabulary is that of ``dp-accounting`` [1]_, with one convention of ours: a noise multiplier is
the noise over the sensitivity *of the declared neighbouring relation*, counted once. Under
replace-one a sum of rows of norm at most R has sensitivity 2R, so noise of standard deviation s is
``GaussianDpEvent(s / (2 * R))`` here. (``dp-accounting`` doubles Gaussian sensitivities itself
under replace-one, and refuses Laplace noise there.)

Three events are ours.

:class:`ObjectivePerturbationEvent`
    A convex objective with a random linear term; ``docs/proofs/objective_perturbation.md`` derives
    its privacy loss.
:class:`EpsilonDeltaEvent`
    A mechanism of which only an (epsilon, delta) bound is known, such as the distance of a sampler
    from its law, (0, delta), or a claim that was converted from another relation.
:class:`OneOfEvent`
    One of several mechanisms, such as one candidate of a search, chosen without the rows.

What is known of a kind of events stands in one file of ``kinds``; :func:`register` adds others.

.. [1] https://github.com/google/differential-privacy/tree/main/python/dp_accounting
"""

from ._composition import (
    as_replaced,
    compose_events,
    gaussian_dp,
    leaves,
    mechanisms,
    pure_epsilon,
    renyi,
    split_deltas,
    zero_concentrated_dp,
)
from ._kind import EventKind, kind_of, pure_renyi, register
from ._loss_grid import INTERVAL
from ._relations import NEIGHBORING, RELATIONS, check_neighboring
from ._storage import check_event, event_from_dict, event_to_dict
from .kinds import (
    ORDERS,
    EpsilonDeltaEvent,
    ObjectivePerturbationEvent,
    OneOfEvent,
    halting_probability,
    log_delta,
    repeated_pure,
    repeated_renyi,
    smallest,
)

__all__ = [
    "INTERVAL",
    "NEIGHBORING",
    "ORDERS",
    "RELATIONS",
    "EpsilonDeltaEvent",
    "EventKind",
    "ObjectivePerturbationEvent",
    "OneOfEvent",
    "as_replaced",
    "check_event",
    "check_neighboring",
    "compose_events",
    "event_from_dict",
    "event_to_dict",
    "gaussian_dp",
    "halting_probability",
    "kind_of",
    "leaves",
    "log_delta",
    "mechanisms",
    "pure_epsilon",
    "pure_renyi",
    "register",
    "renyi",
    "repeated_pure",
    "repeated_renyi",
    "smallest",
    "split_deltas",
    "zero_concentrated_dp",
]
