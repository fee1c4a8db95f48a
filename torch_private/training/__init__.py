"""Private training loops: budget, steps, checks, checkpoints."""

from ._make_private import make_private
from ._plan import rows_moved
from ._private_training import PrivateTraining

__all__ = ["PrivateTraining", "make_private", "rows_moved"]
