"""Privacy techniques as drop-in scikit-learn parts.

The parts are imported when they are first used: ``import sklearn_private`` is light.
"""

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what a type checker reads; at run time __getattr__ does the same lazily
    from .accounting import PrivacyLedger
    from .anonymization import Hierarchy, IdentifierRemover, KAnonymizer, Pseudonymizer
    from .dp import (
        DomainEncoder,
        DPGridSearchCV,
        DPLogisticRegression,
        DPPipeline,
        most_private,
    )
    from .federated import FederatedWrapper
    from .he import HEPredictor
    from .mpc import MPCFitter
    from .report import privacy_report

__version__ = version("sklearn-private")

__all__ = [
    "DPGridSearchCV",
    "DPLogisticRegression",
    "DPPipeline",
    "DomainEncoder",
    "FederatedWrapper",
    "HEPredictor",
    "Hierarchy",
    "IdentifierRemover",
    "KAnonymizer",
    "MPCFitter",
    "PrivacyLedger",
    "Pseudonymizer",
    "most_private",
    "privacy_report",
]

_HOMES = {
    "DPGridSearchCV": "dp",
    "DPLogisticRegression": "dp",
    "DPPipeline": "dp",
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


if not TYPE_CHECKING:  # a type checker would take any name for one of these

    def __getattr__(name):
        if name in _HOMES:
            return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
