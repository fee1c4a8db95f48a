"""What a DP estimator stands on: bounds, unit, settings, payment, release, statement."""

from ._estimator import DPEstimator, Mechanism
from ._noisy_program import NoisyProgram, noisy_program
from ._own_fit import own_fit
from ._public import Public

__all__ = ["DPEstimator", "Mechanism", "NoisyProgram", "Public", "noisy_program", "own_fit"]
