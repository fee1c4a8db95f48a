"""What travels in the body of a request: a public bundle and an encrypted request behind it."""

import struct

from ..exceptions import GuaranteeError

_SIZE = struct.Struct(">I")
LARGEST_BODY = 1 << 28
"""Octets of a request that a service takes unless it is told otherwise."""


def write_body(bundle: bytes, request: bytes) -> bytes:
    """Return the body of a request for an evaluation."""
    return _SIZE.pack(len(bundle)) + bundle + request


def read_body(body: bytes) -> tuple[memoryview, memoryview]:
    """Return the bundle and the request of :func:`write_body`."""
    view = memoryview(body)
    size = _SIZE.unpack_from(view)[0] if len(view) >= _SIZE.size else len(view)
    if size > len(view) - _SIZE.size:
        raise GuaranteeError("The body holds no bundle and request. Nothing was computed.")
    return view[_SIZE.size : _SIZE.size + size], view[_SIZE.size + size :]
