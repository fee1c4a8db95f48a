"""Rows with public bounds: whose they are, how long, which labels."""

from ._columns import read_columns, spread
from ._domain import Categories, Range, parse_domain
from ._labels import class_codes, positions
from ._row_bounds import RowBounds, row_bounds
from ._target import Target, read_target, target_range
from ._units import bounded_rows, unit_numbers

__all__ = [
    "Categories",
    "Range",
    "RowBounds",
    "Target",
    "bounded_rows",
    "class_codes",
    "parse_domain",
    "positions",
    "read_columns",
    "read_target",
    "row_bounds",
    "spread",
    "target_range",
    "unit_numbers",
]
