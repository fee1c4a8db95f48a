r"""Messages between parties: one binary frame, checked before anything of it is used.

A frame is, in this order (numbers are big-endian)::

    magic        6 octets    b"SKPRV\0"
    version      1 octet
    kind         1 octet     what the message is
    header size  4 octets
    payload size 8 octets
    header                   JSON in canonical form: sorted keys, no spaces, ASCII
    payload                  numbers of fixed width
    digest       32 octets   SHA-256 of all of the above

Whoever sends a frame chooses its sizes, so each of them is compared with a limit of the reader
before it costs anything: the size of the frame before it is received or hashed, that of its header
before it is parsed, the rows and label widths that the header names before anything is allocated
for them. The payload is read in place and never copied.

The digest finds damage, not malice: whoever can change a frame can compute it anew. Against that
messages are signed (:class:`Identity`), and their headers bind them to a run, a round and a sender.
No object is ever unpickled.
"""

import hashlib
import json
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from ..exceptions import GuaranteeError

MAGIC, VERSION = b"SKPRV\0", 1
_PREFIX = struct.Struct(">6sBBIQ")
PREFIX_SIZE = _PREFIX.size
DIGEST_SIZE = hashlib.sha256().digest_size


@dataclass(frozen=True)
class FrameLimits:
    """The largest message that a reader is ready for.

    Parameters
    ----------
    frame : int, default=2**30
        Octets of a whole frame.
    header : int, default=2**20
        Octets of its header.
    rows : int, default=10_000_000
        Rows that a message may say it holds.
    label_width : int, default=1024
        Characters of a class label.
    """

    frame: int = 1 << 30
    header: int = 1 << 20
    rows: int = 10_000_000
    label_width: int = 1024


class Kind(IntEnum):
    """What a frame carries: one number space for all protocols, so that none reads another's."""

    PUBLIC_BUNDLE = 1
    REQUEST = 2
    RESPONSE = 3
    CLIENT = 4
    SERVER = 5
    HELLO = 16
    ANSWER = 17
    TOTAL = 18
    DONE = 19
    ABORT = 20
    INQUIRY = 21


Rule = Callable[[object, FrameLimits], bool]
Fields = Mapping[str, type | Rule]
_LABELS = re.compile(r"[<>|=]([biufO]|U)([0-9]{0,9})")


def row_count(value: object, limits: FrameLimits) -> bool:
    """Rule of a header field: a number of rows within the limit."""
    return type(value) is int and 0 <= value <= limits.rows


def label_type(value: object, limits: FrameLimits) -> bool:
    """Rule of a header field: the NumPy type of labels within the limit, or "" for none."""
    if value == "":
        return True
    match = _LABELS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    kind, width = match.groups()
    return int(width or 0) <= (limits.label_width if kind == "U" else 16)


def write_frame(kind: Kind, header: Mapping[str, object], payload: bytes | memoryview) -> bytes:
    """Return a frame.

    Parameters
    ----------
    kind : Kind
        What it carries.
    header : mapping
        JSON-ready fields.
    payload : bytes
        The numbers.

    Returns
    -------
    bytes
    """
    text = _canonical(header)
    prefix = _PREFIX.pack(MAGIC, VERSION, kind, len(text), len(payload))
    digest = hashlib.sha256(prefix)
    digest.update(text)
    digest.update(payload)
    return b"".join((prefix, text, payload, digest.digest()))


def read_frame(
    data: bytes | bytearray | memoryview,
    kind: Kind,
    fields: Fields,
    limits: FrameLimits = FrameLimits(),
) -> tuple[dict, memoryview]:
    """Return the header and the payload of a frame.

    Parameters
    ----------
    data : bytes
        The frame.
    kind : Kind
        What it must carry.
    fields : mapping of str to type or rule
        The fields that its header must have, no fewer and no more, each with its type or its rule
        (:func:`row_count`, :func:`label_type`).
    limits : FrameLimits, default=FrameLimits()
        The largest message that is read.

    Returns
    -------
    header : dict
    payload : memoryview
        Read-only, of ``data`` itself.

    Raises
    ------
    GuaranteeError
        If it is anything else. Nothing of it was used.
    """
    view = _octets(data, kind)
    found, header_size, size = _sizes(view[:PREFIX_SIZE], kind, limits)
    if found != kind:
        raise _malformed(kind, "it carries something else")
    if len(view) != size:
        raise _malformed(kind, "its length is not the one it states")
    if hashlib.sha256(view[:-DIGEST_SIZE]).digest() != view[-DIGEST_SIZE:]:
        raise _malformed(kind, "its digest does not match its content")
    start = PREFIX_SIZE + header_size
    return _header(bytes(view[PREFIX_SIZE:start]), kind, fields, limits), view[start:-DIGEST_SIZE]


def frame_size(prefix: bytes | memoryview, limits: FrameLimits) -> tuple[int, int]:
    """Return the kind and the size of a frame whose first octets are here, the rest on its way.

    Parameters
    ----------
    prefix : bytes of length PREFIX_SIZE
        Its first octets.
    limits : FrameLimits
        The largest message that is read.

    Returns
    -------
    kind : int
    size : int
        Octets of the whole frame.

    Raises
    ------
    GuaranteeError
        If they begin no frame, or one that is too large. Nothing was allocated for it.
    """
    kind, _, size = _sizes(memoryview(prefix), None, limits)
    return kind, size


def _sizes(prefix, kind, limits):
    """Return the kind, the size of the header and the size of the frame."""
    if len(prefix) < PREFIX_SIZE:
        raise _malformed(kind, "it is too short")
    magic, version, found, header_size, payload_size = _PREFIX.unpack(prefix)
    if magic != MAGIC or version != VERSION:
        raise _malformed(kind, f"it is not of format {VERSION} of this library")
    size = PREFIX_SIZE + header_size + payload_size + DIGEST_SIZE
    if header_size > limits.header or size > limits.frame:
        raise _malformed(
            kind,
            f"its length is {size} octets, {header_size} of them a header; at most {limits.frame} "
            f"and {limits.header} are read",
        )
    return found, header_size, size


def _octets(data, kind):
    if not isinstance(data, bytes | bytearray | memoryview):
        raise _malformed(kind, f"it is a {type(data).__name__}, not bytes")
    return memoryview(data).cast("B").toreadonly()


def _header(text, kind, fields, limits):
    try:
        header = json.loads(text)
        good = isinstance(header, dict) and _canonical(header) == text
    except (ValueError, RecursionError):  # no JSON, no ASCII, or nested beyond reason
        good = False
    if not good or set(header) != set(fields):
        raise _malformed(kind, "its header has other fields")
    for name, rule in fields.items():
        if isinstance(rule, type):
            if type(header[name]) is not rule:
                raise _malformed(kind, f"its field {name!r} is no {rule.__name__}")
        elif not rule(header[name], limits):
            what = rule.__name__.replace("_", " ")
            raise _malformed(kind, f"its field {name!r} is no {what} within the limits")
    return header


def _canonical(header):
    return json.dumps(
        header, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def _malformed(kind, reason):
    name = "frame" if kind is None else kind.name.lower().replace("_", " ")
    return GuaranteeError(
        f"The message cannot be read as a {name}: {reason}. Nothing was computed. "
        "Ask its sender for it again."
    )
