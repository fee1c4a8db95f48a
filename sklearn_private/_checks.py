"""Parameter checks: one sentence form for all.

A :class:`Checks` object knows whose parameters it checks, an estimator or a function, and takes
them by name (attributes of the estimator) or by value::

    Checks(self).real("epsilon", above=0)
    Checks("laplace").real(epsilon=epsilon, above=0)
"""

import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .exceptions import InvalidParameterError

_ITS_OWN = object()


class Checks:
    """Check parameters of one owner; the first that breaks its rule raises.

    Every method takes names of attributes of the owner, or ``name=value`` pairs, or both, and
    raises :class:`~sklearn_private.exceptions.InvalidParameterError`, whose message names the
    parameter, its owner, the rule and the value.

    Parameters
    ----------
    owner : object or str
        The estimator whose attributes are checked, or the name of a function.

    Examples
    --------
    >>> from sklearn_private._checks import Checks
    >>> Checks("laplace").real(epsilon=-1.0, above=0)
    Traceback (most recent call last):
    ...
    sklearn_private.exceptions.InvalidParameterError: The 'epsilon' parameter of laplace must be a
    finite number and > 0. Got -1.0 instead.
    """

    def __init__(self, owner: object) -> None:
        self._owner = owner
        self.name = owner if isinstance(owner, str) else type(owner).__name__

    def real(
        self,
        *names: str,
        above: float | None = None,
        at_least: float | None = None,
        below: float | None = None,
        at_most: float | None = None,
        optional: bool = False,
        **values: object,
    ) -> None:
        """Check that each one is a finite real number within the stated limits."""

        def good(value: Any) -> bool:
            return (
                _is_number(value, numbers.Real)
                and math.isfinite(value)
                and (above is None or value > above)
                and (at_least is None or value >= at_least)
                and (below is None or value < below)
                and (at_most is None or value <= at_most)
            )

        limits = {">": above, ">=": at_least, "<": below, "<=": at_most}
        self._each(names, values, good, _within("a finite number", limits), optional)

    def integer(
        self,
        *names: str,
        at_least: int | None = None,
        at_most: int | None = None,
        optional: bool = False,
        **values: object,
    ) -> None:
        """Check that each one is a whole number within the stated limits."""

        def good(value: Any) -> bool:
            return (
                _is_number(value, numbers.Integral)
                and (at_least is None or value >= at_least)
                and (at_most is None or value <= at_most)
            )

        limits = {">=": at_least, "<=": at_most}
        self._each(names, values, good, _within("an integer", limits), optional)

    def choice(self, *names: str, among: Iterable[object], **values: object) -> None:
        """Check that each one is one of the options: equal to it, and of its type."""
        options = tuple(among)

        def good(value: object) -> bool:
            return any(type(value) is type(option) and value == option for option in options)

        self._each(names, values, good, "one of " + ", ".join(map(repr, options)))

    def boolean(self, *names: str, **values: object) -> None:
        """Check that each one is True or False."""
        self._each(names, values, lambda value: isinstance(value, bool), "True or False")

    def invalid(self, name: str, rule: str, value: object = _ITS_OWN) -> InvalidParameterError:
        """Return the error that says that a parameter breaks ``rule``, for checks of other kinds.

        Parameters
        ----------
        name : str
            The parameter.
        rule : str
            What it must be.
        value : object
            What it is, or what describes it; the attribute of that name when left out.
        """
        if value is _ITS_OWN:
            value = getattr(self._owner, name)
        return InvalidParameterError(
            f"The {name!r} parameter of {self.name} must be {rule}. Got {value!r} instead."
        )

    def _each(
        self,
        names: tuple[str, ...],
        values: dict[str, object],
        good: Callable[[Any], bool],
        rule: str,
        optional: bool = False,
    ) -> None:
        rule += " or None" if optional else ""
        for name, value in self._named(names, values):
            if not (good(value) or (optional and value is None)):
                raise self.invalid(name, rule, value=value)

    def _named(
        self, names: tuple[str, ...], values: dict[str, object]
    ) -> Iterator[tuple[str, object]]:
        yield from ((name, getattr(self._owner, name)) for name in names)
        yield from values.items()


def _is_number(value: object, kind: type) -> bool:
    """Return whether a value is a number of a kind; True and False are not meant as numbers."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _within(kind: str, limits: Mapping[str, float | None]) -> str:
    """Return the rule that says what a number must be: ``"a finite number and > 0"``."""
    stated = (f"{sign} {limit}" for sign, limit in limits.items() if limit is not None)
    return " and ".join((kind, *stated))
