"""Tables that say less about people: k-anonymity and the removal of identifiers.

Where to read: Mondrian's cut, :mod:`.methods._mondrian`, and the other methods,
:mod:`.methods._methods`; what judges a group, :mod:`.models._judge`, by the models of
:mod:`.models._constraints`; what a label costs, :mod:`.columns._penalty`; what is checked before a
table goes out, :mod:`.releases._check_release`.
"""

from . import metrics
from ._k_anonymizer import KAnonymizer
from .coarsening import Coarsener
from .hierarchies import Hierarchy
from .identifiers import HIPAA_IDENTIFIERS, IdentifierRemover
from .metrics import information_loss
from .models import AlphaK, BetaLikeness, LDiversity, Sensitive, TCloseness
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
    "Sensitive",
    "TCloseness",
    "check_release",
    "check_releases",
    "information_loss",
    "metrics",
]
