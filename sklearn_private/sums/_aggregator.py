"""The one question that a program may ask about the rows, and how answers travel.

A program (:mod:`sklearn_private.sums`) never sees a row: it asks an aggregator for the sum of a
statistic over all sites. Which aggregator answers decides what is protected from whom.
"""

import math
from itertools import accumulate, pairwise
from typing import Protocol

import numpy as np

from ..exceptions import RangeError


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

    network: object
    limits: object
    n_sites: int
    sent: list

    def addends(self, statistic, *broadcast):
        """Return what each site sends, one tuple of arrays a site."""

    def sum(self, statistic, *broadcast):
        """Return the sum over all sites: a tuple of arrays, one for each output."""


def pack(outputs):
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
    outputs = [np.asarray(output, dtype=np.float64) for output in outputs]
    return np.concatenate([output.ravel() for output in outputs]), tuple(o.shape for o in outputs)


def unpack(vector, shapes):
    """Return the outputs that :func:`pack` made flat."""
    edges = [0, *accumulate(math.prod(shape) for shape in shapes)]
    parts = zip(pairwise(edges), shapes, strict=True)
    return tuple(vector[start:end].reshape(shape) for (start, end), shape in parts)


def packed_addends(aggregator, statistic, *broadcast):
    """Return every site's answer as a flat vector, and the shapes that all of them have."""
    packed = [pack(outputs) for outputs in aggregator.addends(statistic, *broadcast)]
    return [vector for vector, _ in packed], packed[0][1]


def finite_bounds(statistic, limits, *broadcast):
    """Return the bounds of a statistic as an array, or raise where one is not finite."""
    bounds = np.array(statistic.bound(limits, *broadcast), dtype=np.float64)
    if not np.isfinite(bounds).all():
        raise RangeError.unreleased(
            f"The limits leave {statistic.__name__!r} without a bound.",
            "Declare a finite target_norm.",
        )
    return bounds
