"""The one question that a program may ask about the rows, and how answers travel.

A program (:mod:`sklearn_private.sums`) never sees a row: it asks an aggregator for the sum of a
statistic over all sites. Which aggregator answers decides what is protected from whom.
"""

import math
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..exceptions import RangeError
from ._statistic import Statistic

Shapes = tuple[tuple[int, ...], ...]


class Aggregator(Protocol):
    """What answers sums.

    Attributes
    ----------
    limits : Limits or None
        What is publicly known about the rows.
    n_sites : int
        How many sites answer.
    sent : list of int
        Bytes that each site sent, one entry a sum.
    network : Network
        Where the sums of other sites come from.
    """

    network: Any
    limits: Any
    n_sites: int
    sent: list[int]

    def addends(self, statistic: Statistic, *broadcast: Any) -> list[tuple[np.ndarray, ...]]:
        """Return what each site sends, one tuple of arrays a site."""

    def sum(self, statistic: Statistic, *broadcast: Any) -> tuple[np.ndarray, ...]:
        """Return the sum over all sites: a tuple of arrays, one for each output."""


def pack(outputs: Iterable[ArrayLike]) -> tuple[np.ndarray, Shapes]:
    """Return one flat vector of all outputs, and their shapes.

    Parameters
    ----------
    outputs : tuple of array_like
        What a statistic returned.

    Returns
    -------
    vector : ndarray of shape (n_values,)
    shapes : tuple of tuple of int
    """
    arrays = [np.asarray(output, dtype=np.float64) for output in outputs]
    return np.concatenate([array.ravel() for array in arrays]), tuple(a.shape for a in arrays)


def unpack(vector: np.ndarray, shapes: Shapes) -> tuple[np.ndarray, ...]:
    """Return the outputs that :func:`pack` made flat."""
    edges = [0, *accumulate(math.prod(shape) for shape in shapes)]
    parts = zip(pairwise(edges), shapes, strict=True)
    return tuple(vector[start:end].reshape(shape) for (start, end), shape in parts)


def packed_addends(
    aggregator: Aggregator, statistic: Statistic, *broadcast: Any
) -> tuple[list[np.ndarray], Shapes]:
    """Return every site's answer as a flat vector, and the shapes that all of them have."""
    packed = [pack(outputs) for outputs in aggregator.addends(statistic, *broadcast)]
    return [vector for vector, _ in packed], packed[0][1]


def finite_bounds(statistic: Statistic, limits: Any, *broadcast: Any) -> np.ndarray:
    """Return the bounds of a statistic as an array, or raise where one is not finite."""
    bounds = np.array(statistic.bound(limits, *broadcast), dtype=np.float64)
    if not np.isfinite(bounds).all():
        raise RangeError.unreleased(
            f"The limits leave {statistic.__name__!r} without a bound.",
            "Declare a finite target_norm.",
        )
    return bounds
