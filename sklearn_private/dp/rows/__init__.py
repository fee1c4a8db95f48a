"""Rows with public bounds: whose they are, how long, which labels."""

from ._domain import Range, parse_domain
from ._labels import class_codes, positions
from ._row_bounds import row_bounds
from ._units import bounded_rows, unit_numbers

__all__ = [
    "Range",
    "bounded_rows",
    "class_codes",
    "parse_domain",
    "positions",
    "row_bounds",
    "unit_numbers",
]
