"""Private training in PyTorch: ordinary loops and estimators, one accountant.

The parts are imported when they are first used: ``import torch_private`` does not load torch.

Where to read: per-sample gradients of each layer, :mod:`.layers._registry`, such as those that clip
a convolution, :mod:`.layers._convolution`; how far a gradient is clipped, :mod:`.clipping._modes`;
the backward pass that does it, :mod:`.clipping._clipper`; what one step adds and charges,
:mod:`.training._private_training`.
"""

import importlib
from typing import TYPE_CHECKING

from sklearn_private import __version__
from sklearn_private._optional import require

if TYPE_CHECKING:  # what a type checker reads; at run time __getattr__ does the same lazily
    from .audits import OneRunAudit
    from .estimators import DPClassifier, DPRegressor
    from .training import make_private

__all__ = ["DPClassifier", "DPRegressor", "OneRunAudit", "__version__", "make_private"]

_HOMES = {
    "DPClassifier": "estimators",
    "DPRegressor": "estimators",
    "OneRunAudit": "audits",
    "make_private": "training",
}

if not TYPE_CHECKING:  # a type checker would take any name for one of these

    def __getattr__(name):
        if name in _HOMES:
            require("torch", extra="torch")
            return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
