"""scikit-learn estimators around any module of torch, trained with differential privacy."""

from ._classifier import DPClassifier
from ._hog import oriented_gradients
from ._regressor import DPRegressor

__all__ = ["DPClassifier", "DPRegressor", "oriented_gradients"]
