"""From arrays and a program to a fitted estimator."""

from ._estimator import SumsEstimator
from ._findings import label_findings, partition_findings
from ._prepare import prepare

__all__ = ["SumsEstimator", "label_findings", "partition_findings", "prepare"]
