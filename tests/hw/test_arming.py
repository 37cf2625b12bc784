"""Tests of hw.arming."""

import re

import pytest

from hw.arming import MESSAGE_BYTES, Scope, arming_answer, arming_message
from hw.sip_hash import sip_hash

FIELDS = {"challenge": 0x0807060504030201, "operator": 9, "scope": 10, "instruments": 0x10F0E0D}


def test_a_message_is_the_fields_in_their_order() -> None:
    message = arming_message(**FIELDS)
    assert message == bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 0x0D, 0x0E, 0x0F, 1])
    assert len(message) == MESSAGE_BYTES


def test_an_answer_is_the_tag_of_the_message() -> None:
    key = bytes(range(16))
    assert arming_answer(key, **FIELDS) == sip_hash(key, arming_message(**FIELDS))


@pytest.mark.parametrize(
    ("name", "value", "largest"),
    [
        ("challenge", 1 << 64, (1 << 64) - 1),
        ("operator", 256, 255),
        ("scope", -1, 255),
        ("instruments", 1 << 32, (1 << 32) - 1),
    ],
)
def test_a_field_must_fit(name: str, value: int, largest: int) -> None:
    said = f"{name} must be from 0 to {largest}, not {value}"
    with pytest.raises(ValueError, match=re.escape(said)):
        arming_message(**FIELDS | {name: value})


def test_scopes_are_the_bits_of_the_register() -> None:
    bits = {scope.name: scope.value for scope in Scope}
    assert bits == {"ARM": 1, "CLEAR_KILL": 2, "CLEAR_GROUPS": 4, "CLEAR_INSTRUMENTS": 8}
