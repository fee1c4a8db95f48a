"""Exact losses of mechanisms whose densities are known."""

from ._exact_loss import ExactLoss, exact_loss

__all__ = ["ExactLoss", "exact_loss"]
