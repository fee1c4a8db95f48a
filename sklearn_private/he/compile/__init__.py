"""From a fitted model to a client map, a server program and a readout."""

from ._affine import inner_of
from ._compile import compile_model, kind_of
from ._compiled import Compiled, Task
from ._front import check_steps, front_of, part
from ._readout import PROBABILITIES, READOUT_FIELDS, Readout, read_readout

__all__ = [
    "PROBABILITIES",
    "READOUT_FIELDS",
    "Compiled",
    "Readout",
    "Task",
    "check_steps",
    "compile_model",
    "front_of",
    "inner_of",
    "kind_of",
    "part",
    "read_readout",
]
