"""Estimators with differential privacy, and what stands in front of them."""

from .linear import DPLogisticRegression
from .preprocessing import DomainEncoder
from .rows import class_codes, row_bounds
from .selection import DPGridSearchCV, DPRandomizedSearchCV, DPScorer, most_private

__all__ = [
    "DPGridSearchCV",
    "DPLogisticRegression",
    "DPRandomizedSearchCV",
    "DPScorer",
    "DomainEncoder",
    "class_codes",
    "most_private",
    "row_bounds",
]
