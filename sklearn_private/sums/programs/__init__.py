"""Models as programs over sums, one file each."""

from ._descent import descent, gradient_budget, n_noisy_rounds
from ._glm import glm, gradient, hessian, penalty, predictor, regression_attributes, row_norm
from ._gram import LINEAR, RIDGE
from ._logistic import LOGISTIC
from ._moments import SCALER, location
from ._newton import newton, newton_numbers
from ._noisy_clusters import N_LLOYD_ROUNDS, cluster_numbers, cluster_shares, noisy_clusters
from ._noisy_linear import linear_shares, noisy_linear
from ._noisy_logistic import noisy_descent
from ._noisy_moments import noisy_class_moments, noisy_moments
from ._noisy_newton import n_newton_rounds, noisy_newton
from ._noisy_quantiles import DYADIC_DEPTH, noisy_quantiles
from ._noisy_spectrum import SPECTRUM_SHARES, noisy_covariance
from ._poisson import POISSON
from ._softmax import noisy_softmax
from ._symmetric import solve, symmetric, upper

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
