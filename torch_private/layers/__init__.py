"""Per-sample gradients of torch's layers, from their inputs and their output gradients."""

from ._gradients import Blocks, Dense, Outer, Rows, all_norms, together, wide
from ._registry import FUNCTIONS, RULES, Rule, is_composite, rule_of

__all__ = [
    "FUNCTIONS",
    "RULES",
    "Blocks",
    "Dense",
    "Outer",
    "Rows",
    "Rule",
    "all_norms",
    "is_composite",
    "rule_of",
    "together",
    "wide",
]
