# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.common.rmw_memory in Amaranth's own simulator."""

import random
from typing import Any

import pytest
from amaranth import unsigned
from amaranth.lib import data

from gateware.common.rmw_memory import RmwMemory
from sim.models.rmw_memory import RmwMemory as Model
from tests.gateware.bench import run

WORD = data.StructLayout({"value": unsigned(8)})
Request = tuple[int, int | None]  # address; what to write, or None


def answers(requests: list[Request], *, depth: int) -> list[int]:
    """Make one request a cycle and return what each one read."""
    dut = RmwMemory(shape=WORD, depth=depth)
    latency = RmwMemory.LATENCY
    read: list[int] = []

    async def testbench(ctx: Any) -> None:
        for cycle in range(len(requests) + latency):
            ctx.set(dut.address, requests[cycle][0] if cycle < len(requests) else 0)
            ctx.set(dut.write, 0)
            if cycle >= latency:
                new = requests[cycle - latency][1]
                read.append(ctx.get(dut.old.value))
                ctx.set(dut.write, new is not None)
                # An idle bus is no reason for the memory to keep its word.
                ctx.set(dut.new.value, 0xEE if new is None else new)
            await ctx.tick()

    run(dut, testbench)
    return read


@pytest.mark.parametrize("distance", range(RmwMemory.INTERVAL, 9))
def test_a_request_sees_the_write_of_one_ahead(distance: int) -> None:
    between: list[Request] = [(1, None)] * (distance - 1)
    read = answers([(3, 0x5A), *between, (3, None), (2, None)], depth=4)
    assert read[distance] == 0x5A
    assert read[distance + 1] == 0


def test_the_latest_of_several_writes_counts() -> None:
    gap: list[Request] = [(0, None)]
    requests = [(3, 1), *gap, (3, 2), *gap, (3, 3), *gap, (3, None)]
    assert answers(requests, depth=4) == [0, 0, 1, 0, 2, 0, 3]


def test_old_is_valid_exactly_after_the_latency() -> None:
    dut = RmwMemory(shape=WORD, depth=4)
    seen = []

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.address, 2)
        await ctx.tick().repeat(RmwMemory.LATENCY)
        ctx.set(dut.write, 1)
        ctx.set(dut.new.value, 7)
        ctx.set(dut.address, 0)
        await ctx.tick()
        ctx.set(dut.write, 0)
        await ctx.tick().repeat(8)
        ctx.set(dut.address, 2)
        for _ in range(RmwMemory.LATENCY + 1):
            seen.append(ctx.get(dut.old.value))
            await ctx.tick()
            ctx.set(dut.address, 0)

    run(dut, testbench)
    assert seen == [0] * RmwMemory.LATENCY + [7]


@pytest.mark.parametrize("seed", range(4))
def test_every_request_of_a_random_stream_sees_all_writes_ahead_of_it(seed: int) -> None:
    generator = random.Random(seed)
    depth = generator.choice([2, 5, 8])
    requests: list[Request] = []
    writer = -1  # address that the request just ahead writes
    for _ in range(600):
        address = generator.choice([a for a in range(depth) if a != writer])
        new = generator.randrange(256) if generator.random() < 0.7 else None
        writer = -1 if new is None else address
        requests.append((address, new))
    model = Model(depth)
    expected = [model.access(address, new) for address, new in requests]
    assert answers(requests, depth=depth) == expected


@pytest.mark.parametrize("depth", [1, 0, -3])
def test_a_memory_has_at_least_two_words(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth must be at least 2, not {depth}"):
        RmwMemory(shape=WORD, depth=depth)
