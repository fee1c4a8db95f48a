"""Who can compute what from the sums of a fit, and from how few rows that may be."""

from ._answers import Answers, admit_all
from ._guard import MIN_ROWS, Guard, Words, n_simulated, rows_needed
from ._reach import Reach, default_threshold, largest_threshold
from ._size import SiteSize, measure

__all__ = [
    "MIN_ROWS",
    "Answers",
    "Guard",
    "Reach",
    "SiteSize",
    "Words",
    "admit_all",
    "default_threshold",
    "largest_threshold",
    "measure",
    "n_simulated",
    "rows_needed",
]
