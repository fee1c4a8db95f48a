"""Quantiles of columns on one noisy sum of dyadic counts.

The public range of every column is cut in half ``DYADIC_DEPTH`` times: a row adds 1 to the count of
its half, of its quarter, and so on, in every column: a vector of norm sqrt(depth · columns). Two
rows add to other counts at most, and no count is negative: they are sqrt(2) norms apart.

A quantile is found from the top: its rank is compared with the count of the left half, and goes on
in the left one, or in the right one with what is left of it. So it rests on as many counts as there
are halvings, and any number of quantiles costs the same.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._statistic import statistic
from ._moments import counted

DYADIC_DEPTH = 8


@statistic(
    bound=lambda limits, n_columns, reach: (math.sqrt(DYADIC_DEPTH * n_columns) * (1 + 1e-15),),
    apart=math.sqrt(2) * (1 + 1e-15),
)
def dyadic_counts(rows: Any, n_columns: int, reach: Any) -> tuple[Any]:
    """Return the counts of halves, quarters, ... of every column: (n_columns, 2^(depth + 1) - 2).

    The range of every column is from ``-reach`` to ``reach``; beyond is the end.
    """
    n_leaves = 2**DYADIC_DEPTH
    leaf = np.clip(((rows.X / reach + 1) / 2 * n_leaves).astype(np.intp), 0, n_leaves - 1)
    counts = np.empty((n_columns, 2 * n_leaves - 2))
    for column, at in zip(counts, leaf.T, strict=True):
        level = np.bincount(at, rows.weight, minlength=n_leaves)
        start = 2 * n_leaves - 2
        while len(level) > 1:  # the finest level is the last one
            start -= len(level)
            column[start : start + len(level)] = level
            level = level[::2] + level[1::2]
    return (counts,)


def noisy_quantiles(
    aggregator: Any, *, quantiles: Sequence[float], n_columns: int, n_rows: int | None
) -> np.ndarray:
    """Return quantiles of every column.

    Parameters
    ----------
    aggregator : Noisy
        Answers one sum.
    quantiles : sequence of float
        From 0 to 1.
    n_columns : int
        Number of columns.
    n_rows : int or None
        The number of rows where it is public; None takes the noisy counts of the halves.

    Returns
    -------
    ndarray of shape (n_quantiles, n_columns)
        Positions in the range of the column, from -1 to 1, in the order of the quantiles.
    """
    reach = aggregator.limits.row_norm / math.sqrt(n_columns)
    (counts,) = aggregator.sum(dyadic_counts, n_columns, reach)
    (scale,) = aggregator.noise_scales(dyadic_counts, n_columns, reach)
    found = np.empty((len(quantiles), n_columns))
    for j, column in enumerate(counts):
        whole = counted(column[:2].sum(), scale, 1.0) if n_rows is None else n_rows
        found[:, j] = [_descend(column, q * whole, whole) for q in quantiles]
    order = np.argsort(np.argsort(quantiles))  # none is below that of a smaller quantile
    return np.sort(found, axis=0)[order]


def _descend(counts, rank, held):
    """Return the position of a rank: halves are chosen by their counts, and leaves cut in two."""
    start, node = 0, 0
    for level in range(1, DYADIC_DEPTH + 1):
        left = start + 2 * node
        # The halves share what their parent holds, in proportion to what they say themselves.
        counted_left, counted_right = np.maximum(counts[left : left + 2], 0.0)
        both = counted_left + counted_right
        of_left = held * (counted_left / both if both > 0 else 0.5)
        if of_left > 0 and rank <= of_left:
            node, held = 2 * node, of_left
        else:
            node, held, rank = 2 * node + 1, held - of_left, rank - of_left
        start += 2**level
    inside = rank / held if held > 0 else 0.5
    return (node + min(max(inside, 0.0), 1.0)) / 2**DYADIC_DEPTH * 2 - 1
