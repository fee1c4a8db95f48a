"""Programs over noisy sums, with as many rounds as were paid for."""

from ._clusters import N_LLOYD_ROUNDS, cluster_numbers, cluster_shares, noisy_clusters
from ._descent import descent, gradient_budget, n_noisy_rounds
from ._linear import linear_shares, noisy_linear
from ._logistic import fit_noisy_logistic, log_loss_slope, noisy_descent
from ._moments import noisy_class_moments, noisy_moments
from ._newton import n_newton_rounds, noisy_newton
from ._quantiles import DYADIC_DEPTH, noisy_quantiles
from ._softmax import noisy_softmax
from ._spectrum import SPECTRUM_SHARES, noisy_covariance

__all__ = [
    "DYADIC_DEPTH",
    "N_LLOYD_ROUNDS",
    "SPECTRUM_SHARES",
    "cluster_numbers",
    "cluster_shares",
    "descent",
    "fit_noisy_logistic",
    "gradient_budget",
    "linear_shares",
    "log_loss_slope",
    "n_newton_rounds",
    "n_noisy_rounds",
    "noisy_class_moments",
    "noisy_clusters",
    "noisy_covariance",
    "noisy_descent",
    "noisy_linear",
    "noisy_moments",
    "noisy_newton",
    "noisy_quantiles",
    "noisy_softmax",
]
