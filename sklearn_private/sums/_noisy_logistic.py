"""Binary logistic regression by gradient descent on noisy sums, for differential privacy.

The intercept is the coefficient of a constant column of 0.35 feature norms: large enough to be
learnt, small enough to add little to the norm that the noise is scaled to.
"""

from scipy.special import expit

from ._descent import descent
from ._glm import binary_attributes, gradient, l2_strength, predictor, row_norm
from ._statistic import statistic

CONSTANT = 0.35


@statistic(bound=lambda limits, w, constant: (row_norm(limits, constant),))
def log_loss_slope(rows, w, constant):
    """Return the gradient of the sum of log-losses, for targets 0 and 1."""
    p = expit(predictor(rows, w, constant))
    return (gradient(rows, rows.weight * (p - rows.y), constant),)


def fit_noisy_logistic(aggregator, estimator, schema, n_rounds):
    """Return the fitted attributes of a :class:`~sklearn.linear_model.LogisticRegression`."""
    limits = aggregator.limits
    constant = CONSTANT * limits.row_norm * estimator.fit_intercept
    w = descent(
        aggregator,
        log_loss_slope,
        constant,
        n_features=schema.n_features,
        strength=l2_strength(estimator) / limits.n_rows,
        curvature=1 / 4,
        n_rounds=n_rounds,
    )
    return binary_attributes(w, constant, schema.labels, n_rounds)
