import hashlib
import json
import pickle
import struct

import pytest

from sklearn_private.exceptions import GuaranteeError
from sklearn_private.transport import Kind, read_frame, write_frame

HEADER = {"n_rows": 3, "key": "ab"}
FIELDS = {"n_rows": int, "key": str}
FRAME = write_frame(Kind.REQUEST, HEADER, b"payload")


def frame_of(text, payload=b"", kind=2, version=1, magic=b"SKPHE\0"):
    body = struct.pack(">6sBBIQ", magic, version, kind, len(text), len(payload)) + text + payload
    return body + hashlib.sha256(body).digest()


def test_a_frame_has_the_documented_octets():
    assert frame_of(b'{"key":"ab","n_rows":3}', b"payload") == FRAME


def test_reading_inverts_writing():
    assert read_frame(FRAME, Kind.REQUEST, FIELDS) == (HEADER, b"payload")


@pytest.mark.parametrize("bit", range(8))
def test_no_bit_of_a_frame_can_flip_unseen(bit):
    for position in range(len(FRAME)):
        damaged = bytearray(FRAME)
        damaged[position] ^= 1 << bit
        with pytest.raises(GuaranteeError, match="cannot be read as a request"):
            read_frame(damaged, Kind.REQUEST, FIELDS)


def test_no_shorter_or_longer_frame_is_read():
    for size in range(len(FRAME)):
        with pytest.raises(GuaranteeError, match="cannot be read as a request"):
            read_frame(FRAME[:size], Kind.REQUEST, FIELDS)
    with pytest.raises(GuaranteeError, match="its length"):
        read_frame(FRAME + b"\0", Kind.REQUEST, FIELDS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"key":"ab"}', "other fields"),
        (b'{"key":"ab","n_rows":3,"secret":1}', "other fields"),
        (b'{"key":"ab","n_rows":3,"n_rows":4}', "other fields"),
        (b'{"key":"ab", "n_rows":3}', "other fields"),
        (b'{"n_rows":3,"key":"ab"}', "other fields"),
        (b'{"key":"ab","n_rows":NaN}', "other fields"),
        (b'{"key":"ab","n_rows":' + b"9" * 5_000 + b"}", "other fields"),
        (b"[" * 100_000, "other fields"),
        (b"[]", "other fields"),
        (b"\xff\xfe", "other fields"),
        (b"", "other fields"),
        (b'{"key":"ab","n_rows":true}', "'n_rows' is no int"),
        (b'{"key":"ab","n_rows":3.0}', "'n_rows' is no int"),
        (b'{"key":null,"n_rows":3}', "'key' is no str"),
    ],
)
def test_a_header_of_another_form_is_refused_even_with_a_good_digest(text, reason):
    with pytest.raises(GuaranteeError, match=reason):
        read_frame(frame_of(text), Kind.REQUEST, FIELDS)


def test_a_header_of_unreasonable_size_is_refused():
    with pytest.raises(GuaranteeError, match="its length"):
        read_frame(frame_of(b" " * (1 << 23)), Kind.REQUEST, FIELDS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": 3}, "carries something else"),
        ({"version": 2}, "not of format 1"),
        ({"magic": b"SKPHE\1"}, "not of format 1"),
    ],
)
def test_another_kind_or_version_is_refused(change, reason):
    text = json.dumps(HEADER, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(GuaranteeError, match=reason):
        read_frame(frame_of(text, **change), Kind.REQUEST, FIELDS)


@pytest.mark.parametrize("data", ["text", None, 3, [1, 2]])
def test_what_is_no_bytes_is_refused(data):
    with pytest.raises(GuaranteeError, match="not bytes"):
        read_frame(data, Kind.REQUEST, FIELDS)


def test_a_pickle_is_refused():
    with pytest.raises(GuaranteeError, match="cannot be read"):
        read_frame(pickle.dumps(HEADER) + bytes(100), Kind.REQUEST, FIELDS)
