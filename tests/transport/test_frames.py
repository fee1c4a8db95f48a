import hashlib
import json
import pickle
import struct
import tracemalloc

import pytest

from sklearn_private.exceptions import GuaranteeError
from sklearn_private.transport import (
    FrameLimits,
    Kind,
    frame_size,
    label_type,
    read_frame,
    row_count,
    write_frame,
)

HEADER = {"n_rows": 3, "key": "ab"}
FIELDS = {"n_rows": int, "key": str}
FRAME = write_frame(Kind.REQUEST, HEADER, b"payload")


def frame_of(text, payload=b"", kind=2, version=1, magic=b"SKPRV\0"):
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
        ({"magic": b"SKPRV\1"}, "not of format 1"),
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


def test_the_payload_is_read_in_place_and_cannot_be_written():
    data = bytearray(FRAME)
    _, payload = read_frame(data, Kind.REQUEST, FIELDS)
    assert payload.obj is data
    assert payload.readonly


def test_a_large_frame_is_written_with_one_copy_and_read_with_none():
    payload = bytes(1 << 24)
    tracemalloc.start()
    frame = write_frame(Kind.REQUEST, HEADER, payload)
    written = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    read_frame(frame, Kind.REQUEST, FIELDS)
    read = tracemalloc.get_traced_memory()[1] - tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert written < 1.1 * len(frame)
    assert read < 100_000


def planted(*, header_size, payload_size):
    return struct.pack(">6sBBIQ", b"SKPRV\0", 1, 2, header_size, payload_size)


@pytest.mark.parametrize(
    "sizes",
    [
        {"header_size": 0, "payload_size": 1 << 30},
        {"header_size": 0, "payload_size": (1 << 64) - 1},
        {"header_size": (1 << 20) + 1, "payload_size": 0},
        {"header_size": (1 << 32) - 1, "payload_size": 0},
    ],
)
def test_a_frame_beyond_the_limits_is_refused_by_its_first_octets(sizes):
    with pytest.raises(GuaranteeError, match="octets.*are read"):
        frame_size(planted(**sizes), FrameLimits())


def test_the_first_octets_tell_kind_and_size():
    assert frame_size(FRAME[:20], FrameLimits()) == (Kind.REQUEST, len(FRAME))


@pytest.mark.parametrize("prefix", [b"", FRAME[:19], bytes(20), b"GET / HTTP/1.1\r\nHost:"[:20]])
def test_other_first_octets_are_refused(prefix):
    with pytest.raises(GuaranteeError, match="cannot be read as a frame"):
        frame_size(prefix, FrameLimits())


def test_a_frame_beyond_the_limit_is_not_hashed(monkeypatch):
    frame = write_frame(Kind.REQUEST, HEADER, bytes(1000))
    limits = FrameLimits(frame=len(frame))
    read_frame(frame, Kind.REQUEST, FIELDS, limits)
    monkeypatch.setattr(hashlib, "sha256", None)
    with pytest.raises(GuaranteeError, match=f"at most {len(frame) - 1}"):
        read_frame(frame, Kind.REQUEST, FIELDS, FrameLimits(frame=len(frame) - 1))


def test_a_header_beyond_the_limit_is_not_parsed(monkeypatch):
    monkeypatch.setattr(json, "loads", None)
    with pytest.raises(GuaranteeError, match="at most .* and 10 are read"):
        read_frame(FRAME, Kind.REQUEST, FIELDS, FrameLimits(header=10))


@pytest.mark.parametrize("n_rows", [-1, 101, 2**63, True, 3.0, "3"])
def test_rows_beyond_the_limit_are_refused(n_rows):
    frame = write_frame(Kind.REQUEST, {"n_rows": n_rows}, b"")
    with pytest.raises(GuaranteeError, match="'n_rows' is no row count within the limits"):
        read_frame(frame, Kind.REQUEST, {"n_rows": row_count}, FrameLimits(rows=100))


@pytest.mark.parametrize("n_rows", [0, 100])
def test_rows_within_the_limit_are_read(n_rows):
    frame = write_frame(Kind.REQUEST, {"n_rows": n_rows}, b"")
    limits = FrameLimits(rows=100)
    assert read_frame(frame, Kind.REQUEST, {"n_rows": row_count}, limits)[0] == {"n_rows": n_rows}


@pytest.mark.parametrize(
    "name",
    ["<U1025", "<U20000000", "<U" + "9" * 30, "<f17", "S4", "<U-1", "|V8", "object", "<U1,<U1", 7],
)
def test_label_types_beyond_the_limit_are_refused(name):
    frame = write_frame(Kind.CLIENT, {"classes_dtype": name}, b"")
    with pytest.raises(GuaranteeError, match="no label type within the limits"):
        read_frame(frame, Kind.CLIENT, {"classes_dtype": label_type})


@pytest.mark.parametrize("name", ["", "<U1024", "|O", "<i8", ">f4", "|b1"])
def test_label_types_within_the_limit_are_read(name):
    frame = write_frame(Kind.CLIENT, {"classes_dtype": name}, b"")
    assert read_frame(frame, Kind.CLIENT, {"classes_dtype": label_type})[0]["classes_dtype"] == name
