"""What is watched of a batch: rows, their company, and the state of the module."""

from ._module_state import ModuleState, explain_state, marks
from ._row_watch import NothingToWatch, RowWatch

__all__ = ["ModuleState", "NothingToWatch", "RowWatch", "explain_state", "marks"]
