"""Objective perturbation: noise in what is minimised."""

from ._gaussian_objective import MAX_EPSILON, calibrate
from ._pure_objective import calibrate_pure

__all__ = ["MAX_EPSILON", "calibrate", "calibrate_pure"]
