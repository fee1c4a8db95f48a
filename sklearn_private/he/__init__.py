"""Homomorphic encryption: a fitted model evaluated on rows that its holder cannot read."""

from ._predictor import HEPredictor
from .protocol import HEClient, HEServer

__all__ = ["HEClient", "HEPredictor", "HEServer"]
