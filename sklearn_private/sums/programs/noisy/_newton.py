"""Binary logistic regression by Newton-like steps on noisy sums, for few rows or little budget.

The Hessian of the log-loss is at most X'X / 4, whatever the coefficients are [1]_. So one noisy
X'X, asked for first, scales the steps of all rounds, and the directions that the rows spread in
need a few rounds instead of many. Two rows' squares have a non-negative inner product, (x·x')², so
replacing a row moves X'X by sqrt(2) bounds and not by 2. It costs as much as one gradient.

Noise alone has eigenvalues of up to s·sqrt(2d), for noise of deviation s in the isometric triangle
of d columns [2]_: below that an eigenvalue says nothing, and it is raised to it. The other
directions then take steps that are too short, and none takes one that is too long. Momentum and an
average over the second half smooth the noise.

.. [1] D. Böhning, "Multinomial logistic regression algorithm", Ann. Inst. Stat. Math. 44, 1992.
.. [2] E. Wigner, "On the distribution of the roots of certain symmetric matrices", Annals of
   Mathematics 67, 1958.
"""

import math
from typing import Any

import numpy as np

from ..._statistic import statistic
from .._glm import penalty, row_norm
from .._symmetric import from_isometric, isometric
from ._logistic import CLIP, LOG_ODDS, log_loss_slope

_MOMENTUM = 0.8


def n_newton_rounds(n_features: int) -> Any:
    """Return how many noisy sums a fit should ask for: X'X, and 10 to 20 gradients.

    Fewer are less noisy. Directions in which the noise hides the curvature need more, and there
    are more of them where there are more columns. The formula was set on Adult, breast_cancer and
    made-up rows of up to 300 columns.
    """
    return 1 + int(np.clip(round(1.4 * math.sqrt(n_features)), 10, 20))


@statistic(
    bound=lambda limits, constant: (row_norm(limits, constant) ** 2,),
    apart=math.sqrt(2) * (1 + 1e-15),  # rounded up
)
def second_moment(rows: Any, constant: Any) -> tuple[Any]:
    """Return the isometric triangle of X'X, the constant column last."""
    X = np.hstack([rows.X, np.full((len(rows.X), 1), constant)])
    X *= np.sqrt(rows.weight)[:, None]
    return (isometric(X.T @ X),)


def noisy_newton(
    aggregator: Any, *, constant: float, n_features: int, strength: float, n_rounds: int
) -> np.ndarray:
    """Return the coefficients of a binary logistic regression.

    Parameters
    ----------
    aggregator : Noisy
        Answers the sums; targets are 0 and 1.
    constant : float
        Value of the constant column of the intercept; 0 leaves it out.
    n_features : int
        Number of features.
    strength : float
        L2 penalty of each coefficient, in the mean of losses.
    n_rounds : int
        How many sums, at least 2.

    Returns
    -------
    ndarray of shape (n_features + 1,)
        The coefficient of the constant column is the last one.
    """
    used = slice(n_features + bool(constant))
    l2 = aggregator.limits.n_rows * penalty(strength, n_features, constant)
    hessian = _curvature(aggregator, constant, used) + np.diag(l2[used])
    w, velocity, average = (np.zeros(n_features + 1) for _ in range(3))
    n_steps = n_rounds - 1
    for t in range(n_steps):
        (slope,) = aggregator.sum(log_loss_slope, w, constant, CLIP)
        velocity = _MOMENTUM * velocity + slope + l2 * w
        w[used] = w[used] - np.linalg.solve(hessian, velocity[used])
        if t >= n_steps // 2:
            average = average + w / (n_steps - n_steps // 2)
    return LOG_ODDS * average


def _curvature(aggregator, constant, used):
    """Return a quarter of the noisy X'X, its eigenvalues raised to those of the noise."""
    (triangle,) = aggregator.sum(second_moment, constant)
    (scale,) = aggregator.noise_scales(second_moment, constant)
    values, vectors = np.linalg.eigh(from_isometric(triangle)[used, used])
    least = scale * math.sqrt(2 * len(values))
    return (vectors * np.maximum(values, least) / 4) @ vectors.T
