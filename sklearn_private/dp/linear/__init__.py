"""Linear models with differential privacy."""

from ._logistic_regression import DPLogisticRegression

__all__ = ["DPLogisticRegression"]
