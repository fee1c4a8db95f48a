"""Rows with public bounds: whose they are, how long, which labels."""

from ._domain import Range, parse_domain
from ._labels import class_codes, positions
from ._row_bounds import RowBounds, row_bounds
from ._target import Target, read_target, target_range
from ._units import bounded_rows, unit_numbers

__all__ = [
    "Range",
    "RowBounds",
    "Target",
    "bounded_rows",
    "class_codes",
    "parse_domain",
    "positions",
    "read_target",
    "row_bounds",
    "target_range",
    "unit_numbers",
]
