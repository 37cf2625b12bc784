"""Tests of hw.registers."""

import dataclasses
from typing import Any

import pytest

from hw.breaker_detectors import BREAKER_DETECTORS
from hw.presets import PRESETS
from hw.records import ENUMS, ERROR, RECORDS_SOURCE
from hw.registers import LIMITS, REGISTERS, REGISTERS_SOURCE, Part, Register, load_registers, map_id

UNITS = {"none", "cycles", "updates", "events", "levels", "orders", "books"}
GOOD: dict[str, Any] = {
    "name": "r",
    "address": 0,
    "access": "ro",
    "width": 32,
    "unit": "none",
    "doc": "A register.",
}


def test_no_two_words_share_an_address() -> None:
    words = [a for register in REGISTERS.values() for a in register.word_addresses()]
    assert len(set(words)) == len(words)
    assert all(address % 4 == 0 for address in words)


def test_map_id_is_the_first_word_so_that_any_build_can_be_identified() -> None:
    assert REGISTERS["map_id"].address == 0
    assert REGISTERS["map_id"].access == "ro"
    assert REGISTERS["map_id"].width == 32


def test_every_error_code_has_a_counter() -> None:
    assert REGISTERS["errors"].count > max(code.value for code in ERROR)


@pytest.mark.parametrize("register", REGISTERS.values(), ids=lambda r: r.name)
def test_every_register_is_documented_with_a_known_unit(register: Register) -> None:
    assert register.doc.endswith(".")
    assert register.doc[0].isupper()
    assert register.unit in UNITS


def test_a_wide_register_takes_two_words_low_first() -> None:
    register = Register(**GOOD | {"width": 64, "address": 8})
    assert register.words == 2
    assert register.word_addresses() == [8, 12]


def test_a_table_has_its_words_a_stride_apart() -> None:
    register = Register(**GOOD | {"width": 33, "count": 3, "stride": 16})
    assert register.word_addresses() == [0, 4, 16, 20, 32, 36]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"address": 2}, "register r: address must be a multiple of 4, not 0x2"),
        ({"address": -4}, "register r: address must be a multiple of 4, not -0x4"),
        ({"access": "wo"}, 'register r: access must be "ro", "rw", "cmd" or "limit", not "wo"'),
        ({"width": 0}, "register r: width must be from 1 to 64, not 0"),
        ({"width": 65}, "register r: width must be from 1 to 64, not 65"),
        (
            {"width": 33, "access": "rw"},
            "register r: a writable register has at most 32 bits, not 33",
        ),
        ({"width": 8, "reset": 256}, "register r: reset must fit in 8 bits, not be 256"),
        ({"reset": -1}, "register r: reset must fit in 32 bits, not be -1"),
        ({"count": 0}, "register r: count must be at least 1, not 0"),
        ({"count": 2, "stride": 6}, "register r: stride must be a multiple of 4 from 4, not 6"),
        (
            {"count": 2, "stride": 4, "width": 64},
            "register r: stride must be a multiple of 4 from 8, not 4",
        ),
    ],
)
def test_rejects_an_ill_formed_register(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        Register(**GOOD | change)


def test_rejects_two_registers_at_one_address() -> None:
    body = 'access = "ro"\nunit = "none"\ndoc = "One."\n'
    source = f"[a]\naddress = 0\nwidth = 64\n{body}[b]\naddress = 4\nwidth = 1\n{body}"
    with pytest.raises(ValueError, match=r"^registers a and b share 0x4$"):
        load_registers(source.encode())


POWERS_OF_TWO = ("books", "window_ticks", "order_slots")


def test_map_id_fits_its_register() -> None:
    assert all(0 <= map_id(p) < 2**32 for p in PRESETS.values())


@pytest.mark.parametrize("size", sorted(PRESETS["small"].sizes()))
def test_map_id_changes_with_each_parameter(size: str) -> None:
    small = PRESETS["small"]
    step = getattr(small, size) if size in POWERS_OF_TWO else 1
    other = dataclasses.replace(small, **{size: getattr(small, size) + step})
    assert map_id(other) != map_id(small)


def test_map_id_changes_with_the_registers_and_with_the_records() -> None:
    small = PRESETS["small"]
    ids = {
        map_id(small),
        map_id(small, registers=REGISTERS_SOURCE.replace(b"0x04C", b"0x050")),
        map_id(small, records=RECORDS_SOURCE.replace(b"value = 1,", b"value = 99,", 1)),
    }
    assert len(ids) == 3


def test_map_id_does_not_depend_on_what_a_preset_is_called() -> None:
    small = PRESETS["small"]
    assert map_id(dataclasses.replace(small, name="x", doc="y", holds="z")) == map_id(small)


def test_parts_lie_side_by_side_and_mean_what_the_host_can_name() -> None:
    limits = [r for table in LIMITS.values() for r in table.values()]
    flags = [r for r in limits if r.name.endswith(("_flags", "_actions"))]
    assert all(register.parts for register in flags)
    for register in limits:
        assert sum(part.width for part in register.parts) <= register.width
        for part in register.parts:
            assert not part.enum or part.enum in ENUMS
            assert {part.index_of, part.mask_of} <= {"", "instruments", "venues"}
    actions = LIMITS["breaker"]["breaker_actions"].parts
    assert [part.name for part in actions] == [f"on_{name}" for name in BREAKER_DETECTORS]


def test_parts_must_fit_their_register() -> None:
    limit = GOOD | {"access": "limit", "table": "t", "width": 8}
    assert Register(**limit, parts=(Part(name="a", width=8),)).parts[0].width == 8
    with pytest.raises(ValueError, match="parts must fit in 8 bits, not take 9"):
        Register(**limit, parts=(Part(name="a", width=8), Part(name="b")))
