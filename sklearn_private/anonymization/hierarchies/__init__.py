"""Hierarchies: which values a more general one stands for."""

from ._hierarchy import Hierarchy
from ._hierarchy_tree import ROOT

__all__ = ["ROOT", "Hierarchy"]
