"""How messages travel between processes: frames, signatures, TLS, and who may speak.

Frames are checked before anything of them is used; every member of a computation has a key and a
certificate that one authority signed, and holds those of all others. A :class:`Channel` gives one
site of a computation what a program over sums needs: everybody sends one message, and everybody
gets all of them, compared and signed. It runs over a coordinator (:class:`Relay`) or over links
between all parties, between processes or, as their twin, in threads of one.
"""

from ._agreement import agree, compare_results
from ._channel import Channel
from ._connect import Listener, connect, host_and_port, join
from ._diagnosis import Check, diagnose, schema_digest
from ._frames import (
    FrameLimits,
    Kind,
    frame_size,
    label_type,
    read_frame,
    row_count,
    write_frame,
)
from ._link import Deadline, Link
from ._local import run_mesh, run_star
from .identity import COORDINATOR, Identity, identities, issue, make_certificates
from .relay import Relay, Relayed, coordinate

__all__ = [
    "COORDINATOR",
    "Channel",
    "Check",
    "Deadline",
    "FrameLimits",
    "Identity",
    "Kind",
    "Link",
    "Listener",
    "Relay",
    "Relayed",
    "agree",
    "compare_results",
    "connect",
    "coordinate",
    "diagnose",
    "frame_size",
    "host_and_port",
    "identities",
    "issue",
    "join",
    "label_type",
    "make_certificates",
    "read_frame",
    "row_count",
    "run_mesh",
    "run_star",
    "schema_digest",
    "write_frame",
]
