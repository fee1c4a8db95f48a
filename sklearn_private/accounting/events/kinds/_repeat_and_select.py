"""The best of a random number of runs; the derivation is that of :mod:`._repeat`."""

import functools
from collections.abc import Callable

import attr
from dp_accounting import dp_event
from dp_accounting.dp_event import RepeatAndSelectDpEvent

from .._composition import as_replaced, pure_epsilon, renyi, split_deltas
from .._kind import EventKind, register
from ._repeat import repeated_pure, repeated_renyi


@register
class RepeatAndSelect(EventKind):
    """A mechanism that runs K times, K random and secret; the best run alone is released."""

    event = RepeatAndSelectDpEvent
    needs_divergence = True

    def pure(self, event: RepeatAndSelectDpEvent, neighboring: str) -> float:
        """Return the pure epsilon of the best run."""
        return repeated_pure(pure_epsilon(event.event, neighboring), event.mean, event.shape)

    def renyi(self, event: RepeatAndSelectDpEvent, order: float, neighboring: str) -> float:
        """Return the divergence of the best run."""
        return _divergence(event, neighboring)(order)

    def replaced(self, event: RepeatAndSelectDpEvent) -> RepeatAndSelectDpEvent | None:
        """Return the runs under replace-one; their number does not depend on the rows."""
        inner = as_replaced(event.event)
        return None if inner is None else attr.evolve(event, event=inner)

    def without_delta(self, event: RepeatAndSelectDpEvent) -> tuple[RepeatAndSelectDpEvent, float]:
        """Return the delta of a run E[K] times (``docs/proofs/selection.md``)."""
        inner, delta = split_deltas(event.event)
        return attr.evolve(event, event=inner), event.mean * delta

    def parts(self, event: RepeatAndSelectDpEvent) -> tuple[dp_event.DpEvent, ...]:
        """Return the event of a run."""
        return (event.event,)


@functools.lru_cache(maxsize=64)
def _divergence(event: RepeatAndSelectDpEvent, neighboring: str) -> Callable[[float], float]:
    """Return the divergence as a function of the order; it is tabulated once."""
    return repeated_renyi(
        lambda order: renyi(event.event, order, neighboring), event.mean, event.shape
    )
