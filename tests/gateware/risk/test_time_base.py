# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.time_base."""

from typing import Any

import pytest

from gateware.risk.time_base import TimeBase
from tests.gateware.bench import run


def test_without_a_step_the_time_is_the_latest_that_was_seen() -> None:
    dut = TimeBase(time_bits=64)

    async def testbench(ctx: Any) -> None:
        for seen0, time0, seen1, time1, now in (
            (1, 100, 0, 900, 100), (0, 900, 1, 120, 120), (1, 90, 1, 130, 130),
            (1, 150, 1, 140, 150), (1, 3, 1, 4, 150), (0, 999, 0, 999, 150),
        ):  # fmt: skip
            for name, value in zip(
                ("seen0", "time0", "seen1", "time1"), (seen0, time0, seen1, time1), strict=True
            ):
                ctx.set(getattr(dut, name), value)
            await ctx.tick()
            assert ctx.get(dut.now) == now

    run(dut, testbench)


def test_with_a_step_the_clock_alone_counts() -> None:
    dut = TimeBase(time_bits=64)
    step = (6 << 16) + 0x6666  # 6.4 ns

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.step, step)
        ctx.set(dut.seen0, 1)
        ctx.set(dut.time0, 1 << 40)
        for cycle in range(1, 200):
            await ctx.tick()
            assert ctx.get(dut.now) == cycle * step >> 16

    run(dut, testbench)


def test_the_time_stops_at_its_largest_value() -> None:
    dut = TimeBase(time_bits=16)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.seen1, 1)
        ctx.set(dut.time1, 1 << 63)
        await ctx.tick()
        assert ctx.get(dut.now) == (1 << 16) - 1
        ctx.set(dut.step, 0xFFFF_FFFF)
        await ctx.tick()
        assert ctx.get(dut.now) == (1 << 16) - 1
        ctx.set(dut.clear, 1)
        await ctx.tick()
        assert ctx.get(dut.now) == 0

    run(dut, testbench)


def test_a_width_must_be_in_range() -> None:
    with pytest.raises(ValueError, match="time_bits must be from 16 to 64, not 8"):
        TimeBase(time_bits=8)
