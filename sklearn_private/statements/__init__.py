"""What a fitted object promises, and how promises compose."""

from ._account import Account, charge_name
from ._compose import Composition, compose
from ._finding import LEVELS, SEEDED, Finding
from ._holders import held_estimators, unknown_holders
from ._joint import JointClaim
from ._kinds import (
    AggregationStatement,
    AnonymityStatement,
    DPStatement,
    EncryptionStatement,
    MinimisationStatement,
    MultiPartyStatement,
)
from ._learning import learning_of
from ._payment import Payment
from ._read import statement_from_dict
from ._statement import UNITS, PrivacyStatement, library_version, schema
from ._step import Search, Step
from ._validate import validate
from ._walk import Walk, ledgers_of, walk

__all__ = [
    "LEVELS",
    "SEEDED",
    "UNITS",
    "Account",
    "AggregationStatement",
    "AnonymityStatement",
    "Composition",
    "DPStatement",
    "EncryptionStatement",
    "Finding",
    "JointClaim",
    "MinimisationStatement",
    "MultiPartyStatement",
    "Payment",
    "PrivacyStatement",
    "Search",
    "Step",
    "Walk",
    "charge_name",
    "compose",
    "held_estimators",
    "learning_of",
    "ledgers_of",
    "library_version",
    "schema",
    "statement_from_dict",
    "unknown_holders",
    "validate",
    "walk",
]
