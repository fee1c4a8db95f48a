"""Plain numbers with differential privacy: counts, sums, means and histograms."""

from ._numbers import count, histogram, mean, sum
from ._released import PrivateNumber

__all__ = ["PrivateNumber", "count", "histogram", "mean", "sum"]
