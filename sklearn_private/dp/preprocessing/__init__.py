"""What stands in front of a private model."""

from ._domain_encoder import DomainEncoder
from ._standard_scaler import DPStandardScaler

__all__ = ["DPStandardScaler", "DomainEncoder"]
