"""How messages travel between processes: frames, signatures, TLS, and who may speak.

Frames are checked before anything of them is used; every member of a computation has a key and a
certificate that one authority signed, and holds those of all others.
"""

from ._certificates import COORDINATOR, issue, make_certificates
from ._frames import (
    FrameLimits,
    Kind,
    frame_size,
    label_type,
    read_frame,
    row_count,
    write_frame,
)
from ._identity import Identity, identities

__all__ = [
    "COORDINATOR",
    "FrameLimits",
    "Identity",
    "Kind",
    "frame_size",
    "identities",
    "issue",
    "label_type",
    "make_certificates",
    "read_frame",
    "row_count",
    "write_frame",
]
