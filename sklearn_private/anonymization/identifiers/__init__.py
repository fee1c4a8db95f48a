"""Direct identifiers: found by header, pattern and uniqueness, and removed."""

from ._hipaa import HIPAA_IDENTIFIERS
from ._identifier_remover import IdentifierRemover

__all__ = ["HIPAA_IDENTIFIERS", "IdentifierRemover"]
