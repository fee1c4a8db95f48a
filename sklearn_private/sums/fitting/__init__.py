"""From arrays and a program to a fitted estimator."""

from ._estimator import SumsEstimator
from ._findings import label_findings, partition_findings
from ._prepare import Prepared, guarded, prepare

__all__ = [
    "Prepared",
    "SumsEstimator",
    "guarded",
    "label_findings",
    "partition_findings",
    "prepare",
]
