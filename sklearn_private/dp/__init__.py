"""Estimators with differential privacy, and what stands in front of them."""

from ._domain_encoder import DomainEncoder
from ._grid_search import DPGridSearchCV
from ._logistic_regression import DPLogisticRegression
from ._most_private import most_private
from ._randomized_search import DPRandomizedSearchCV
from ._scorer import DPScorer

__all__ = [
    "DPGridSearchCV",
    "DPLogisticRegression",
    "DPRandomizedSearchCV",
    "DPScorer",
    "DomainEncoder",
    "most_private",
]
