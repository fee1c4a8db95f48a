"""Private training in PyTorch: ordinary loops and estimators, one accountant.

The parts are imported when they are first used: ``import torch_private`` does not load torch.
"""

import importlib

from sklearn_private._optional import require

_HOMES = {
    "DPClassifier": "estimators",
    "DPRegressor": "estimators",
    "OneRunAudit": "audits",
    "make_private": "training",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        require("torch", extra="torch")
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
