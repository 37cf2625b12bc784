# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.control_events and denial_counts."""

import random
from collections import Counter
from typing import Any

import pytest

from gateware.risk.control_events import ControlEvents
from gateware.risk.denial_counts import DenialCounts
from hw.records import RISK_EVENT_KIND
from tests.gateware.bench import run


def test_what_happens_is_told_once_there_is_room_the_kill_first() -> None:
    dut = ControlEvents()
    assert dut.LATENCY == 1

    async def testbench(ctx: Any) -> None:
        for name, value in (
            ("killed", 1), ("causes", 0b10), ("disarmed", 1), ("armed", 1), ("operator", 3),
        ):  # fmt: skip
            ctx.set(getattr(dut, name), value)
        await ctx.tick()
        for name in ("killed", "disarmed", "armed"):
            ctx.set(getattr(dut, name), 0)
        # Another kill, and a refusal, before the first is told.
        ctx.set(dut.killed, 1)
        ctx.set(dut.causes, 0b1000)
        ctx.set(dut.refused, 1)
        ctx.set(dut.operator, 5)
        await ctx.tick()
        ctx.set(dut.killed, 0)
        ctx.set(dut.refused, 0)
        told = []
        ctx.set(dut.o.ready, 1)
        while ctx.get(dut.o.valid):
            event = ctx.get(dut.o.payload)
            told.append(
                (RISK_EVENT_KIND.name_of(event.kind), event.failed, event.first, event.order_id)
            )
            await ctx.tick()
        assert told == [
            ("killed", 0b1010, 1, 0), ("disarmed", 0, 0, 0), ("armed", 0, 0, 3),
            ("refused", 0, 0, 5),
        ]  # fmt: skip

    run(dut, testbench)


def test_what_happens_while_its_like_is_told_is_told_again() -> None:
    dut = ControlEvents()

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        ctx.set(dut.killed, 1)
        told = []
        for causes in (1, 2, 4, 0):
            ctx.set(dut.killed, causes != 0)
            ctx.set(dut.causes, causes)
            if ctx.get(dut.o.valid):
                told.append(ctx.get(dut.o.payload).failed)
            await ctx.tick()
        assert told == [1, 2, 4]
        assert not ctx.get(dut.o.valid)

    run(dut, testbench)


def test_denials_are_counted_by_check() -> None:
    dut, rng, model = DenialCounts(counters=8), random.Random(1), Counter[int]()

    async def testbench(ctx: Any) -> None:
        for _ in range(8):
            await ctx.tick()
        for _ in range(500):
            which, event = rng.randrange(8), rng.random() < 0.5
            ctx.set(dut.event, event)
            ctx.set(dut.which, which)
            model[which] += event
            await ctx.tick()
            ctx.set(dut.event, 0)
            ctx.set(dut.index, rng.randrange(8))
            await ctx.tick()
            index = rng.randrange(8)
            ctx.set(dut.index, index)
            await ctx.tick()
            assert ctx.get(dut.count) == model[index]

    run(dut, testbench)


def test_a_number_of_counters_must_be_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="counters must be a power of two from 2, not 6"):
        DenialCounts(counters=6)
