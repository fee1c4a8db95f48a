"""Linear models with differential privacy."""

from ._linear_regression import DPLinearRegression
from ._logistic_regression import DPLogisticRegression
from ._regressor import least_squares
from ._ridge import DPRidge
from ._solvers import SOLVERS

__all__ = ["SOLVERS", "DPLinearRegression", "DPLogisticRegression", "DPRidge", "least_squares"]
