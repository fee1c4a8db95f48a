"""Private training loops: budget, steps, checks, checkpoints.

:func:`make_private` puts the parts together; the estimators put the same parts together for
modules whose loss they know.
"""

from ._make_private import make_private
from ._parts import check_module, check_optimizer
from ._plan import make_plan, rows_moved
from ._private_training import PrivateTraining
from ._run import Run
from ._self_check import self_check
from .watch import NothingToWatch, RowWatch

__all__ = [
    "NothingToWatch",
    "PrivateTraining",
    "RowWatch",
    "Run",
    "check_module",
    "check_optimizer",
    "make_plan",
    "make_private",
    "rows_moved",
    "self_check",
]
