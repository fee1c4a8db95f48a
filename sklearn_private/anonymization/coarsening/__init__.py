"""Declared coarsening of columns, which needs no look at the rows."""

from ._coarsener import Coarsener

__all__ = ["Coarsener"]
