"""Methods: how a table is parted into groups that keep the models."""

from ._cell_labels import LABELS, alike, truthful
from ._methods import METHODS
from ._problem import n_people, pose

__all__ = ["LABELS", "METHODS", "alike", "n_people", "pose", "truthful"]
