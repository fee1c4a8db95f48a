"""A release without any protection."""

from dp_accounting.dp_event import NonPrivateDpEvent

from .._kind import EventKind, register


@register
class Unprotected(EventKind):
    """Every bound is infinite."""

    event = NonPrivateDpEvent

    def replaced(self, event: NonPrivateDpEvent) -> NonPrivateDpEvent:
        """Return the same."""
        return event
