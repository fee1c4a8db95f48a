"""Checks of a mechanism's arguments, in the sentence that the whole project uses."""

import numbers
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import Checks


def check(function: str, *, rng: object, **positive: float) -> None:
    """Check that ``rng`` gives random bytes and that every other argument is positive.

    Parameters
    ----------
    function : str
        Name of the mechanism, for the message.
    rng : object
        What :func:`noise_source` returned.
    **positive : float
        Arguments that must be finite and above 0.

    Raises
    ------
    InvalidParameterError
        If one of them is not.
    """
    checks = Checks(function)
    checks.real(**positive, above=0)
    if not callable(getattr(rng, "bytes", None)):
        raise checks.invalid("rng", "what noise_source() returns", value=rng)


def finite(function: str, name: str, values: ArrayLike) -> np.ndarray:
    """Return ``values`` as a float64 array of finite numbers.

    The message of the error describes the array and never holds one of its elements.

    Parameters
    ----------
    function, name : str
        Name of the mechanism and of the argument, for the message.
    values : array_like of float
        What is to be released or compared.

    Returns
    -------
    ndarray of float64
        The same numbers, same shape.

    Raises
    ------
    InvalidParameterError
        If an element is no real number, not finite, or beyond the range of float64.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise Checks(function).invalid(name, "real numbers", value=f"an array of {array.dtype}")
    with np.errstate(over="ignore"):
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise Checks(function).invalid(
            name, "finite numbers", value="an array with NaN or infinity"
        )
    return array


def rational(number: float) -> Any:
    """Return a real number as a Fraction: exact, since every float is a rational number."""
    if isinstance(number, numbers.Integral):
        return Fraction(int(number))
    return number if isinstance(number, Fraction) else Fraction(float(number))
