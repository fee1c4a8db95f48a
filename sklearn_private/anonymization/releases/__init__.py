"""What leaves: publishable tables, their checks, and what they promise."""

from ._check_release import ReleaseCheck, check_release
from ._composition import CompositionCheck, check_releases
from ._publishable import publishable, shuffled
from ._statement import (
    anonymity_statement,
    columns_without_detail,
    undeclared_columns,
    unseen_values,
)

__all__ = [
    "CompositionCheck",
    "ReleaseCheck",
    "anonymity_statement",
    "check_release",
    "check_releases",
    "columns_without_detail",
    "publishable",
    "shuffled",
    "undeclared_columns",
    "unseen_values",
]
