"""Fits on neighbouring tables, and the claim that they test."""

from ._choice import choose, detectable, halves, swapped_trials
from ._claim import Claim, claim_of
from ._fits import audit_clone, draw, fit_once, release_names
from ._neighbours import (
    BEYOND,
    Neighbours,
    bounds_by_position,
    class_labels,
    declared,
    declared_rows_per_unit,
    worst_case_neighbours,
)
from ._repeated_noise import repeats
from ._statistics import STATISTICS, usable

__all__ = [
    "BEYOND",
    "STATISTICS",
    "Claim",
    "Neighbours",
    "audit_clone",
    "bounds_by_position",
    "choose",
    "claim_of",
    "class_labels",
    "declared",
    "declared_rows_per_unit",
    "detectable",
    "draw",
    "fit_once",
    "halves",
    "release_names",
    "repeats",
    "swapped_trials",
    "usable",
    "worst_case_neighbours",
]
