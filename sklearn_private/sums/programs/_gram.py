"""Linear and ridge regression from one Gram matrix around the mean.

The first sum gives the means, the second one products of features and targets around them, so that
the intercept is not penalised and large means cost no digits. The normal equations square the
condition number of the columns (their units are scaled away): collinear columns share their
coefficient as in scikit-learn, and so do columns that are nearly so (a condition number above 10^7
after scaling).
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression, Ridge

from ..._checks import Checks
from .._program import Program, refuse
from .._registry import register
from .._statistic import statistic
from ._moments import is_constant, location
from ._symmetric import solve, symmetric, upper


def _reach(limits, centre):
    """Return the largest norm of a row of features and target around ``centre``."""
    features = limits.row_norm + np.linalg.norm(centre[:-1])
    return np.hypot(features, limits.target_norm + abs(centre[-1]))


def _units(scale, centre):
    around = np.append(scale.X, scale.y) + np.abs(centre)
    return 1.0, around, upper(np.outer(around, around))


@statistic(bound=lambda limits, c: (1.0, _reach(limits, c), _reach(limits, c) ** 2), unit=_units)
def gram(rows: Any, centre: Any) -> tuple[Any, Any, Any]:
    """Return the count, the sum and the products of features and target around ``centre``."""
    around = np.column_stack([rows.X, rows.y]) - centre
    scaled = around * np.sqrt(rows.weight)[:, None]
    return rows.weight.sum(), rows.weight @ around, upper(scaled.T @ scaled)


def fit_linear(aggregator: Any, estimator: BaseEstimator, schema: Any) -> dict[str, Any]:
    """Return the coefficients of a ridge (or, with alpha 0, a linear) regression."""
    centre = np.zeros(schema.n_features + 1)
    if estimator.fit_intercept:
        count, features, target = aggregator.sum(location)
        centre = np.append(features, target) / count
    count, total, products = aggregator.sum(gram, centre)
    products = symmetric(products)
    if estimator.fit_intercept:  # The mean of the second sum, where it is off by rounding.
        products -= np.outer(total, total) / count
        centre += total / count
        constant = is_constant(centre, np.diag(products) / count, count)
        products[constant] = products[:, constant] = 0.0
    matrix = products[:-1, :-1] + getattr(estimator, "alpha", 0.0) * np.eye(schema.n_features)
    coef = solve(matrix, products[:-1, -1])
    return {"coef_": coef, "intercept_": float(centre[-1] - centre[:-1] @ coef)}


def fit_ridge(aggregator: Any, estimator: BaseEstimator, schema: Any) -> dict[str, Any]:
    """Return the fitted attributes of a :class:`~sklearn.linear_model.Ridge`."""
    return {**fit_linear(aggregator, estimator, schema), "n_iter_": None}


def check_linear(estimator: BaseEstimator) -> None:
    """Raise unless the normal equations solve what ``estimator`` asks for."""
    refuse(estimator, positive=(False,))


def check_ridge(estimator: BaseEstimator) -> None:
    """Raise unless the normal equations solve what ``estimator`` asks for."""
    check_linear(estimator)
    Checks(estimator).real("alpha", at_least=0)


ASKS = (location, gram)
LINEAR = Program(serves=LinearRegression, check=check_linear, fit=fit_linear, asks=ASKS)
RIDGE = Program(serves=Ridge, check=check_ridge, fit=fit_ridge, asks=ASKS)
register(LINEAR)
register(RIDGE)
