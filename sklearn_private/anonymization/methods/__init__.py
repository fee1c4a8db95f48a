"""Methods: how a table is parted into groups that keep the models."""

from ._cell_labels import LABELS, alike, truthful
from ._methods import METHODS
from ._problem import n_people, to_problem

__all__ = ["LABELS", "METHODS", "alike", "n_people", "to_problem", "truthful"]
