"""Privacy techniques as drop-in scikit-learn parts.

The parts are imported when they are first used: ``import sklearn_private`` is light.
"""

import importlib

_HOMES = {
    "DPGridSearchCV": "dp",
    "DPLogisticRegression": "dp",
    "DomainEncoder": "dp",
    "FederatedWrapper": "federated",
    "HEPredictor": "he",
    "Hierarchy": "anonymization",
    "IdentifierRemover": "anonymization",
    "KAnonymizer": "anonymization",
    "MPCFitter": "mpc",
    "PrivacyLedger": "accounting",
    "Pseudonymizer": "anonymization",
    "most_private": "dp",
    "privacy_report": "report",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
