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

.. [1] https://github.com/google/differential-privacy/tree/main/python/dp_accounting
"""

import math
import numbers

import attr
import dp_accounting
from dp_accounting import dp_event

from ...exceptions import InvalidParameterError

NEIGHBORING = ("replace_one", "zero_out", "add_remove")


@attr.s(frozen=True, slots=True, auto_attribs=True)
class ObjectivePerturbationEvent(dp_event.DpEvent):
    """Minimise a sum of losses plus (lambda / 2)·|w|² plus b·w, with b Gaussian.

    The losses are convex functions of x·w whose derivative keeps its sign for each row, as that of
    the logistic loss does; a least-squares loss has another price.

    Parameters
    ----------
    noise_multiplier : float
        Standard deviation of b over the sensitivity of the gradient, ``n_terms * L``, where L
        bounds the norm of one row's gradient.
    hessian_ratio : float
        beta / lambda, where beta bounds the norm of one row's Hessian (of rank one).
    replaced : bool
        Whether neighbours differ by rows that were replaced (replace-one) or by rows that one of
        them lacks (zero-out, add-remove).
    n_rows : int, default=1
        Rows by which neighbours differ.
    """

    noise_multiplier: float
    hessian_ratio: float
    replaced: bool
    n_rows: int = 1

    @property
    def n_terms(self):
        """Gradients by which neighbours differ: a replaced row counts twice."""
        return self.n_rows * (2 if self.replaced else 1)

    @property
    def shift(self):
        """The part of the privacy loss that the determinants of the Hessians bound."""
        return self.n_rows * math.log1p(self.hessian_ratio)

    def gaussian_terms(self):
        """Return (count, mu) pairs: the loss is at most ``shift`` plus the largest of these."""
        return [
            (math.comb(self.n_terms, j), j / self.n_terms / self.noise_multiplier)
            for j in range(self.n_terms + 1)
        ]


@attr.s(frozen=True, slots=True, auto_attribs=True)
class EpsilonDeltaEvent(dp_event.DpEvent):
    """A mechanism of which only an (epsilon, delta) bound is known.

    Parameters
    ----------
    epsilon, delta : float
        The bound.
    """

    epsilon: float
    delta: float


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

    events: tuple = attr.ib(converter=tuple)


_KNOWN = {
    kind.__name__: kind
    for kind in (
        ObjectivePerturbationEvent,
        EpsilonDeltaEvent,
        OneOfEvent,
        *(
            value
            for value in vars(dp_event).values()
            if isinstance(value, type)
            and issubclass(value, dp_event.DpEvent)
            and value is not dp_event.DpEvent
        ),
    )
}


def compose_events(events):
    """Return one event that stands for all of ``events`` on the same rows."""
    events = tuple(events)
    return events[0] if len(events) == 1 else dp_accounting.ComposedDpEvent(events)


def leaves(event, count=1):
    """Yield (event, count) for every mechanism of a composition; no-ops are left out."""
    if isinstance(event, dp_event.ComposedDpEvent):
        for part in event.events:
            yield from leaves(part, count)
    elif isinstance(event, dp_event.SelfComposedDpEvent):
        yield from leaves(event.event, count * event.count)
    elif not isinstance(event, dp_event.NoOpDpEvent) and count:
        yield event, count


def mechanisms(event):
    """Yield every mechanism of an event, also those that run repeatedly or only perhaps."""
    for leaf, _ in leaves(event):
        if isinstance(leaf, OneOfEvent):
            for part in leaf.events:
                yield from mechanisms(part)
        elif isinstance(leaf, dp_event.RepeatAndSelectDpEvent):
            yield from mechanisms(leaf.event)
        else:
            yield leaf


def split_deltas(event):
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
    match event:
        case EpsilonDeltaEvent(epsilon=0):
            return dp_event.NoOpDpEvent(), event.delta
        case EpsilonDeltaEvent():
            return EpsilonDeltaEvent(event.epsilon, 0.0), event.delta
        case dp_event.ComposedDpEvent() | OneOfEvent():
            parts, deltas = zip(*map(split_deltas, event.events), strict=True)
            together = max if isinstance(event, OneOfEvent) else math.fsum
            return type(event)(parts), together(deltas)
        case dp_event.SelfComposedDpEvent(count=repeats):
            inner, delta = split_deltas(event.event)
        case dp_event.RepeatAndSelectDpEvent(mean=repeats):
            inner, delta = split_deltas(event.event)
        case _:
            return event, 0.0
    return attr.evolve(event, event=inner), repeats * delta


def event_to_dict(event):
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


def event_from_dict(data):
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
    kind = fields.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KNOWN:
        raise InvalidParameterError(f"{kind!r} is not a known kind of privacy event.")
    try:
        return _KNOWN[kind](**fields)
    except TypeError as error:
        raise InvalidParameterError(f"{kind} cannot be read: {error}.") from error


def check_event(event):
    """Raise unless ``event`` is an event of a known kind with sensible numbers, all the way down.

    A negative number would refill a ledger, and an unknown kind could not be read back from one.
    """
    if not isinstance(event, dp_event.DpEvent):
        raise InvalidParameterError(
            f"event must be a dp_accounting.DpEvent. Got {event!r} instead."
        )
    if _KNOWN.get(type(event).__name__) is not type(event):
        raise InvalidParameterError(f"{type(event)!r} is not a known kind of privacy event.")
    for name, value in attr.asdict(event, recurse=False).items():
        if isinstance(event, OneOfEvent) and not value:
            raise InvalidParameterError("OneOfEvent needs at least one event. Got none instead.")
        for part in value if isinstance(value, list | tuple) else (value,):
            if isinstance(part, dp_event.DpEvent):
                check_event(part)
            else:
                _check_number(event, name, part)


def check_neighboring(neighboring):
    """Raise unless ``neighboring`` names a relation."""
    if neighboring not in NEIGHBORING:
        raise InvalidParameterError(
            f"neighboring must be one of {', '.join(map(repr, NEIGHBORING))}. "
            f"Got {neighboring!r} instead."
        )


def _check_number(event, name, value):
    rule, kind, least, top = "a number >= 0", numbers.Real, 0, math.inf
    if name == "count":
        rule, kind = "an integer >= 0", numbers.Integral
    elif name in ("delta", "sampling_probability"):
        rule, top = "a number in [0, 1]", 1
    elif name == "mean":
        rule, least = "a number >= 1", 1
    if not (isinstance(value, kind) and least <= value <= top):
        raise InvalidParameterError(
            f"{name} of {type(event).__name__} must be {rule}. Got {value!r} instead."
        )


def _to_plain(value):
    if isinstance(value, dp_event.DpEvent):
        return event_to_dict(value)
    if isinstance(value, list | tuple):
        return [_to_plain(v) for v in value]
    return value.item() if hasattr(value, "item") else value


def _from_plain(value):
    if isinstance(value, dict):
        return event_from_dict(value)
    if isinstance(value, list):
        return tuple(_from_plain(v) for v in value)
    return value
