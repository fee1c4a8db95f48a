"""Means and variances of columns on one noisy sum, of all rows or of each class.

A row x adds a count, x, and its squares, each weighted to be at most R long (the count a part of
it): in one vector. So its norm is bounded once, and an answer divides by a count that came in the
same sum. Two rows add to the same count, their values are 2·R apart and their squares, which are
not negative, sqrt(2)·R: together sqrt(6)·R, whatever the weight of the count.

Rows of different classes add to different numbers; with a count of weight 1 they are sqrt(2) norms
of sqrt(3)·R apart, which is sqrt(6)·R, too.

Variances are raised to the deviation of their noise: below it they say nothing.
"""

import math
from typing import Any

import numpy as np

from ..._statistic import clip_norm, statistic

COUNT = 0.35  # weight of the count of all rows: enough to divide by, and 3 % more noise
_UP = 1 + 1e-15  # for roots that were rounded down


@statistic(
    bound=lambda limits, norm, square_norm: (math.sqrt(2 + COUNT**2) * norm * _UP,),
    apart=math.sqrt(6 / (2 + COUNT**2)) * _UP,
)
def row_moments(rows: Any, norm: Any, square_norm: Any) -> tuple[np.ndarray]:
    """Return the weighted count, the sum of values and that of weighted squares, one vector."""
    values, squares = _parts(rows, norm, square_norm)
    count = COUNT * norm * rows.weight.sum()
    return (np.concatenate([[count], rows.weight @ values, rows.weight @ squares]),)


@statistic(
    bound=lambda limits, norm, square_norm, n_classes: (math.sqrt(3) * norm * _UP,),
    apart=math.sqrt(2) * _UP,
)
def class_moments(rows: Any, norm: Any, square_norm: Any, n_classes: Any) -> tuple[Any]:
    """Return the same of each class, one a row; targets are positions of classes."""
    values, squares = _parts(rows, norm, square_norm)
    added = np.column_stack([np.full(len(rows.X), norm), values, squares]) * rows.weight[:, None]
    codes, sums = rows.y.astype(np.intp), np.zeros((n_classes, added.shape[1]))
    for code in range(n_classes):
        sums[code] = added[codes == code].sum(axis=0)
    return (sums,)


def noisy_moments(
    aggregator: Any, *, square_norm: float, n_rows: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return means and variances of columns.

    Parameters
    ----------
    aggregator : Noisy
        Answers one sum.
    square_norm : float
        Bound on the norm of a row's squares.
    n_rows : int or None
        The number of rows where it is public; None takes the noisy count.

    Returns
    -------
    mean, variance : ndarray of shape (n_features,)
    """
    norm = aggregator.limits.row_norm
    (sums,) = aggregator.sum(row_moments, norm, square_norm)
    (scale,) = aggregator.noise_scales(row_moments, norm, square_norm)
    count = counted(sums[0], scale, COUNT * norm) if n_rows is None else n_rows
    mean, squares = np.split(sums[1:] / count, 2)
    weight = square_norm / norm
    return mean, np.maximum(weight * squares - mean**2, weight * scale / count)


def noisy_class_moments(
    aggregator: Any, *, square_norm: float, n_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the share, the means and the variances of each class.

    Parameters
    ----------
    aggregator : Noisy
        Answers one sum; targets are positions of classes.
    square_norm : float
        Bound on the norm of a row's squares.
    n_classes : int
        How many classes.

    Returns
    -------
    share : ndarray of shape (n_classes,)
        Together 1.
    mean, variance : ndarray of shape (n_classes, n_features)
        A class that the noise hides has the mean and the variance of all rows.
    """
    norm = aggregator.limits.row_norm
    asked = norm, square_norm, n_classes
    (sums,) = aggregator.sum(class_moments, *asked)
    (scale,) = aggregator.noise_scales(class_moments, *asked)
    totals = np.vstack([sums, sums.sum(axis=0)])  # of each class, and of all rows
    scales = np.append(np.full(n_classes, scale), scale * math.sqrt(n_classes))
    counts = np.maximum(totals[:, 0], scales) / norm
    values, squares = np.split(totals[:, 1:] / counts[:, None], 2, axis=1)
    weight = square_norm / norm
    spread = np.maximum(weight * squares - values**2, (weight * scales / counts)[:, None])
    hidden = (sums[:, 0] < 2 * scale)[:, None]
    return (
        counts[:-1] / counts[:-1].sum(),
        np.where(hidden, values[-1], values[:-1]),
        np.where(hidden, spread[-1], spread[:-1]),
    )


def counted(weighted: Any, scale: Any, weight: Any) -> Any:
    """Return a count from its weighted noisy sum; below its noise it says nothing but that."""
    return max(weighted, scale) / weight


def _parts(rows, norm, square_norm):
    """Return values and weighted squares of every row, neither longer than ``norm``."""
    squares = clip_norm(rows.X**2, square_norm) * (norm / square_norm)
    return clip_norm(rows.X, norm), squares
