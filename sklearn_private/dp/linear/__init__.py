"""Linear models with differential privacy."""

from ._linear_regression import DPLinearRegression
from ._logistic_regression import DPLogisticRegression
from ._ridge import DPRidge

__all__ = ["DPLinearRegression", "DPLogisticRegression", "DPRidge"]
