"""Tables that say less about people: k-anonymity and the removal of identifiers."""

from . import metrics
from ._k_anonymizer import KAnonymizer
from .coarsening import Coarsener
from .hierarchies import Hierarchy
from .identifiers import HIPAA_IDENTIFIERS, IdentifierRemover
from .metrics import information_loss
from .models import AlphaK, BetaLikeness, LDiversity, TCloseness
from .pseudonyms import Pseudonymizer
from .releases import CompositionCheck, ReleaseCheck, check_release, check_releases

__all__ = [
    "HIPAA_IDENTIFIERS",
    "AlphaK",
    "BetaLikeness",
    "Coarsener",
    "CompositionCheck",
    "Hierarchy",
    "IdentifierRemover",
    "KAnonymizer",
    "LDiversity",
    "Pseudonymizer",
    "ReleaseCheck",
    "TCloseness",
    "check_release",
    "check_releases",
    "information_loss",
    "metrics",
]
