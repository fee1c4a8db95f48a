"""Events as plain data: stored, read back, and checked."""

import math
import numbers
from typing import Any

import attr
from dp_accounting import dp_event

from ...exceptions import InvalidParameterError
from ._kind import event_class, is_known, kind_of


def event_to_dict(event: dp_event.DpEvent) -> dict[str, Any]:
    """Return an event as JSON-ready nested dictionaries.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        Any event of ``dp-accounting`` or of this module.

    Returns
    -------
    dict
        ``{"kind": class name, field: value, ...}``.
    """
    fields = attr.asdict(event, recurse=False)
    return {"kind": type(event).__name__, **{name: _to_plain(v) for name, v in fields.items()}}


def event_from_dict(data: dict[str, Any]) -> dp_event.DpEvent:
    """Return the event that :func:`event_to_dict` wrote.

    Parameters
    ----------
    data : dict
        What :func:`event_to_dict` returned.

    Returns
    -------
    dp_accounting.DpEvent

    Raises
    ------
    InvalidParameterError
        If the kind of event is not known, or has other fields.
    """
    fields = {name: _from_plain(value) for name, value in data.items()}
    kind = event_class(fields.pop("kind", None))
    try:
        return kind(**fields)
    except TypeError as error:
        raise InvalidParameterError(f"{kind.__name__} cannot be read: {error}.") from error


def check_event(event: object) -> None:
    """Raise unless ``event`` is an event of a known kind with sensible numbers, all the way down.

    A negative number would refill a ledger, and an unknown kind could not be read back from one.
    """
    if not isinstance(event, dp_event.DpEvent):
        raise InvalidParameterError(
            f"event must be a dp_accounting.DpEvent. Got {event!r} instead."
        )
    if not is_known(event):
        raise InvalidParameterError(f"{type(event)!r} is not a known kind of privacy event.")
    for name, value in attr.asdict(event, recurse=False).items():
        for part in value if isinstance(value, list | tuple) else (value,):
            if isinstance(part, dp_event.DpEvent):
                check_event(part)
            else:
                _check_number(event, name, part)
    kind_of(event).check(event)


def _check_number(event: dp_event.DpEvent, name: str, value: Any) -> None:
    rule, kind, least, top = "a number >= 0", numbers.Real, 0.0, math.inf
    if name == "count":
        rule, kind = "an integer >= 0", numbers.Integral
    elif name in ("delta", "sampling_probability"):
        rule, top = "a number in [0, 1]", 1
    elif name == "mean":
        rule, least = "a number >= 1", 1
    is_number = isinstance(value, kind)
    if not (is_number and least <= value <= top):
        raise InvalidParameterError(
            f"{name} of {type(event).__name__} must be {rule}. Got {value!r} instead."
        )


def _to_plain(value: Any) -> Any:
    if isinstance(value, dp_event.DpEvent):
        return event_to_dict(value)
    if isinstance(value, list | tuple):
        return [_to_plain(v) for v in value]
    return value.item() if hasattr(value, "item") else value


def _from_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return event_from_dict(value)
    if isinstance(value, list):
        return tuple(_from_plain(v) for v in value)
    return value
