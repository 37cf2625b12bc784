"""Tests of host.wire.glimpse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.wire.fields import WireError
from host.wire.glimpse import EndOfSnapshot, decode_end, encode_end


@given(st.integers(0, 10**20 - 1))
def test_the_end_comes_back(sequence: int) -> None:
    data = encode_end(EndOfSnapshot(sequence))
    assert len(data) == 21
    assert decode_end(data) == EndOfSnapshot(sequence)
    assert decode_end(b"G" + str(sequence).encode().ljust(20)) == EndOfSnapshot(sequence)


@pytest.mark.parametrize("data", [b"", b"G", b"G" + b" " * 20, b"X" + b"1" * 20, b"G" + b"x" * 20])
def test_another_message_is_an_error(data: bytes) -> None:
    with pytest.raises(WireError, match="expected b'G' and 20 digits"):
        decode_end(data)


@pytest.mark.parametrize("sequence", [-1, 10**20])
def test_a_number_that_does_not_fit_is_refused(sequence: int) -> None:
    with pytest.raises(WireError, match="at most 20 digits"):
        encode_end(EndOfSnapshot(sequence))
