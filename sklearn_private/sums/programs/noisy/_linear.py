"""Linear and ridge regression on noisy sums: one Gram matrix, then a few clipped residuals.

One noisy matrix of products of features and target gives a first fit, its eigenvalues lifted above
those of the noise, as in AdaSSP [1]_. Its noise is scaled to the longest row and the largest target
there can be, and residuals are far shorter than targets. So the rest of the budget goes to sums of
features times residuals around the fit so far, clipped to a few deviations (which the first release
tells), with noise that is scaled to the clip; the matrix is used again to turn them into steps.
Their average over the second half is the answer.

Without noise the first fit is exact, and no residual is clipped: the clip grows with the number of
rows over the noise.

.. [1] Y.-X. Wang, "Revisiting differentially private linear regression: optimal and adaptive
   prediction & estimation in unbounded domain", UAI 2018, algorithm 2.
"""

import math
from typing import Any

import numpy as np

from ..._statistic import statistic
from .._glm import gradient, predictor, row_norm
from .._symmetric import from_isometric, isometric

N_ROUNDS = 9
_GRAM_SHARE = 0.4
_TARGET_WEIGHT = 0.5  # of the target in the norm of a row: the rounds mend what noise it then has
_LEAST_DEVIATIONS = 2.5  # a clip below cuts off what tells the coefficients


def linear_shares(n_rounds: int = N_ROUNDS) -> tuple[float, ...]:
    """Return the shares of a Gram matrix and of the residuals after it."""
    rest = n_rounds - 1
    return (_GRAM_SHARE, *((1 - _GRAM_SHARE) / rest,) * rest)


@statistic(
    bound=lambda limits, constant, weight: (
        row_norm(limits, constant) ** 2 + (weight * limits.target_norm) ** 2,
    ),
    apart=math.sqrt(2) * (1 + 1e-15),  # the inner product of two squares is not negative
)
def joint_moment(rows: Any, constant: Any, weight: Any) -> tuple[Any]:
    """Return the isometric triangle of Z'Z, for Z of features, constant and weighted target."""
    Z = np.column_stack([rows.X, np.full(len(rows.X), constant), weight * rows.y])
    Z *= np.sqrt(rows.weight)[:, None]
    return (isometric(Z.T @ Z),)


@statistic(bound=lambda limits, w, constant, clip: (clip * row_norm(limits, constant),))
def residual_slope(rows: Any, w: np.ndarray, constant: Any, clip: Any) -> tuple[Any]:
    """Return the sum of residuals, clipped, times rows."""
    residual = np.clip(rows.y - predictor(rows, w, constant), -clip, clip)
    return (gradient(rows, rows.weight * residual, constant),)


def noisy_linear(
    aggregator: Any,
    *,
    constant: float,
    n_features: int,
    penalty: np.ndarray,
    n_rounds: int = N_ROUNDS,
) -> np.ndarray:
    """Return the coefficients of a ridge regression.

    Parameters
    ----------
    aggregator : Noisy
        Answers the sums; its limits bound the target, too.
    constant : float
        Value of the constant column of the intercept; 0 leaves it out.
    n_features : int
        Number of features.
    penalty : ndarray of shape (n_features,)
        L2 penalty of each coefficient, in the sum of squares.
    n_rounds : int
        How many sums, at least 3.

    Returns
    -------
    ndarray of shape (n_features + 1,)
        The coefficient of the constant column is the last one.
    """
    used = slice(n_features + bool(constant))
    l2 = np.append(penalty, 0.0)[used]
    moment, scale = _released_moment(aggregator, constant)
    target = moment[used, -1]
    values, vectors = np.linalg.eigh(moment[used, used] + np.diag(l2))
    # Noise alone has eigenvalues up to the first term; the second one is the floor of rounding.
    least = max(scale * math.sqrt(2 * len(values)), len(values) * 2.0**-52 * abs(values[-1]))
    lift = max(0.0, least - values[0])
    w, average = np.zeros(n_features + 1), np.zeros(n_features + 1)
    w[used] = vectors @ (vectors.T @ target / (np.maximum(values, 0.0) + lift))
    hessian = np.maximum(values, least)
    clip = _clip(aggregator, moment[used, used], target, moment[-1, -1], w[used], scale)
    n_steps = n_rounds - 1
    for t in range(n_steps):
        (slope,) = aggregator.sum(residual_slope, w, constant, clip)
        w[used] += vectors @ (vectors.T @ (slope[used] - l2 * w[used]) / hessian)
        if t >= n_steps // 2:
            average += w / (n_steps - n_steps // 2)
    return average


def _released_moment(aggregator, constant):
    """Return the noisy Z'Z with the target in its own units, and the noise's deviation."""
    (triangle,) = aggregator.sum(joint_moment, constant, _TARGET_WEIGHT)
    (scale,) = aggregator.noise_scales(joint_moment, constant, _TARGET_WEIGHT)
    units = np.ones(round((math.sqrt(8 * len(triangle) + 1) - 1) / 2))
    units[-1] = 1 / _TARGET_WEIGHT
    return from_isometric(triangle) * np.outer(units, units), scale


def _clip(aggregator, matrix, target, squares, w, scale):
    """Return where residuals are clipped: a few of the deviations that the first fit has."""
    limits = aggregator.limits
    rest = squares - 2 * target @ w + w @ matrix @ w
    deviation = math.sqrt(max(rest, scale) / limits.n_rows)
    signal = math.sqrt(limits.n_rows) * limits.row_norm**2 / scale
    # Where there are many rows for the noise a wide clip costs little, and cuts off nothing.
    clip = max(_LEAST_DEVIATIONS, signal / 50) * deviation
    return float(min(clip, limits.target_norm + 1.1 * limits.row_norm * np.linalg.norm(w)))
