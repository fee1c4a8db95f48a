"""One of several mechanisms, chosen without the rows."""

import attr
from dp_accounting import dp_event

from ....exceptions import InvalidParameterError
from .._composition import as_replaced, pure_epsilon, renyi, split_deltas, zero_concentrated_dp
from .._kind import EventKind, register


@attr.s(frozen=True, slots=True, auto_attribs=True)
class OneOfEvent(dp_event.DpEvent):
    """One of several mechanisms; which one does not depend on the protected unit.

    It stands for a candidate that is drawn at random, and for mechanisms that read disjoint parts
    of the rows, where the parts are drawn without looking at them.

    Parameters
    ----------
    events : sequence of dp_accounting.DpEvent
        At least one.
    """

    events: tuple[dp_event.DpEvent, ...] = attr.ib(converter=tuple)


@register
class OneOf(EventKind):
    """Each bound is the worst of those of the mechanisms."""

    event = OneOfEvent
    needs_divergence = True

    def pure(self, event: OneOfEvent, neighboring: str) -> float:
        """Return the largest epsilon."""
        return max(pure_epsilon(part, neighboring) for part in event.events)

    def renyi(self, event: OneOfEvent, order: float, neighboring: str) -> float:
        """Return the largest divergence."""
        return max(renyi(part, order, neighboring) for part in event.events)

    def rho(self, event: OneOfEvent, neighboring: str) -> float:
        """Return the largest rho."""
        return max(zero_concentrated_dp(part, neighboring) for part in event.events)

    def replaced(self, event: OneOfEvent) -> OneOfEvent | None:
        """Return one of the mechanisms under replace-one."""
        parts = [part for part in map(as_replaced, event.events) if part is not None]
        return OneOfEvent(parts) if len(parts) == len(event.events) else None

    def without_delta(self, event: OneOfEvent) -> tuple[OneOfEvent, float]:
        """Return the mechanisms without theirs, and the largest."""
        parts, deltas = zip(*map(split_deltas, event.events), strict=True)
        return OneOfEvent(parts), max(deltas)

    def parts(self, event: OneOfEvent) -> tuple[dp_event.DpEvent, ...]:
        """Return the mechanisms."""
        return event.events

    def check(self, event: OneOfEvent) -> None:
        """Raise if there is none."""
        if not event.events:
            raise InvalidParameterError("OneOfEvent needs at least one event. Got none instead.")
