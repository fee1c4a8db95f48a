"""Models as programs over sums, one file each."""

from ._glm import glm, gradient, hessian, penalty, predictor, regression_attributes, row_norm
from ._gram import LINEAR, RIDGE
from ._logistic import LOGISTIC
from ._moments import SCALER, location
from ._newton import newton, newton_numbers
from ._poisson import POISSON
from ._symmetric import solve, symmetric, upper
from .noisy import (
    DYADIC_DEPTH,
    N_LLOYD_ROUNDS,
    SPECTRUM_SHARES,
    cluster_numbers,
    cluster_shares,
    descent,
    gradient_budget,
    linear_shares,
    n_newton_rounds,
    n_noisy_rounds,
    noisy_class_moments,
    noisy_clusters,
    noisy_covariance,
    noisy_descent,
    noisy_linear,
    noisy_moments,
    noisy_newton,
    noisy_quantiles,
    noisy_softmax,
)

__all__ = [
    "DYADIC_DEPTH",
    "LINEAR",
    "LOGISTIC",
    "N_LLOYD_ROUNDS",
    "POISSON",
    "RIDGE",
    "SCALER",
    "SPECTRUM_SHARES",
    "cluster_numbers",
    "cluster_shares",
    "descent",
    "glm",
    "gradient",
    "gradient_budget",
    "hessian",
    "linear_shares",
    "location",
    "n_newton_rounds",
    "n_noisy_rounds",
    "newton",
    "newton_numbers",
    "noisy_class_moments",
    "noisy_clusters",
    "noisy_covariance",
    "noisy_descent",
    "noisy_linear",
    "noisy_moments",
    "noisy_newton",
    "noisy_quantiles",
    "noisy_softmax",
    "penalty",
    "predictor",
    "regression_attributes",
    "row_norm",
    "solve",
    "symmetric",
    "upper",
]
