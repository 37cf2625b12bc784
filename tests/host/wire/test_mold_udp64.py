"""Tests of host.wire.mold_udp64."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.wire import mold_udp64 as mold
from host.wire.fields import WireError

SEQUENCES = st.integers(0, 2**64 - 1)
MESSAGES = st.lists(st.binary(max_size=60), max_size=30)


def test_a_packet_byte_by_byte() -> None:
    data = mold.encode("DAY1", 258, [b"ab", b""])
    assert data == b"DAY1      " + bytes.fromhex("0000000000000102 0002 0002 6162 0000")
    assert mold.encode("DAY1", 258)[10:] == bytes.fromhex("0000000000000102 0000")
    assert mold.encode_end("DAY1", 258)[10:] == bytes.fromhex("0000000000000102 ffff")


@given(SEQUENCES, MESSAGES)
def test_a_packet_comes_back(sequence: int, messages: list[bytes]) -> None:
    data = mold.encode("S", sequence, messages)
    assert mold.decode(data) == mold.Packet("S", sequence, tuple(messages))
    assert mold.decode(mold.encode_end("S", sequence)) == mold.Packet("S", sequence, (), True)


@given(SEQUENCES, st.integers(0, 2**16 - 1))
def test_a_request_comes_back(sequence: int, count: int) -> None:
    request = mold.Request("DAY1", sequence, count)
    assert mold.decode_request(mold.encode_request(request)) == request


@settings(max_examples=30)
@given(MESSAGES, st.binary(min_size=1, max_size=3))
def test_a_packet_cut_anywhere_or_too_long_is_an_error(messages: list[bytes], more: bytes) -> None:
    data = mold.encode("S", 1, messages)
    for cut in [data[:end] for end in range(len(data))] + [data + more]:
        with pytest.raises(WireError, match="expected"):
            mold.decode(cut)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_packet_or_an_error(data: bytes) -> None:
    for read in (mold.decode, mold.decode_request):
        with suppress(WireError):
            read(data)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=60), st.integers(20, 200))
def test_as_many_messages_as_fit_are_taken_and_always_one(
    messages: list[bytes], largest: int
) -> None:
    count = mold.fitting(messages, largest)
    assert count >= 1
    assert count == 1 or len(mold.encode("S", 1, messages[:count])) <= largest
    if count < len(messages):
        assert len(mold.encode("S", 1, messages[: count + 1])) > largest


@pytest.mark.parametrize("session", ["ELEVENCHARS"])
def test_a_session_has_ten_characters(session: str) -> None:
    with pytest.raises(WireError, match="no MoldUDP64 header"):
        mold.encode(session, 1)
