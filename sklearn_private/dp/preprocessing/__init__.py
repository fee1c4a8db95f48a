"""What stands in front of a private model."""

from ._domain_encoder import DomainEncoder
from ._quantile_scaler import DPQuantileScaler
from ._standard_scaler import DPStandardScaler

__all__ = ["DPQuantileScaler", "DPStandardScaler", "DomainEncoder"]
