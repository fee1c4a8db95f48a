"""Parameter checks: one sentence form for all.

Each function checks attributes of ``owner`` (an estimator) by name and raises
:class:`~sklearn_private.exceptions.InvalidParameterError`, whose message names the parameter, its
owner, the rule and the value.
"""

import math
import numbers

from .exceptions import InvalidParameterError


def real(owner, *names, above=None, at_least=None, below=None, at_most=None, optional=False):
    """Check that each named attribute is a finite real number within the stated limits."""
    limits = {"> {}": above, ">= {}": at_least, "< {}": below, "<= {}": at_most}
    rule = " and ".join(
        ["a finite number", *(f.format(v) for f, v in limits.items() if v is not None)]
    )
    for name in names:
        value = getattr(owner, name)
        if optional and value is None:
            continue
        good = (
            isinstance(value, numbers.Real)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and (above is None or value > above)
            and (at_least is None or value >= at_least)
            and (below is None or value < below)
            and (at_most is None or value <= at_most)
        )
        if not good:
            raise invalid(owner, name, rule + (" or None" if optional else ""))


def integer(owner, *names, at_least=None, at_most=None, optional=False):
    """Check that each named attribute is a whole number within the stated limits."""
    limits = {">= {}": at_least, "<= {}": at_most}
    rule = " and ".join(["an integer", *(f.format(v) for f, v in limits.items() if v is not None)])
    for name in names:
        value = getattr(owner, name)
        if optional and value is None:
            continue
        good = (
            isinstance(value, numbers.Integral)
            and not isinstance(value, bool)
            and (at_least is None or value >= at_least)
            and (at_most is None or value <= at_most)
        )
        if not good:
            raise invalid(owner, name, rule + (" or None" if optional else ""))


def choice(owner, name, options):
    """Check that the named attribute is one of ``options``."""
    value = getattr(owner, name)
    if not any(type(value) is type(option) and value == option for option in options):
        raise invalid(owner, name, "one of " + ", ".join(map(repr, options)))


def boolean(owner, *names):
    """Check that each named attribute is True or False."""
    for name in names:
        if not isinstance(getattr(owner, name), bool):
            raise invalid(owner, name, "True or False")


def invalid(owner, name, rule, value=None):
    """Return the error that says that a parameter of ``owner`` breaks ``rule``."""
    value = getattr(owner, name) if value is None else value
    return InvalidParameterError(
        f"The {name!r} parameter of {type(owner).__name__} must be {rule}. Got {value!r} instead."
    )
