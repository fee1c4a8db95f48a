"""The largest value that a test refutes, for a whole array of tests at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_private.exceptions import InvalidParameterError

_LARGEST = 1e6
_HALVINGS = 50


def largest_refuted(refutes: Callable[..., Any]) -> np.ndarray:
    """Return where each test stops to refute, 0 for one that refutes nothing.

    Parameters
    ----------
    refutes : callable
        From a value (a number, or an array of one value a test) to an array of bool. Each test
        refutes all values below some point and none above it.

    Returns
    -------
    ndarray of float
    """
    low = np.zeros(np.shape(refutes(0.0)))
    high = np.ones_like(low)
    while (beyond := refutes(high)).any() and high.max() < _LARGEST:
        low, high = np.where(beyond, high, low), np.where(beyond, 2 * high, high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        refuted = refutes(middle)
        low, high = np.where(refuted, middle, low), np.where(refuted, high, middle)
    return np.where(refutes(0.0), low, 0.0)


def check_counts(n_canaries: ArrayLike, n_guesses: ArrayLike, n_correct: ArrayLike) -> None:
    """Raise unless 0 <= n_correct <= n_guesses <= n_canaries, and there is a canary.

    Parameters
    ----------
    n_canaries, n_guesses, n_correct : array-like of int
        Counts of an audit.
    """
    counts = [np.asarray(count) for count in (n_canaries, n_guesses, n_correct)]
    m, r, v = counts
    whole = all(np.issubdtype(count.dtype, np.integer) for count in counts)
    if not whole or not np.all((v >= 0) & (v <= r) & (r <= m) & (m >= 1)):
        raise InvalidParameterError(
            "The counts of an audit must be integers, 0 <= n_correct <= n_guesses <= n_canaries, "
            f"and n_canaries >= 1. Got {n_correct!r}, {n_guesses!r} and {n_canaries!r} instead."
        )
