"""Compositions: what is in them, and sums of what is known of their mechanisms."""

import math
from collections.abc import Iterable, Iterator

import attr
import dp_accounting
from dp_accounting import dp_event

from ._kind import kind_of


def compose_events(events: Iterable[dp_event.DpEvent]) -> dp_event.DpEvent:
    """Return one event that stands for all of ``events`` on the same rows."""
    events = tuple(events)
    return events[0] if len(events) == 1 else dp_accounting.ComposedDpEvent(events)


def leaves(event: dp_event.DpEvent, count: int = 1) -> Iterator[tuple[dp_event.DpEvent, int]]:
    """Yield (event, count) for every mechanism of a composition; no-ops are left out."""
    if isinstance(event, dp_event.ComposedDpEvent):
        for part in event.events:
            yield from leaves(part, count)
    elif isinstance(event, dp_event.SelfComposedDpEvent):
        yield from leaves(event.event, count * event.count)
    elif not isinstance(event, dp_event.NoOpDpEvent) and count:
        yield event, count


def mechanisms(event: dp_event.DpEvent) -> Iterator[dp_event.DpEvent]:
    """Yield every mechanism of an event, also those that run repeatedly or only perhaps."""
    for leaf, _ in leaves(event):
        parts = kind_of(leaf).parts(leaf)
        for part in parts:
            yield from mechanisms(part)
        if not parts:
            yield leaf


def split_deltas(event: dp_event.DpEvent) -> tuple[dp_event.DpEvent, float]:
    """Return an event without the deltas of its own, and these deltas together.

    A mechanism that runs K times, K random, adds its delta E[K] times
    (``docs/proofs/selection.md``).

    Parameters
    ----------
    event : dp_accounting.DpEvent
        Anything.

    Returns
    -------
    event : dp_accounting.DpEvent
        With delta 0 in every :class:`EpsilonDeltaEvent`.
    delta : float
    """
    if isinstance(event, dp_event.ComposedDpEvent) and event.events:
        parts, deltas = zip(*map(split_deltas, event.events), strict=True)
        return dp_event.ComposedDpEvent(parts), math.fsum(deltas)
    if isinstance(event, dp_event.SelfComposedDpEvent):
        inner, delta = split_deltas(event.event)
        return attr.evolve(event, event=inner), event.count * delta
    return kind_of(event).without_delta(event)


def as_replaced(event: dp_event.DpEvent) -> dp_event.DpEvent | None:
    """Return a zero-out or add-remove event under replace-one, None where no form is known."""
    if isinstance(event, dp_event.ComposedDpEvent):
        parts = tuple(map(as_replaced, event.events))
        return None if None in parts else attr.evolve(event, events=parts)
    if isinstance(event, dp_event.SelfComposedDpEvent):
        inner = as_replaced(event.event)
        return None if inner is None else attr.evolve(event, event=inner)
    return event if isinstance(event, dp_event.NoOpDpEvent) else kind_of(event).replaced(event)


def pure_epsilon(event: dp_event.DpEvent, neighboring: str) -> float:
    """Return the largest privacy loss of an event: the sum of those of its mechanisms."""
    return sum((n * kind_of(leaf).pure(leaf, neighboring) for leaf, n in leaves(event)), 0.0)


def renyi(event: dp_event.DpEvent, order: float, neighboring: str) -> float:
    """Return the Rényi divergence of an event at ``order``, infinity where none is known.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        One mechanism or a composition; explicit deltas must have been taken out.
    order : float
        Above 1.
    neighboring : str
        The relation.

    Returns
    -------
    float
    """
    return sum(n * kind_of(leaf).renyi(leaf, order, neighboring) for leaf, n in leaves(event))


def gaussian_dp(event: dp_event.DpEvent) -> float | None:
    """Return mu where an event loses exactly what mu-Gaussian DP says, else None.

    The mu of mechanisms add up by their squares; no mechanism at all has mu 0. Explicit deltas must
    have been taken out (:func:`split_deltas`).
    """
    squares = 0.0
    for leaf, count in leaves(event):
        mu = kind_of(leaf).mu(leaf)
        if mu is None:
            return None
        squares += count * mu * mu
    return math.sqrt(squares)


def zero_concentrated_dp(event: dp_event.DpEvent, neighboring: str) -> float:
    """Return a rho for which an event is rho-zCDP, infinity where none is known.

    The rho of mechanisms add up: mu²/2 of Gaussian noise, epsilon²/2 of pure mechanisms (Bun and
    Steinke 2016). Explicit deltas must have been taken out (:func:`split_deltas`).
    """
    return sum((n * kind_of(leaf).rho(leaf, neighboring) for leaf, n in leaves(event)), 0.0)
