"""How messages travel between processes: versioned frames, checked before anything is parsed."""

from ._frames import (
    FrameLimits,
    Kind,
    frame_size,
    label_type,
    read_frame,
    row_count,
    write_frame,
)

__all__ = [
    "FrameLimits",
    "Kind",
    "frame_size",
    "label_type",
    "read_frame",
    "row_count",
    "write_frame",
]
