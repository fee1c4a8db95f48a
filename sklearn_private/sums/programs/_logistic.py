"""Binary logistic regression by Newton's method.

The objective is scikit-learn's: the sum of log-losses plus |coefficients|² / (2 C).
"""

import math
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from ..._checks import Checks
from .._labels import label_counts, two_labels
from .._program import Program, refuse
from .._registry import register
from ._glm import binary_attributes, glm, l2_strength, penalty, row_norm
from ._newton import newton, newton_numbers
from .noisy import fit_noisy_logistic, gradient_budget, log_loss_slope


def _bounds(limits, w, constant, positive):
    norm = row_norm(limits, constant)
    return np.log(2) + norm * np.linalg.norm(w), 1.0, norm, norm**2 / 4


def _pointwise(rows, z, positive):
    y, p = rows.y == positive, expit(z)
    return np.logaddexp(0.0, np.where(y, -z, z)), p - y, p * (1 - p)


def _units(reach, scale, positive):
    return np.log(2) + reach, 1.0, 1 / 4


log_loss, log_loss_gradient = glm("log_loss", _pointwise, _bounds, _units)


def fit_logistic(aggregator: Any, estimator: BaseEstimator, schema: Any) -> Any:
    """Return the fitted attributes of a :class:`~sklearn.linear_model.LogisticRegression`."""
    pair, constant = two_labels(aggregator, schema), float(estimator.fit_intercept)
    l2 = penalty(l2_strength(estimator), schema.n_features, constant)
    w, n_iter = newton(
        aggregator,
        log_loss,
        log_loss_gradient,
        constant,
        pair[1],
        penalty=lambda count: l2,
        start=np.zeros(schema.n_features + 1),
        max_rounds=estimator.max_iter,
    )
    return binary_attributes(w, constant, schema.labels[pair], n_iter)


def check_logistic(estimator: BaseEstimator) -> None:
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
    asks=(label_counts, log_loss, log_loss_gradient),
    n_numbers=newton_numbers,
    fit_noisy=fit_noisy_logistic,
    asks_noisy=(log_loss_slope,),
    budget=gradient_budget,
)
register(LOGISTIC)
