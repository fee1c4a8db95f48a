"""Mean and covariance of rows on two noisy sums, for principal components.

A tenth of the budget finds the mean, and counts the rows in the same sum; the rest buys products of
features around it [1]_, of which those of two rows have a non-negative inner product, so that
replacing a row moves them by sqrt(2) bounds. Around the mean a row is mostly shorter than around
the origin: it is clipped to the same length again, unless the noise is so small that clipping would
cost more.

.. [1] C. Dwork et al., "Analyze Gauss: optimal bounds for privacy-preserving principal component
   analysis", STOC 2014.
"""

import math
from typing import Any

import numpy as np

from ..._statistic import clip_norm, statistic
from .._symmetric import from_isometric, isometric
from ._moments import COUNT, counted

SPECTRUM_SHARES = (0.1, 0.9)
_CERTAIN = 1e-3  # of the largest total variance: noise below it allows to clip nothing


@statistic(
    bound=lambda limits, norm: (math.hypot(1, COUNT) * norm * (1 + 1e-15),),
    apart=2 / math.hypot(1, COUNT) * (1 + 1e-15),  # two rows add to the same count
)
def row_total(rows: Any, norm: Any) -> tuple[Any]:
    """Return the weighted count and the sum of rows, one vector."""
    count = COUNT * norm * rows.weight.sum()
    return (np.append(count, rows.weight @ clip_norm(rows.X, norm)),)


@statistic(bound=lambda limits, centre, radius: (radius**2,), apart=math.sqrt(2) * (1 + 1e-15))
def moment_around(rows: Any, centre: Any, radius: Any) -> tuple[Any]:
    """Return the isometric triangle of products around ``centre``, rows clipped to ``radius``."""
    around = clip_norm(rows.X - centre, radius) * np.sqrt(rows.weight)[:, None]
    return (isometric(around.T @ around),)


def noisy_covariance(
    aggregator: Any, *, n_rows: int | None
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the mean and the covariance of rows.

    Parameters
    ----------
    aggregator : Noisy
        Answers two sums.
    n_rows : int or None
        The number of rows where it is public; None takes the noisy count.

    Returns
    -------
    mean : ndarray of shape (n_features,)
    covariance : ndarray of shape (n_features, n_features)
        Symmetric; noise may leave eigenvalues below zero.
    noise : float
        Deviation of the noise of an element of its isometric triangle.
    """
    norm = aggregator.limits.row_norm
    (total,) = aggregator.sum(row_total, norm)
    (scale,) = aggregator.noise_scales(row_total, norm)
    count = counted(total[0], scale, COUNT * norm) if n_rows is None else n_rows
    mean = total[1:] / count
    # Around the mean a row may be longer than around the origin, if the mean is known at all.
    uncertain = scale * math.sqrt(2 * len(mean)) > _CERTAIN * count * norm
    radius = float(norm if uncertain else norm + np.linalg.norm(mean))
    (triangle,) = aggregator.sum(moment_around, mean, radius)
    (scale,) = aggregator.noise_scales(moment_around, mean, radius)
    n_free = max(count - 1, 1)
    return mean, from_isometric(triangle) / n_free, scale / n_free
