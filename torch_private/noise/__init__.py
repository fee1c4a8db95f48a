"""Gaussian noise from a cryptographic keystream."""

from ._normal import normal
from ._vector import with_noise

__all__ = ["normal", "with_noise"]
