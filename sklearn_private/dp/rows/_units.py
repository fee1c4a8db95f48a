"""Whose data a row is: at most so many rows of each unit take part, chosen by secret coins."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, column_or_1d

from ...exceptions import InvalidParameterError
from ...mechanisms import random_permutation


def unit_numbers(owner: str, privacy_unit: ArrayLike, n_rows: int) -> tuple[np.ndarray, int]:
    """Return the number of each row's unit, from 0, and how many units there are.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    privacy_unit : array-like of shape (n_rows,)
        Whose data each row is.
    n_rows : int
        Number of rows.

    Returns
    -------
    number : ndarray of int of shape (n_rows,)
    n_units : int

    Raises
    ------
    InvalidParameterError
        If a row has no unit, or the units cannot be compared.
    """
    units = column_or_1d(np.asarray(privacy_unit))
    check_consistent_length(np.empty(n_rows), units)
    try:
        names, number = np.unique(units, return_inverse=True)
        known = bool((names == names).all())  # NaN and NaT differ from themselves
    except TypeError:  # None beside strings
        known = False
    if not known:
        raise InvalidParameterError.unreleased(
            f"{owner} needs the unit of every row: privacy_unit= must hold labels of one kind, "
            "without missing ones.",
            "Give rows without a unit one of their own.",
        )
    return number, len(names)


def bounded_rows(number: np.ndarray, rows_per_unit: int, rng: object) -> np.ndarray:
    """Return the positions of at most ``rows_per_unit`` rows of each unit, in order.

    Which rows of a unit are kept depends on coins and on its own rows alone, so a unit that is
    replaced moves no other unit's rows.

    Parameters
    ----------
    number : ndarray of int of shape (n_rows,)
        The unit of each row.
    rows_per_unit : int
        Most rows of one.
    rng : SecureSource or numpy.random.Generator
        Source of the coins.

    Returns
    -------
    ndarray of int
    """
    order = random_permutation(number.size, rng)
    by_unit = order[np.argsort(number[order], kind="stable")]
    starts = np.flatnonzero(np.diff(number[by_unit], prepend=-1))
    rank = np.arange(number.size) - np.repeat(starts, np.diff(starts, append=number.size))
    return np.sort(by_unit[rank < rows_per_unit])
