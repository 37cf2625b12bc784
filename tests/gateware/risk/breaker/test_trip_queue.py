# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.breaker.trip_queue."""

import random
from typing import Any

import pytest

from gateware.risk.breaker.trip_queue import TripQueue
from tests.gateware.bench import run
from tests.gateware.risk.breaker_traffic import BREAKER


def tell(ctx: Any, dut: TripQueue, valid: int, first: int) -> None:
    """Have events in this cycle; each says its number in ``detectors``."""
    ctx.set(dut.event_valid, valid)
    for n in range(2):
        ctx.set(dut.events[n], {"instrument": n & 1, "detectors": first + n & 255, "action": n})


def test_an_event_stands_at_the_output_after_the_latency_with_its_time() -> None:
    dut = TripQueue(parameters=BREAKER)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.now, 77)
        ctx.set(dut.cycle, 99)
        tell(ctx, dut, 0b10, 5)
        await ctx.tick()
        ctx.set(dut.event_valid, 0)
        ctx.set(dut.now, 78)
        ctx.set(dut.cycle, 100)
        for _ in range(1, TripQueue.LATENCY):
            assert not ctx.get(dut.trip.valid)
            await ctx.tick()
        trip = ctx.get(dut.trip.payload)
        assert ctx.get(dut.trip.valid)
        assert (trip.detectors, trip.action, trip.time, trip.cycle) == (6, 1, 77, 99)

    run(dut, testbench)


@pytest.mark.parametrize("seed", range(3))
def test_events_leave_in_their_order_or_are_counted(seed: int) -> None:
    rng, dut = random.Random(seed), TripQueue(parameters=BREAKER, depth=2)
    told: list[int] = []
    came: list[int] = []

    async def testbench(ctx: Any) -> None:
        for cycle in range(900):
            valid = rng.randrange(1, 4) if rng.random() < 0.15 and cycle < 850 else 0
            before = ctx.get(dut.lost)
            tell(ctx, dut, valid, 2 * cycle)
            ready = int(rng.random() < 0.6)
            ctx.set(dut.trip.ready, ready)
            if ready and ctx.get(dut.trip.valid):
                came.append(int(ctx.get(dut.trip.payload).detectors))
            await ctx.tick()
            ctx.set(dut.event_valid, 0)
            ctx.set(dut.trip.ready, 0)
            await ctx.tick()
            lost = ctx.get(dut.lost) - before
            mine = [2 * cycle + n & 255 for n in range(2) if valid >> n & 1]
            assert lost in (0, len(mine))
            told.extend(mine if not lost else [])

    run(dut, testbench)
    assert came == told
    assert len(told) > 100


def test_the_count_of_lost_events_stops_at_its_largest_value() -> None:
    dut = TripQueue(parameters=BREAKER, depth=2)

    async def testbench(ctx: Any) -> None:
        tell(ctx, dut, 0b11, 0)
        await ctx.tick().repeat(5)
        ctx.set(dut.lost, (1 << 32) - 2)
        seen = []
        for _ in range(4):
            await ctx.tick()
            seen.append(ctx.get(dut.lost))
        assert seen == [(1 << 32) - 1] * 4

    run(dut, testbench)


def test_the_depth_is_checked() -> None:
    with pytest.raises(ValueError, match="depth must be at least 2, not 1"):
        TripQueue(parameters=BREAKER, depth=1)
