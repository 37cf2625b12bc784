"""Tests of host.protocol.batches."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from host.protocol.batches import (
    DTYPES,
    FROM_DEVICE,
    HEADER,
    TO_DEVICE,
    Batch,
    Content,
    content_of,
    decode_batch,
    encode_batch,
)
from host.protocol.messages import ProtocolError
from tests.host.updates import numbered

BATCH = Batch(stream=7, sequence=2, records=numbered(3))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 50), st.randoms())
def test_decode_inverts_encode(stream: int, sequence: int, count: int, random: Random) -> None:
    raw = random.randbytes(count * EVENT_DTYPE.itemsize)
    records = np.frombuffer(raw, EVENT_DTYPE)
    header, payload = encode_batch(
        "events", Batch(stream=stream, sequence=sequence, records=records)
    )
    got = decode_batch("events", header, payload)
    assert (got.stream, got.sequence) == (stream, sequence)
    assert got.records.tobytes() == raw
    assert got.records.dtype == EVENT_DTYPE


def test_the_header_is_as_documented() -> None:
    header, payload = encode_batch("updates", BATCH)
    expected = b"TGB1" + bytes([1, 0, UPDATE_DTYPE.itemsize, 0]) + bytes(4)
    expected += (3).to_bytes(4, "little") + (7).to_bytes(8, "little") + (2).to_bytes(8, "little")
    assert header == expected
    assert len(header) == HEADER.size
    assert payload == BATCH.records.tobytes()


@pytest.mark.parametrize("content", DTYPES)
def test_the_header_says_what_the_records_are(content: Content) -> None:
    records = np.zeros(2, DTYPES[content])
    header, payload = encode_batch(content, Batch(stream=1, sequence=0, records=records))
    allowed, other = (TO_DEVICE, FROM_DEVICE)[:: 1 if content in TO_DEVICE else -1]
    assert content_of(header, allowed) == content
    assert decode_batch(content, header, payload).records.dtype == DTYPES[content]
    with pytest.raises(ProtocolError, match=f"content must be of {', '.join(other)}, not"):
        content_of(header, other)
    with pytest.raises(ProtocolError, match=f"header must have {HEADER.size} bytes, not 31"):
        content_of(header[:-1], allowed)


@pytest.mark.parametrize(
    ("at", "value", "text"),
    [
        (0, b"X", "magic must be b'TGB1'"),
        (3, b"2", "magic must be b'TGB1', not b'TGB2'"),
        (4, b"\x02", "content must be 1, not 2"),
        (6, b"\x01", "record size must be 48, not 1"),
        (8, b"\x01", "flags must be 0, not 1"),
        (12, b"\x04", r"length \[bytes\] must be 192, not 144"),
    ],
)
def test_says_what_is_wrong_with_a_header(at: int, value: bytes, text: str) -> None:
    header, payload = encode_batch("updates", BATCH)
    bad = header[:at] + value + header[at + 1 :]
    with pytest.raises(ProtocolError, match=text) as caught:
        decode_batch("updates", bad, payload)
    assert caught.value.code == "bad_batch"


@pytest.mark.parametrize("cut", [0, 1, HEADER.size - 1])
def test_refuses_a_header_of_another_length(cut: int) -> None:
    header, payload = encode_batch("updates", BATCH)
    with pytest.raises(ProtocolError, match=f"must have {HEADER.size} bytes, not {cut}"):
        decode_batch("updates", header[:cut], payload)


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_never_fails_otherwise_on_any_bytes(header: bytes, payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_batch("updates", header, payload)


@given(st.integers(0, 31), st.integers(1, 255), st.binary(max_size=200))
def test_a_damaged_batch_is_refused_or_has_the_declared_length(
    at: int, flip: int, payload: bytes
) -> None:
    header = bytearray(encode_batch("updates", BATCH)[0])
    header[at] ^= flip
    try:
        got = decode_batch("updates", bytes(header), payload)
    except ProtocolError:
        return
    assert got.records.nbytes == len(payload)


@pytest.mark.parametrize(
    "records", [np.zeros(3, EVENT_DTYPE), np.zeros((2, 2), UPDATE_DTYPE), np.zeros(3)]
)
def test_refuses_to_send_other_records(records: np.ndarray) -> None:
    with pytest.raises(ProtocolError, match="one-dimensional records of 48 bytes"):
        encode_batch("updates", Batch(stream=0, sequence=0, records=records))
