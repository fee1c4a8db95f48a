"""Paillier's scheme, packed: many columns travel in one ciphertext."""

from ._paillier import PaillierScheme

__all__ = ["PaillierScheme"]
