"""Tables that say less about people: k-anonymity and the removal of identifiers."""

from ._identifier_remover import IdentifierRemover
from ._k_anonymizer import KAnonymizer
from ._loss import information_loss

__all__ = ["IdentifierRemover", "KAnonymizer", "information_loss"]
