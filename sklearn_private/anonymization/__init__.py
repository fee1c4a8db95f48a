"""Tables that say less about people: k-anonymity and the removal of identifiers."""

from . import metrics
from ._check_release import ReleaseCheck, check_release
from ._coarsener import Coarsener
from ._composition import CompositionCheck, check_releases
from ._constraints import AlphaK, BetaLikeness, LDiversity, TCloseness
from ._hierarchy import Hierarchy
from ._hipaa import HIPAA_IDENTIFIERS
from ._identifier_remover import IdentifierRemover
from ._k_anonymizer import KAnonymizer
from ._loss import information_loss
from ._pseudonymizer import Pseudonymizer

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
