"""Clusters with differential privacy."""

from ._k_means import DPKMeans

__all__ = ["DPKMeans"]
