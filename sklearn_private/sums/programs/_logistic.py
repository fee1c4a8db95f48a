"""Binary logistic regression by Newton's method.

The objective is scikit-learn's: the sum of log-losses plus |coefficients|² / (2 C).
"""

import math

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from ..._checks import Checks
from .._labels import two_labels
from .._program import Program, refuse
from .._statistic import statistic
from ._glm import binary_attributes, gradient, hessian, l2_strength, penalty, predictor, row_norm
from ._newton import newton
from ._noisy_logistic import fit_noisy_logistic


@statistic(
    bound=lambda limits, w, constant, positive: (
        np.log(2) + row_norm(limits, constant) * np.linalg.norm(w),
        1.0,
        row_norm(limits, constant),
        row_norm(limits, constant) ** 2 / 4,
    )
)
def log_loss(rows, w, constant, positive):
    """Return the loss, the count, the gradient and the Hessian at ``w``."""
    z, y = predictor(rows, w, constant), rows.y == positive
    p = expit(z)
    return (
        rows.weight @ np.logaddexp(0.0, np.where(y, -z, z)),
        rows.weight.sum(),
        gradient(rows, rows.weight * (p - y), constant),
        hessian(rows, rows.weight * p * (1 - p), constant),
    )


def fit_logistic(aggregator, estimator, schema):
    """Return the fitted attributes of a :class:`~sklearn.linear_model.LogisticRegression`."""
    pair, constant = two_labels(aggregator, schema), float(estimator.fit_intercept)
    l2 = penalty(l2_strength(estimator), schema.n_features, constant)
    w, n_iter = newton(
        aggregator,
        log_loss,
        constant,
        pair[1],
        penalty=lambda count: l2,
        start=np.zeros(schema.n_features + 1),
        max_rounds=estimator.max_iter,
    )
    return binary_attributes(w, constant, schema.labels[pair], n_iter)


def check_logistic(estimator):
    """Raise unless the objective is the L2-penalised log-loss."""
    # penalty gave way to C and l1_ratio in scikit-learn 1.8, and multi_class went. liblinear
    # penalises the intercept, which is another objective.
    refuse(
        estimator,
        penalty=("l2", "deprecated", None),
        l1_ratio=(0, None),
        solver=("lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"),
        class_weight=(None,),
        multi_class=("deprecated", "auto", "ovr", "warn"),
    )
    check = Checks(estimator)
    check.integer("max_iter", at_least=1)
    if not math.isinf(estimator.C):
        check.real("C", above=0)


LOGISTIC = Program(
    serves=LogisticRegression,
    check=check_logistic,
    fit=fit_logistic,
    fit_noisy=fit_noisy_logistic,
)
