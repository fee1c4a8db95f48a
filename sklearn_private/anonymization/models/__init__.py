"""Privacy models: k, l, t and their relatives, and what judges a group by them."""

from ._constraints import DISTANCES, AlphaK, BetaLikeness, LDiversity, TCloseness
from ._contingency import Classes, contingencies, listed
from ._judge import Rules, ends_of
from ._sensitive import Sensitive

__all__ = [
    "DISTANCES",
    "AlphaK",
    "BetaLikeness",
    "Classes",
    "LDiversity",
    "Rules",
    "Sensitive",
    "TCloseness",
    "contingencies",
    "ends_of",
    "listed",
]
