"""Means and variances, in two passes.

The second pass sums squares around the mean of the first one, so that a mean far from zero costs no
digits; its own small mean corrects what rounding left [1]_. Both divide by the count of their pass.

.. [1] T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance:
   analysis and recommendations", The American Statistician 37, 1983, equation 1.7.
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler

from .._program import Program
from .._registry import register
from .._statistic import statistic


@statistic(
    bound=lambda limits, centre: (
        np.sqrt(len(centre)),
        limits.row_norm + np.linalg.norm(centre),
        (limits.row_norm + np.linalg.norm(centre)) ** 2,
    ),
    opens="first moments",
    unit=lambda scale, centre: (1.0, scale.X + abs(centre), (scale.X + abs(centre)) ** 2),
)
def moments(rows: Any, centre: Any) -> tuple[Any, Any, Any]:
    """Return counts, sums and sums of squares around ``centre`` of the values that are there."""
    there = ~np.isnan(rows.X)
    around = np.where(there, rows.X - centre, 0.0)
    return rows.weight @ there, rows.weight @ around, rows.weight @ around**2


@statistic(
    bound=lambda limits: (1.0, limits.row_norm, limits.target_norm),
    opens="first moments",
    unit=lambda scale: (1.0, scale.X, scale.y),
)
def location(rows: Any) -> tuple[Any, Any, Any]:
    """Return the count of rows, the sum of their features and that of their targets."""
    return rows.weight.sum(), rows.weight @ rows.X, rows.weight @ rows.y


def is_constant(mean: Any, variance: Any, count: int) -> bool:
    """Tell columns whose variance is no more than the rounding of two passes over them."""
    eps = np.finfo(float).eps
    return variance <= count * eps * variance + (count * mean * eps) ** 2


def fit_scaler(aggregator: Any, estimator: BaseEstimator, schema: Any) -> dict[str, Any]:
    """Return the fitted attributes of a :class:`~sklearn.preprocessing.StandardScaler`."""
    count, total, _ = aggregator.sum(moments, np.zeros(schema.n_features))
    with np.errstate(invalid="ignore", divide="ignore"):  # A column without values has no mean.
        centre = total / count
        count, total, squares = aggregator.sum(moments, np.nan_to_num(centre))
        mean, variance = centre + total / count, (squares - total**2 / count) / count
    scale = np.where(is_constant(mean, variance, count), 1.0, np.sqrt(variance))
    whole = np.rint(count) == count
    seen = count.astype(np.int64) if whole.all() else count
    return {
        "mean_": mean if estimator.with_mean or estimator.with_std else None,
        "var_": variance if estimator.with_std else None,
        "scale_": scale if estimator.with_std else None,
        "n_samples_seen_": seen[0] if (seen == seen[0]).all() else seen,
    }


SCALER = Program(
    serves=StandardScaler, check=lambda estimator: None, fit=fit_scaler, asks=(moments,)
)
register(SCALER)
