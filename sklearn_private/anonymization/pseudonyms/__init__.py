"""Pseudonyms: keyed tokens in place of identifiers."""

from ._pseudonymizer import Pseudonymizer

__all__ = ["Pseudonymizer"]
