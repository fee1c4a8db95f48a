"""Methods: how a table is parted into groups that keep the models."""

from ._methods import METHODS
from ._problem import n_people, pose

__all__ = ["METHODS", "n_people", "pose"]
