"""Clipping: what one sample adds to the gradient of a batch is bounded, in one backward pass."""

from ._clipper import Clipper
from ._hooks import Hook
from ._modes import (
    AdaptiveClipping,
    AutomaticClipping,
    FlatClipping,
    PerLayerClipping,
    gradient_noise_multiplier,
)
from ._plan import BATCH_NORMS

__all__ = [
    "BATCH_NORMS",
    "AdaptiveClipping",
    "AutomaticClipping",
    "Clipper",
    "FlatClipping",
    "Hook",
    "PerLayerClipping",
    "gradient_noise_multiplier",
]
