"""Tables of any engine: their columns, values, roles and combinations of values."""

from ._canonical import TIME, canonical, is_missing, text_of
from ._clocks import by_clock, zone_of
from ._combinations import Units, count_people, distinct, least_held, sums
from ._counting import Counts, Tally
from ._roles import Roles
from ._sources import N_ROWS, source_of
from ._table import Table
from ._unused import without_unused
from ._values import COUNTED, MISSING, kind_of, order_of, read, read_distinct, show
from ._write import write_labels

__all__ = [
    "COUNTED",
    "MISSING",
    "N_ROWS",
    "TIME",
    "Counts",
    "Roles",
    "Table",
    "Tally",
    "Units",
    "by_clock",
    "canonical",
    "count_people",
    "distinct",
    "is_missing",
    "kind_of",
    "least_held",
    "order_of",
    "read",
    "read_distinct",
    "show",
    "source_of",
    "sums",
    "text_of",
    "without_unused",
    "write_labels",
    "zone_of",
]
