"""Logistic regression of several classes by gradient descent on noisy sums.

A row adds the outer product of its features and its residuals, the probabilities less the label.
Noise is scaled to the longest such product there can be, and most are far shorter: so they are
clipped [1]_, to a third of the longest row. Rows that the model gets wrong then pull less than
the log-loss says, and the noise is a third.

.. [1] M. Abadi et al., "Deep learning with differential privacy", CCS 2016, section 3.1.
"""

from typing import Any

import numpy as np
from scipy.special import softmax

from ..._statistic import statistic
from .._glm import row_norm
from ._descent import descent

CLIP = 1 / 3  # of the bound on the norm of a row


@statistic(bound=lambda limits, w, constant, longest: (longest,), opens="first moments", bits=40)
def softmax_slope(rows: Any, w: np.ndarray, constant: Any, longest: Any) -> tuple[Any]:
    """Return the sum of gradients clipped to ``longest``, of shape (n_features + 1, n_classes).

    Targets are positions of labels.
    """
    residual = softmax(rows.X @ w[:-1] + constant * w[-1], axis=1)
    residual[np.arange(len(rows.y)), rows.y.astype(np.intp)] -= 1
    squared = np.einsum("ij,ij->i", residual, residual)
    squared *= np.einsum("ij,ij->i", rows.X, rows.X) + constant**2
    # The factor outweighs the rounding of the norms.
    clip = longest * (1 - 1e-12) / np.maximum(np.sqrt(squared), longest)
    residual *= (rows.weight * clip)[:, None]
    return (np.vstack([rows.X.T @ residual, constant * residual.sum(axis=0)]),)


def noisy_softmax(
    aggregator: Any,
    *,
    constant: float,
    n_features: int,
    n_classes: int,
    strength: float,
    n_rounds: int,
) -> np.ndarray:
    """Return the coefficients of a multinomial logistic regression.

    Parameters
    ----------
    aggregator : Aggregator
        Answers the sums, with limits; targets are positions of labels.
    constant : float
        Value of the constant column of the intercept; 0 leaves it out.
    n_features, n_classes : int
        Size of the model.
    strength : float
        L2 penalty of each coefficient, in the mean of losses.
    n_rounds : int
        How many sums.

    Returns
    -------
    ndarray of shape (n_features + 1, n_classes)
        One column a class; the last row is that of the constant column.
    """
    return descent(
        aggregator,
        softmax_slope,
        constant,
        CLIP * row_norm(aggregator.limits, constant),
        start=np.zeros((n_features + 1, n_classes)),
        strength=strength,
        curvature=1 / 2,
        n_rounds=n_rounds,
    )
