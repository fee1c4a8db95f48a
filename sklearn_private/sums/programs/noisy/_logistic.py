"""Binary logistic regression by gradient descent on noisy sums, for differential privacy.

Where the noise is large, it pays to bound what a row can add: a residual (probability less label)
lies in [-1, 1], and clipped to [-1/2, 1/2] it moves a sum half as far, so half the noise does. At
the start, where all probabilities are 1/2, nothing is cut off, and later only what rows add that
the model gets wrong. The clipped residual is the slope of a convex loss, the log-loss with a
straight line in place of its steep half, whose best score has the sign of the log-odds [1]_: it
ranks and classifies as the log-loss does.

Its scores are too sure by a factor that is known. Where labels are 1 with probability p > 1/2, the
mean slope p·(expit(s) - 1) + (1 - p)/2 is zero at p / (1 - p) = (1 + e^s) / 2, and likewise with
signs swapped: the log-odds are s/2 near the decision, and never more than s. So half a score that
has converged is taken for log-odds (``LOG_ODDS``); no budget is spent on it, and no sign changes.

The intercept is the coefficient of a constant column of 0.35 feature norms: large enough to be
learnt, small enough to add little to the norm that the noise is scaled to.

.. [1] P. Bartlett, M. Jordan, J. McAuliffe, "Convexity, classification, and risk bounds", JASA
   101, 2006, theorem 2.
"""

from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator

from ..._statistic import statistic
from .._glm import binary_attributes, gradient, l2_strength, predictor, row_norm
from ._descent import descent

CONSTANT = 0.35
CLIP = 1 / 2  # of a residual
LOG_ODDS = 1 / 2  # of a score at the minimum of the clipped loss


@statistic(
    bound=lambda limits, w, constant, clip: (clip * row_norm(limits, constant),),
    opens="first moments",
    bits=40,
)
def log_loss_slope(rows: Any, w: np.ndarray, constant: Any, clip: Any) -> tuple[Any]:
    """Return the sum of residuals, clipped, times rows, for targets 0 and 1."""
    residual = np.clip(expit(predictor(rows, w, constant)) - rows.y, -clip, clip)
    return (gradient(rows, rows.weight * residual, constant),)


def noisy_descent(
    aggregator: Any,
    *,
    constant: float,
    n_features: int,
    strength: float,
    n_rounds: int,
    clip: float = CLIP,
) -> np.ndarray:
    """Return the coefficients of a binary logistic regression.

    Parameters
    ----------
    aggregator : Aggregator
        Answers the sums, with limits; targets are 0 and 1.
    constant : float
        Value of the constant column of the intercept; 0 leaves it out.
    n_features : int
        Number of features.
    strength : float
        L2 penalty of each coefficient, in the mean of losses.
    n_rounds : int
        How many sums.
    clip : float, default=1/2
        Largest residual; 1 is the log-loss.

    Returns
    -------
    ndarray of shape (n_features + 1,)
        The coefficient of the constant column is the last one.
    """
    return descent(
        aggregator,
        log_loss_slope,
        constant,
        clip,
        start=np.zeros(n_features + 1),
        strength=strength,
        curvature=1 / 4,
        n_rounds=n_rounds,
    )


def fit_noisy_logistic(
    aggregator: Any, estimator: BaseEstimator, schema: Any, n_rounds: Any
) -> Any:
    """Return the fitted attributes of a :class:`~sklearn.linear_model.LogisticRegression`."""
    limits = aggregator.limits
    constant = CONSTANT * limits.row_norm * estimator.fit_intercept
    w = noisy_descent(
        aggregator,
        constant=constant,
        n_features=schema.n_features,
        strength=l2_strength(estimator) / limits.n_rows,
        n_rounds=n_rounds,
        clip=1.0,
    )
    return binary_attributes(w, constant, schema.labels, n_rounds)
