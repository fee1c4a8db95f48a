"""Models as programs over sums, and the aggregators that answer sums.

Most classical learning needs the rows only through sums over them. A *program* fits a model by
asking an *aggregator* for sums of *statistics*, and never sees a row; the aggregator decides who
learns what. Plain sums (:class:`Sites`), secure aggregation (:class:`Masked`), secret sharing
(:class:`Shared`) and differential privacy (:class:`Noisy`) wrap one another, and every program runs
on all of them.

A new program is one file: its statistics with their bounds, a function from an aggregator to fitted
attributes, and a :class:`Program`, listed in the registry.
"""

from ._aggregator import Aggregator
from ._descent import n_noisy_rounds
from ._masked import Masked
from ._moments import location
from ._noisy import Noisy, Prepaid
from ._program import Program, Schema
from ._registry import program_for, rebuild, supported
from ._shared import Shared
from ._sites import Sites
from ._statistic import Limits, Rows, clip_norm, statistic

__all__ = [
    "Aggregator",
    "Limits",
    "Masked",
    "Noisy",
    "Prepaid",
    "Program",
    "Rows",
    "Schema",
    "Shared",
    "Sites",
    "clip_norm",
    "location",
    "n_noisy_rounds",
    "program_for",
    "rebuild",
    "statistic",
    "supported",
]
