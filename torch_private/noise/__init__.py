"""Gaussian noise from a cryptographic keystream."""

from ._normal import standard_normal
from ._vector import with_noise

__all__ = ["standard_normal", "with_noise"]
