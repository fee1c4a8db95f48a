"""Federated learning: rows stay at their sites, and sums travel."""

from ._row_dp import RowDP
from ._wrapper import FederatedWrapper

__all__ = ["FederatedWrapper", "RowDP"]
