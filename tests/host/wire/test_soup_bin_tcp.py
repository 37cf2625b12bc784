"""Tests of host.wire.soup_bin_tcp."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.wire import soup_bin_tcp as soup
from host.wire.fields import WireError

PACKETS = st.lists(st.builds(soup.Packet, st.sampled_from(list(soup.Kind)), st.binary(max_size=90)))


def test_packets_byte_by_byte() -> None:
    assert soup.encode(soup.Kind.SEQUENCED, b"ab") == b"\0\3Sab"
    assert soup.encode(soup.Kind.CLIENT_HEARTBEAT) == b"\0\1R"
    login = soup.encode_login(soup.LoginRequest("user", "pass", "DAY1", 42))
    assert login == b"\0\x2fL" + b"user  " + b"pass      " + b"      DAY1" + b" " * 18 + b"42"
    answer = soup.encode_accepted(soup.LoginAccepted("DAY1", 7))
    assert answer == b"\0\x1fA" + b"      DAY1" + b" " * 19 + b"7"


@given(PACKETS, st.lists(st.integers(0, 400)))
def test_a_stream_cut_anywhere_gives_the_same_packets(
    packets: list[soup.Packet], cuts: list[int]
) -> None:
    data = b"".join(soup.encode(p.kind, p.payload) for p in packets)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader = soup.PacketReader()
    found = [packet for first, last in pairwise(edges) for packet in reader.feed(data[first:last])]
    assert found == packets


@given(st.integers(0, 10**19), st.text(st.characters(codec="ascii", categories=["L", "N"])))
def test_a_logon_comes_back(sequence: int, text: str) -> None:
    login = soup.LoginRequest(text[:6], text[:10], text[:10], sequence)
    packet = soup.PacketReader().feed(soup.encode_login(login))[0]
    assert packet.kind is soup.Kind.LOGIN_REQUEST
    assert soup.decode_login(packet.payload) == login


@pytest.mark.parametrize("data", [b"\0\0", b"\0\0X", b"\0\1x", b"\xff\xffS"])
def test_a_stream_that_is_none_is_an_error(data: bytes) -> None:
    with pytest.raises(WireError, match="expected a"):
        soup.PacketReader().feed(data.ljust(3, b"\0"))


@given(st.binary(max_size=60))
def test_any_bytes_are_packets_or_an_error(data: bytes) -> None:
    for read in (soup.PacketReader().feed, soup.decode_login, soup.decode_accepted):
        with suppress(WireError):
            read(data)


def test_a_sequence_number_is_a_number() -> None:
    good = soup.encode_login(soup.LoginRequest("u", "p", "", 12))[3:]
    assert soup.decode_login(good[:-2] + b"  ").sequence == 0
    with pytest.raises(WireError, match="expected a sequence number, got 'x2'"):
        soup.decode_login(good[:-2] + b"x2")


def test_a_payload_has_a_largest_length() -> None:
    with pytest.raises(WireError, match="expected a payload of less than"):
        soup.encode(soup.Kind.SEQUENCED, bytes(0xFFFF))
