"""From arrays and a program to a fitted estimator."""

from ._apart import FittedApart, fit_apart
from ._estimator import SumsEstimator
from ._findings import label_findings, partition_findings
from ._prepare import Prepared, guarded, prepare

__all__ = [
    "FittedApart",
    "Prepared",
    "SumsEstimator",
    "fit_apart",
    "guarded",
    "label_findings",
    "partition_findings",
    "prepare",
]
