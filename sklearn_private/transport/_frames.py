r"""Messages between client and server: one binary frame, checked before anything is parsed.

A frame is, in this order (numbers are big-endian)::

    magic        6 octets    b"SKPHE\0"
    version      1 octet
    kind         1 octet     what the message is
    header size  4 octets
    payload size 8 octets
    header                   JSON in canonical form: sorted keys, no spaces, ASCII
    payload                  whole numbers of fixed width
    digest       32 octets   SHA-256 of all of the above

The digest finds damage, not malice: whoever can change a frame can compute it anew. Against that
the header binds a message to a model, its parameters, a key and a request; integrity against an
active attacker is the transport's (TLS) task. No object is ever unpickled.
"""

import hashlib
import json
import struct
from enum import IntEnum

from ..exceptions import GuaranteeError

MAGIC, VERSION = b"SKPHE\0", 1
_PREFIX = struct.Struct(">6sBBIQ")
_DIGEST_SIZE = hashlib.sha256().digest_size
_LARGEST_HEADER = 1 << 22

BUNDLE_FIELDS = {"scheme": str, "security_bits": int, "key": str}
MESSAGE_FIELDS = {"model": str, "parameters": str, "key": str, "request": str, "n_rows": int}
"""Header fields of a public bundle, and of a request and its response."""


class Kind(IntEnum):
    """What a frame carries."""

    PUBLIC_BUNDLE = 1
    REQUEST = 2
    RESPONSE = 3
    CLIENT = 4
    SERVER = 5


def write_frame(kind, header, payload):
    """Return a frame.

    Parameters
    ----------
    kind : Kind
        What it carries.
    header : dict
        JSON-ready fields.
    payload : bytes
        The numbers.

    Returns
    -------
    bytes
    """
    text = _canonical(header)
    body = _PREFIX.pack(MAGIC, VERSION, kind, len(text), len(payload)) + text + payload
    return body + hashlib.sha256(body).digest()


def read_frame(data, kind, fields):
    """Return the header and the payload of a frame.

    Parameters
    ----------
    data : bytes
        The frame.
    kind : Kind
        What it must carry.
    fields : dict of str to type
        The fields that its header must have, no fewer and no more, and their types.

    Returns
    -------
    header : dict
    payload : bytes

    Raises
    ------
    GuaranteeError
        If it is anything else. Nothing of it was used.
    """
    data = _octets(data, kind)
    if len(data) < _PREFIX.size + _DIGEST_SIZE:
        raise _malformed(kind, "it is too short")
    magic, version, found, header_size, payload_size = _PREFIX.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise _malformed(kind, f"it is not of format {VERSION} of this library")
    if found != kind:
        raise _malformed(kind, "it carries something else")
    size = _PREFIX.size + header_size + payload_size + _DIGEST_SIZE
    if header_size > _LARGEST_HEADER or len(data) != size:
        raise _malformed(kind, "its length is not the one it states")
    body, digest = data[:-_DIGEST_SIZE], data[-_DIGEST_SIZE:]
    if hashlib.sha256(body).digest() != digest:
        raise _malformed(kind, "its digest does not match its content")
    start = _PREFIX.size + header_size
    return _header(body[_PREFIX.size : start], kind, fields), body[start:]


def check_binding(what, header, expected):
    """Check that the header of a message holds the expected values."""
    for name, value in expected.items():
        if header[name] != value:
            raise GuaranteeError(
                f"The {what} does not belong here: its {name!r} is another one. Nothing was "
                "computed. Use the client and the server of one split(), and the public bundle of "
                "the client that made the request."
            )


def wrong_size(what):
    """Return the error for a payload that does not have the size its header asks for."""
    return GuaranteeError(
        f"The {what} does not have the size that its header asks for. Nothing was computed."
    )


def _octets(data, kind):
    if not isinstance(data, bytes | bytearray | memoryview):
        raise _malformed(kind, f"it is a {type(data).__name__}, not bytes")
    return bytes(data)


def _header(text, kind, fields):
    try:
        header = json.loads(text)
        good = isinstance(header, dict) and _canonical(header) == text
    except (ValueError, RecursionError):  # no JSON, no ASCII, or nested beyond reason
        good = False
    if not good or set(header) != set(fields):
        raise _malformed(kind, "its header has other fields")
    for name, expected in fields.items():
        if type(header[name]) is not expected:
            raise _malformed(kind, f"its field {name!r} is no {expected.__name__}")
    return header


def _canonical(header):
    return json.dumps(
        header, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def _malformed(kind, reason):
    name = kind.name.lower().replace("_", " ")
    return GuaranteeError(
        f"The message cannot be read as a {name}: {reason}. Nothing was computed. "
        "Ask its sender for it again."
    )
