"""What a fitted object promises, and how promises compose."""

from ._compose import Composition, Search, Step, compose
from ._finding import SEEDED, Finding
from ._kinds import (
    AggregationStatement,
    AnonymityStatement,
    DPStatement,
    EncryptionStatement,
    MinimisationStatement,
    MultiPartyStatement,
)
from ._statement import PrivacyStatement, library_version, schema
from ._walk import Walk, ledgers_of, walk

__all__ = [
    "SEEDED",
    "AggregationStatement",
    "AnonymityStatement",
    "Composition",
    "DPStatement",
    "EncryptionStatement",
    "Finding",
    "MinimisationStatement",
    "MultiPartyStatement",
    "PrivacyStatement",
    "Search",
    "Step",
    "Walk",
    "compose",
    "ledgers_of",
    "library_version",
    "schema",
    "walk",
]
