"""Multi-party computation: several parties learn a joint model, and no party's sums are opened."""

from ._fitter import MPCFitter

__all__ = ["MPCFitter"]
