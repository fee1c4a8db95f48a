"""Who a member is: its key, its certificate, and those of all others."""

from ._certificates import COORDINATOR, issue, make_certificates
from ._identity import SIGNATURE_SIZE, Identity, Purpose, identities

__all__ = [
    "COORDINATOR",
    "SIGNATURE_SIZE",
    "Identity",
    "Purpose",
    "identities",
    "issue",
    "make_certificates",
]
