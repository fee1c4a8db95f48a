"""One budget over the steps of a pipeline."""

from ._pipeline import DPPipeline

__all__ = ["DPPipeline"]
