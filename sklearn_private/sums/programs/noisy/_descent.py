"""Gradient descent on noisy sums: one gradient a round, a fixed number of rounds.

Every setting is a formula of public quantities: the number of rows and features, the limits and the
privacy loss. The rows decide neither the number of sums nor the step. Momentum and an average over
the second half smooth the noise.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._aggregator import Aggregator
from ..._plan import equal_shares
from ..._program import Budget, Schema
from ..._statistic import Statistic
from .._glm import row_norm

_MOMENTUM = 0.9


def n_noisy_rounds(n_rows: int, n_features: int, mu: float) -> int:
    """Return how many noisy gradients a fit of Gaussian-DP loss ``mu`` should ask for.

    With the total loss fixed, more rounds mean noisier ones. Where rows are few, or the loss is
    small, noise decides and few rounds are best; where they are many, the optimisation needs up to
    a hundred. The formula was set on breast_cancer and credit_data.

    Parameters
    ----------
    n_rows, n_features : int
        Size of the data.
    mu : float
        Gaussian-DP loss of the whole fit.

    Returns
    -------
    int
        Between 25 and 100.
    """
    return int(np.clip(round(n_rows * mu / (8 * math.sqrt(n_features))), 25, 100))


def gradient_budget(estimator: Any, schema: Schema, n_rows: int, mu: float) -> Budget:
    """Return equal shares for as many gradients as :func:`n_noisy_rounds` says."""
    n_rounds = n_noisy_rounds(n_rows, schema.n_features, mu)
    return Budget(equal_shares(n_rounds), n_rounds * (schema.n_features + 1))


def descent(
    aggregator: Aggregator,
    statistic: Statistic,
    constant: float,
    *broadcast: Any,
    start: np.ndarray,
    strength: float,
    curvature: float,
    n_rounds: int,
) -> np.ndarray:
    """Return the average of the second half of ``n_rounds`` noisy gradient steps.

    Parameters
    ----------
    aggregator : Aggregator
        Answers the sums; its limits give the public number of rows.
    statistic : callable
        From ``(rows, w, constant, *broadcast)`` to the gradient of the sum of losses.
    constant : float
        Value of the constant column of the intercept; 0 leaves it out.
    *broadcast : object
        What else the statistic needs.
    start : ndarray of shape (n_features + 1,) or (n_features + 1, n_classes)
        Where to start: coefficients, and those of the constant column last.
    strength : float
        L2 penalty of each coefficient, in the mean of losses.
    curvature : float
        Bound on the second derivative of a row's loss in the linear predictor.
    n_rounds : int
        How many gradients.

    Returns
    -------
    ndarray
        Of the shape of ``start``.
    """
    limits = aggregator.limits
    step = 1 / (row_norm(limits, constant) ** 2 * curvature + strength)
    l2 = np.full_like(start, strength)
    l2[-1] = 0.0  # of the intercept; where that is left out, it gathers noise and multiplies 0
    w, velocity, average = start, np.zeros_like(start), np.zeros_like(start)
    for t in range(n_rounds):
        (slope,) = aggregator.sum(statistic, w, constant, *broadcast)
        velocity = _MOMENTUM * velocity + slope / limits.n_rows + l2 * w
        w = w - step * velocity
        if t >= n_rounds // 2:
            average = average + w / (n_rounds - n_rounds // 2)
    return average
