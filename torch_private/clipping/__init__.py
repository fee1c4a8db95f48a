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

__all__ = [
    "AdaptiveClipping",
    "AutomaticClipping",
    "Clipper",
    "FlatClipping",
    "Hook",
    "PerLayerClipping",
    "gradient_noise_multiplier",
]
