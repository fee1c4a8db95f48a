"""Additive models with differential privacy: one function a column, which can be looked at."""

from ._classifier import DPAdditiveClassifier
from ._regressor import DPAdditiveRegressor

__all__ = ["DPAdditiveClassifier", "DPAdditiveRegressor"]
