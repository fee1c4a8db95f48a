"""Encryption schemes."""

from ._scheme import SCHEMES, open_scheme

__all__ = ["SCHEMES", "open_scheme"]
