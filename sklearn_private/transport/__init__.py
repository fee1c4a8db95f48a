"""How messages travel between processes: versioned frames, checked before anything is parsed."""

from ._frames import (
    BUNDLE_FIELDS,
    MESSAGE_FIELDS,
    Kind,
    check_binding,
    read_frame,
    write_frame,
    wrong_size,
)

__all__ = [
    "BUNDLE_FIELDS",
    "MESSAGE_FIELDS",
    "Kind",
    "check_binding",
    "read_frame",
    "write_frame",
    "wrong_size",
]
