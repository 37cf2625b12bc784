# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.csr.bank in Amaranth's own simulator."""

import random
from dataclasses import replace
from typing import Any

import pytest

from gateware.csr.bank import RegisterBank
from hw.registers import LIMITS, REGISTERS, RISK_REGISTERS
from tests.gateware.bench import Testbench, run

CONSTANTS = {"map_id": 0x12345678, "books": 4}
ALL = REGISTERS | RISK_REGISTERS
READ_ONLY = [r for r in ALL.values() if r.access == "ro" and r.name not in CONSTANTS]
WRITABLE = [r for r in ALL.values() if r.access == "rw"]
COMMANDS = [r for r in ALL.values() if r.access == "cmd"]
LOOKED_UP = [r for r in READ_ONLY if RegisterBank.is_looked_up(r)]


async def read(ctx: Any, dut: RegisterBank, address: int) -> int:
    """Read one word; the answer is there after exactly ``LATENCY``."""
    ctx.set(dut.address, address)
    ctx.set(dut.r_stb, 1)
    await ctx.tick().repeat(RegisterBank.LATENCY)
    ctx.set(dut.r_stb, 0)
    ctx.set(dut.address, 0xFFFC)
    word: int = ctx.get(dut.r_data)
    return word


async def write(ctx: Any, dut: RegisterBank, address: int, word: int) -> None:
    ctx.set(dut.address, address)
    ctx.set(dut.w_data, word)
    ctx.set(dut.w_stb, 1)
    await ctx.tick()
    ctx.set(dut.w_stb, 0)


def bench(body: Any) -> None:
    dut = RegisterBank(constants=CONSTANTS, registers=ALL)

    async def testbench(ctx: Any) -> None:
        await body(ctx, dut)

    whole: Testbench = testbench
    run(dut, whole)


def test_every_read_only_register_tells_what_the_fabric_says() -> None:
    generator = random.Random(1)

    async def body(ctx: Any, dut: RegisterBank) -> None:
        truth = {}
        for register in (r for r in READ_ONLY if r not in LOOKED_UP):
            for index, member in enumerate(RegisterBank.members_of(register)):
                value = generator.getrandbits(register.width)
                ctx.set(getattr(dut, member), value)
                truth[register.address + index * register.stride] = value & 0xFFFFFFFF
                if register.words == 2:
                    truth[register.address + 4] = value >> 32
        for address, word in truth.items():
            assert await read(ctx, dut, address) == word, hex(address)

    bench(body)


def test_constants_are_read_without_a_member() -> None:
    async def body(ctx: Any, dut: RegisterBank) -> None:
        for name, value in CONSTANTS.items():
            assert not hasattr(dut, name)
            assert await read(ctx, dut, REGISTERS[name].address) == value

    bench(body)


def test_a_write_reaches_the_fabric_a_cycle_later_and_is_read_back() -> None:
    async def body(ctx: Any, dut: RegisterBank) -> None:
        for register in WRITABLE:
            assert ctx.get(getattr(dut, register.name)) == register.reset
            await write(ctx, dut, register.address, 0xA5A5A5A5)
            assert ctx.get(getattr(dut, register.name)) == 0xA5A5A5A5
            assert await read(ctx, dut, register.address) == 0xA5A5A5A5

    bench(body)


def test_the_high_word_is_held_from_the_moment_of_the_low_word() -> None:
    address = REGISTERS["cycles"].address

    async def body(ctx: Any, dut: RegisterBank) -> None:
        ctx.set(dut.cycles, 0x1_FFFFFFFF)
        assert await read(ctx, dut, address) == 0xFFFFFFFF
        ctx.set(dut.cycles, 0x2_00000000)
        assert await read(ctx, dut, address + 4) == 1
        assert await read(ctx, dut, address) == 0
        assert await read(ctx, dut, address + 4) == 2

    bench(body)


def test_an_address_on_the_bus_without_a_strobe_holds_nothing() -> None:
    address = REGISTERS["cycles"].address

    async def body(ctx: Any, dut: RegisterBank) -> None:
        ctx.set(dut.cycles, 0x7_00000000)
        await read(ctx, dut, address)
        ctx.set(dut.cycles, 0x9_00000000)
        ctx.set(dut.address, address)
        await ctx.tick()
        assert await read(ctx, dut, address + 4) == 7

    bench(body)


def test_unknown_and_read_only_addresses_ignore_writes_and_read_zero() -> None:
    known = {a for r in ALL.values() for a in r.word_addresses()}
    free = [a for a in (0x104, 0x300, 0x1000, 0x7FF0, 0xFFF0, 0x002, 0x202) if a not in known]

    async def body(ctx: Any, dut: RegisterBank) -> None:
        assert len(free) >= 5
        for address in [*free, REGISTERS["map_id"].address, REGISTERS["updates"].address]:
            await write(ctx, dut, address, 0xFFFFFFFF)
        for register in WRITABLE:
            assert ctx.get(getattr(dut, register.name)) == register.reset
        for address in free:
            assert await read(ctx, dut, address) == 0
        assert await read(ctx, dut, REGISTERS["map_id"].address) == CONSTANTS["map_id"]

    bench(body)


def test_a_command_is_a_strobe_of_one_cycle_with_the_word_that_was_written() -> None:
    places = {
        f"{member}_strobe": register.address + index * register.stride
        for register in COMMANDS
        for index, member in enumerate(RegisterBank.members_of(register))
    }

    async def body(ctx: Any, dut: RegisterBank) -> None:
        def strobes() -> list[str]:
            return [name for name in places if ctx.get(getattr(dut, name))]

        assert {"limits_commit_strobe", "arm_answer1_strobe", "operator_key15_strobe"} <= set(
            places
        )
        for word, (name, address) in enumerate(places.items(), start=0xFFFFFF00):
            ctx.set(dut.address, address)
            await ctx.tick()
            assert strobes() == []
            await write(ctx, dut, address, word)
            assert RegisterBank.LATENCY == 1
            assert strobes() == [name]
            assert ctx.get(dut.written) == word
            await ctx.tick()
            assert strobes() == []

    bench(body)


def test_a_read_of_a_command_gives_what_the_fabric_says() -> None:
    async def body(ctx: Any, dut: RegisterBank) -> None:
        for register in COMMANDS:
            for index, member in enumerate(RegisterBank.members_of(register)):
                address = register.address + index * register.stride
                ctx.set(getattr(dut, member), address)
                assert await read(ctx, dut, address) == address
                await write(ctx, dut, address, 0xFFFFFFFF)
                assert await read(ctx, dut, address) == address
                ctx.set(getattr(dut, member), 0)

    bench(body)


def test_a_long_table_is_looked_up_outside_and_read_as_fast_as_any_register() -> None:
    async def body(ctx: Any, dut: RegisterBank) -> None:
        assert [r.name for r in LOOKED_UP] == ["denials"]
        for register in LOOKED_UP:
            index, entry = getattr(dut, f"{register.name}_index"), getattr(dut, register.name)
            for n in (0, register.count - 1, *range(1, register.count - 1)):
                ctx.set(dut.address, register.address + n * register.stride)
                ctx.set(entry, 0xBAD)  # of what was asked before
                assert ctx.get(index) == n
                await ctx.tick()
                ctx.set(entry, 0x1000 + n)
                assert RegisterBank.LATENCY == 1
                assert ctx.get(dut.r_data) == 0x1000 + n
            # What it gives for other addresses is not seen.
            assert await read(ctx, dut, REGISTERS["map_id"].address) == CONSTANTS["map_id"]
            assert await read(ctx, dut, register.address + register.count * register.stride) == 0

    bench(body)


def test_a_build_without_risk_has_the_registers_of_every_build_only() -> None:
    dut = RegisterBank(constants=CONSTANTS)
    members = {m for r in REGISTERS.values() for m in RegisterBank.members_of(r)} - set(CONSTANTS)
    bus = {"address", "r_stb", "r_data", "w_stb", "w_data"}
    assert set(dut.signature.members) == members | bus


def test_limits_are_not_in_the_bank() -> None:
    with pytest.raises(
        ValueError, match="a limit is no register of the bank, and box_flags is one"
    ):
        RegisterBank(constants={}, registers={"box_flags": LIMITS["box"]["box_flags"]})


@pytest.mark.parametrize(
    "change", [{"width": 64, "stride": 8}, {"stride": 12}, {"address": 0x204}], ids=str
)
def test_the_index_of_a_long_table_is_in_the_address(change: dict[str, Any]) -> None:
    register = replace(RISK_REGISTERS["denials"], **change)
    with pytest.raises(ValueError, match=r"must have one word in each, .*; denials is not"):
        RegisterBank(constants={}, registers={"denials": register})


@pytest.mark.parametrize("name", ["control", "no_such_register"])
def test_only_read_only_registers_can_be_constant(name: str) -> None:
    with pytest.raises(ValueError, match=f"constants must name read-only registers, not '{name}'"):
        RegisterBank(constants={name: 1})
