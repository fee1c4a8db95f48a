"""From a fitted model to a client map, a server program and a readout."""

from ._affine import check_steps, inner_of
from ._compile import compile_model, kind_of
from ._compiled import Compiled, Task
from ._readout import PROBABILITIES, READOUT_FIELDS, Readout, read_readout

__all__ = [
    "PROBABILITIES",
    "READOUT_FIELDS",
    "Compiled",
    "Readout",
    "Task",
    "check_steps",
    "compile_model",
    "inner_of",
    "kind_of",
    "read_readout",
]
