"""Estimators with differential privacy, and what stands in front of them."""

from ._domain_encoder import DomainEncoder
from ._logistic_regression import DPLogisticRegression
from ._most_private import most_private

__all__ = ["DPLogisticRegression", "DomainEncoder", "most_private"]
