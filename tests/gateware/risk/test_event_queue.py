# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.event_queue."""

import random
from typing import Any

import pytest

from gateware.risk.event_queue import EventQueue
from tests.gateware.bench import run


def test_events_leave_in_order_and_what_finds_no_room_leaves_a_hole() -> None:
    dut, rng = EventQueue(), random.Random(1)
    lost = 0

    async def testbench(ctx: Any) -> None:
        nonlocal lost
        sent: list[tuple[int, int]] = []  # sequence, order id
        got: list[tuple[int, int]] = []
        sequence = 0
        slow = 0.1
        for order_id in range(1, 4001):
            if order_id % 100 == 1:
                slow = rng.choice([0.0, 0.9, 1.0])
            tell, offer = rng.random() < 0.4, rng.random() < 0.3
            ctx.set(dut.tell, tell)
            ctx.set(dut.event, {"order_id": order_id, "sequence": 99})
            ctx.set(dut.other.valid, offer)
            ctx.set(dut.other.payload, {"order_id": order_id + 100_000})
            ctx.set(dut.o.ready, rng.random() >= slow)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                event = ctx.get(dut.o.payload)
                got.append((event.sequence, event.order_id))
            if tell:
                assert not ctx.get(dut.other.ready)
                if ctx.get(dut.lost):
                    lost += 1
                else:
                    sent.append((sequence, order_id))
                sequence += 1
            elif offer and ctx.get(dut.other.ready):
                sent.append((sequence, order_id + 100_000))
                sequence += 1
            # Whoever sees room has it for as long as an order takes.
            assert not ctx.get(dut.room) or not ctx.get(dut.lost)
            await ctx.tick()
        assert got == sent[: len(got)]
        assert len(sent) - len(got) <= dut.depth + 1

    run(dut, testbench)
    assert lost > 20


def test_an_event_stands_at_the_output_soon() -> None:
    dut = EventQueue()

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.tell, 1)
        await ctx.tick()
        ctx.set(dut.tell, 0)
        cycles = 1
        while not ctx.get(dut.o.valid):
            await ctx.tick()
            cycles += 1
        assert cycles == dut.LATENCY

    run(dut, testbench)


def test_clear_forgets_all_and_counts_anew() -> None:
    dut = EventQueue()

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.tell, 1)
        for _ in range(5):
            await ctx.tick()
        ctx.set(dut.tell, 0)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        ctx.set(dut.clear, 0)
        for _ in range(5):
            await ctx.tick()
            assert not ctx.get(dut.o.valid)
        ctx.set(dut.tell, 1)
        await ctx.tick()
        ctx.set(dut.tell, 0)
        while not ctx.get(dut.o.valid):
            await ctx.tick()
        assert ctx.get(dut.o.payload).sequence == 0

    run(dut, testbench)


def test_a_depth_must_be_large_enough() -> None:
    with pytest.raises(ValueError, match="depth must be at least 16, not 8"):
        EventQueue(depth=8)
