"""Searches and scores with differential privacy."""

from ._grid_search import DPGridSearchCV
from ._most_private import most_private
from ._randomized_search import DPRandomizedSearchCV
from ._scorer import DPScorer

__all__ = ["DPGridSearchCV", "DPRandomizedSearchCV", "DPScorer", "most_private"]
