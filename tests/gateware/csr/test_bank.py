# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.csr.bank in Amaranth's own simulator."""

import random
from typing import Any

import pytest

from gateware.csr.bank import RegisterBank
from hw.registers import REGISTERS
from tests.gateware.bench import Testbench, run

CONSTANTS = {"map_id": 0x12345678, "books": 4}
READ_ONLY = [r for r in REGISTERS.values() if r.access == "ro" and r.name not in CONSTANTS]
WRITABLE = [r for r in REGISTERS.values() if r.access == "rw"]


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
    dut = RegisterBank(constants=CONSTANTS)

    async def testbench(ctx: Any) -> None:
        await body(ctx, dut)

    whole: Testbench = testbench
    run(dut, whole)


def test_every_read_only_register_tells_what_the_fabric_says() -> None:
    generator = random.Random(1)

    async def body(ctx: Any, dut: RegisterBank) -> None:
        truth = {}
        for register in READ_ONLY:
            for index, member in enumerate(RegisterBank.members_of(register.name)):
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
    known = {
        r.address + i * r.stride + 4 * w
        for r in REGISTERS.values()
        for i in range(r.count)
        for w in range(r.words)
    }
    free = [a for a in (0x100, 0x7FF0, 0xFFF0, 0x002, 0x07C) if a not in known]

    async def body(ctx: Any, dut: RegisterBank) -> None:
        assert len(free) >= 4
        for address in [*free, REGISTERS["map_id"].address, REGISTERS["updates"].address]:
            await write(ctx, dut, address, 0xFFFFFFFF)
        for register in WRITABLE:
            assert ctx.get(getattr(dut, register.name)) == register.reset
        for address in free:
            assert await read(ctx, dut, address) == 0
        assert await read(ctx, dut, REGISTERS["map_id"].address) == CONSTANTS["map_id"]

    bench(body)


@pytest.mark.parametrize("name", ["control", "no_such_register"])
def test_only_read_only_registers_can_be_constant(name: str) -> None:
    with pytest.raises(ValueError, match=f"constants must name read-only registers, not '{name}'"):
        RegisterBank(constants={name: 1})
