"""Poisson regression: Newton's method on exact sums, gradient descent on noisy ones.

exp(z) is capped: at e^30, against overflow in a trial step, and at ``target_norm`` with noise.
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import PoissonRegressor

from ..._checks import Checks
from ...exceptions import InvalidParameterError
from .._program import Program, fitted_on
from .._registry import register
from .._statistic import statistic
from ._glm import glm, gradient, penalty, predictor, regression_attributes, row_norm
from ._moments import location
from ._newton import newton, newton_numbers
from .noisy import descent, gradient_budget


def _bounds(limits, w, constant, cap):
    norm, largest = row_norm(limits, constant), max(cap, limits.target_norm)
    predicted = max(norm * np.linalg.norm(w), abs(np.log(cap)))
    return largest * (1 + predicted), 1.0, largest * norm, cap * norm**2


def _pointwise(rows, z, cap):
    z = np.minimum(z, np.log(cap))
    mean = np.exp(z)
    return mean - rows.y * z, mean - rows.y, mean  # half the deviance


deviance, deviance_gradient = glm("deviance", _pointwise, _bounds)


@statistic(bound=lambda *given: (_bounds(*given)[2],), opens="first moments", bits=40)
def deviance_slope(rows: Any, w: np.ndarray, constant: Any, cap: Any) -> tuple[Any]:
    """Return the gradient at ``w``."""
    mean = np.exp(np.minimum(predictor(rows, w, constant), np.log(cap)))
    return (gradient(rows, rows.weight * (mean - rows.y), constant),)


def fit_poisson(aggregator: Any, estimator: BaseEstimator, schema: Any) -> Any:
    """Return the fitted attributes of a :class:`~sklearn.linear_model.PoissonRegressor`."""
    count, _, total = aggregator.sum(location)
    if total <= 0:
        raise InvalidParameterError("PoissonRegressor needs a target above 0: all are 0.")
    constant = float(estimator.fit_intercept)
    start = np.append(np.zeros(schema.n_features), constant * np.log(total / count))
    l2, cap = penalty(estimator.alpha, schema.n_features, constant), np.exp(30.0)
    options = {"penalty": lambda n: n * l2, "start": start, "max_rounds": estimator.max_iter}
    w, n_iter = newton(aggregator, deviance, deviance_gradient, constant, cap, **options)
    return regression_attributes(w, constant, n_iter)


def fit_noisy_poisson(aggregator: Any, estimator: BaseEstimator, schema: Any, n_rounds: Any) -> Any:
    """Return the same, by noisy gradients."""
    limits = aggregator.limits
    constant, cap = limits.row_norm * estimator.fit_intercept, limits.target_norm
    start = np.zeros(schema.n_features + 1)
    options = {"strength": estimator.alpha, "curvature": cap, "n_rounds": n_rounds}
    w = descent(aggregator, deviance_slope, constant, cap, start=start, **options)
    return regression_attributes(w, constant, n_rounds)


def check_poisson(estimator: BaseEstimator) -> None:
    """Raise unless penalty and rounds are valid."""
    check = Checks(estimator)
    check.real("alpha", at_least=0)
    check.integer("max_iter", at_least=1)


POISSON = Program(
    serves=PoissonRegressor,
    check=check_poisson,
    fit=fit_poisson,
    asks=(location, deviance, deviance_gradient),
    n_numbers=newton_numbers,
    fit_noisy=fit_noisy_poisson,
    asks_noisy=(deviance_slope,),
    budget=gradient_budget,
    least_target=0.0,
    shell=fitted_on([[1.0], [2.0]], [1.0, 1.0]),  # its loss, a private attribute, is made by a fit
)
register(POISSON)
