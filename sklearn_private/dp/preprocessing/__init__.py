"""What stands in front of a private model."""

from ._domain_encoder import DomainEncoder

__all__ = ["DomainEncoder"]
