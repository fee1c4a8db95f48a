"""Homomorphic encryption: a fitted model evaluated on rows that its holder cannot read."""

from ._client import HEClient
from ._predictor import HEPredictor
from ._server import HEServer

__all__ = ["HEClient", "HEPredictor", "HEServer"]
