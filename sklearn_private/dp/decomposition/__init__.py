"""Decompositions with differential privacy."""

from ._pca import DPPCA

__all__ = ["DPPCA"]
