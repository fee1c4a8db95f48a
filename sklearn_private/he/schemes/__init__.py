"""Encryption schemes."""

from ._scheme import SCHEMES, Scheme, choose_scheme, open_scheme

__all__ = ["SCHEMES", "Scheme", "choose_scheme", "open_scheme"]
