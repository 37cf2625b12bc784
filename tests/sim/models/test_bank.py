"""Tests of sim.models.bank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.registers import REGISTERS, RISK_REGISTERS, Register
from sim.models.bank import RegisterBank

CONSTANTS = {"map_id": 7}
ALL = REGISTERS | RISK_REGISTERS
KNOWN = {a for r in ALL.values() for a in r.word_addresses()}
WIDE = [r for r in ALL.values() if r.words == 2 and r.count == 1]
WRITABLE = {r.address: r for r in ALL.values() if r.access == "rw"}


@given(st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 64) - 1), st.sampled_from(WIDE))
def test_two_words_read_in_a_row_are_of_one_moment(
    now: int, later: int, register: Register
) -> None:
    name, address = register.name, register.address
    bank = RegisterBank(CONSTANTS, ALL)
    bank.values[name] = now
    low = bank.read(address)
    bank.values[name] = later
    assert bank.look(address) == later & 0xFFFFFFFF
    assert bank.read(address + 4) << 32 | low == now


@given(st.sampled_from(sorted(KNOWN)) | st.integers(0, 0xFFFF), st.integers(0, (1 << 32) - 1))
def test_what_can_be_written_is_read_back_and_nothing_else_changes(address: int, word: int) -> None:
    bank = RegisterBank(CONSTANTS, ALL)
    before = dict(bank.values)
    bank.write(address, word)
    changed = {WRITABLE[address].name: word} if address in WRITABLE else {}
    assert bank.values == before | changed
    if address in WRITABLE:
        assert bank.read(address) == word
    elif address not in KNOWN:
        assert bank.read(address) == 0


def test_a_command_is_told_and_changes_nothing() -> None:
    bank = RegisterBank(CONSTANTS, ALL)
    bank.values["kill"] = 5
    before = dict(bank.values)
    assert bank.write(ALL["kill"].address, 1) == "kill"
    assert bank.write(ALL["operator_key"].address + 4 * 15, 1) == "operator_key15"
    assert bank.values == before
    assert bank.read(ALL["kill"].address) == 5
    assert bank.write(ALL["control"].address, 1) == ""
    assert bank.write(ALL["now"].address, 1) == ""


def test_a_build_without_risk_has_no_risk_registers() -> None:
    bank = RegisterBank(CONSTANTS)
    assert bank.write(ALL["kill"].address, 1) == ""
    assert not set(bank.values) & set(RISK_REGISTERS)


def test_constants_are_read() -> None:
    assert RegisterBank(CONSTANTS).read(REGISTERS["map_id"].address) == 7


@pytest.mark.parametrize("name", ["control", "no_such_register"])
def test_only_read_only_registers_can_be_constant(name: str) -> None:
    with pytest.raises(ValueError, match=f"constants must name read-only registers, not '{name}'"):
        RegisterBank({name: 1})
