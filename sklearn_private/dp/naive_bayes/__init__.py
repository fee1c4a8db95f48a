"""Naive Bayes classifiers with differential privacy."""

from ._gaussian_nb import DPGaussianNB

__all__ = ["DPGaussianNB"]
