"""Axes: how the values of one column are cut, joined, labelled and priced."""

from ._category_axis import CategoryAxis
from ._default_hierarchies import automatic
from ._features import feature_names, featured, labelled, passed_through
from ._hierarchy_axis import HierarchyAxis, HierarchyGrid
from ._ordered_axis import OrderedAxis
from ._penalty import class_penalties

__all__ = [
    "CategoryAxis",
    "HierarchyAxis",
    "HierarchyGrid",
    "OrderedAxis",
    "automatic",
    "class_penalties",
    "feature_names",
    "featured",
    "labelled",
    "passed_through",
]
