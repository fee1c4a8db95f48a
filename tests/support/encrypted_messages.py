"""Messages of encrypted prediction as an attacker takes them apart and makes them."""

import hashlib
import json
import struct

PREFIX = struct.Struct(">6sBBIQ")
REQUEST, RESPONSE = 2, 3
SIGNED = {REQUEST, RESPONSE}  # a signature of 64 octets stands behind these


def parts_of(message):
    """Return header and payload of a message."""
    _, _, _, header_size, payload_size = PREFIX.unpack_from(message)
    start = PREFIX.size + header_size
    return json.loads(message[PREFIX.size : start]), message[start : start + payload_size]


def forged(message, payload=None, signer=None, **fields):
    """Return a message with another header or payload and a good digest, as an attacker can.

    One that is signed has the signature of ``signer``, a party that cheats; without one it keeps
    the signature that it had.
    """
    magic, version, kind, *_ = PREFIX.unpack_from(message)
    header, old = parts_of(message)
    payload = old if payload is None else payload
    text = json.dumps({**header, **fields}, sort_keys=True, separators=(",", ":")).encode()
    body = PREFIX.pack(magic, version, kind, len(text), len(payload)) + text + payload
    frame = body + hashlib.sha256(body).digest()
    if kind not in SIGNED:
        return frame
    return signer.sign(frame) if signer else frame + message[-64:]
