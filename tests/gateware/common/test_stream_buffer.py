# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.common.stream_buffer in Amaranth's own simulator."""

import random
from typing import Any

import pytest
from amaranth import unsigned
from amaranth.lib import data

from gateware.common.stream_buffer import StreamBuffer
from sim.models.stream_buffer import StreamBuffer as Model
from tests.gateware.bench import run

PAYLOAD = data.StructLayout({"low": unsigned(3), "high": unsigned(5)})


def test_a_payload_is_out_exactly_after_the_latency() -> None:
    dut = StreamBuffer(shape=PAYLOAD)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        ctx.set(dut.i.valid, 1)
        ctx.set(dut.i.payload, {"low": 5, "high": 17})
        assert ctx.get(dut.i.ready)
        for _ in range(StreamBuffer.LATENCY):
            assert not ctx.get(dut.o.valid)
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
        assert ctx.get(dut.o.valid)
        assert ctx.get(dut.o.payload.low) == 5
        assert ctx.get(dut.o.payload.high) == 17
        await ctx.tick()
        assert not ctx.get(dut.o.valid)

    run(dut, testbench)


def test_one_payload_passes_in_every_cycle() -> None:
    dut = StreamBuffer(shape=unsigned(8))
    got = []

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        ctx.set(dut.i.valid, 1)
        for n in range(50):
            ctx.set(dut.i.payload, n)
            assert ctx.get(dut.i.ready)
            if n >= StreamBuffer.LATENCY:
                assert ctx.get(dut.o.valid)
                got.append(ctx.get(dut.o.payload))
            await ctx.tick()

    run(dut, testbench)
    assert got == list(range(50 - StreamBuffer.LATENCY))


def test_a_stalled_buffer_takes_as_many_payloads_as_it_has_places() -> None:
    dut = StreamBuffer(shape=unsigned(8))
    taken = 0

    async def testbench(ctx: Any) -> None:
        nonlocal taken
        ctx.set(dut.i.valid, 1)
        for _ in range(8):
            taken += ctx.get(dut.i.ready)
            await ctx.tick()

    run(dut, testbench)
    assert taken == StreamBuffer.PLACES


def test_ready_does_not_follow_the_sink_within_a_cycle() -> None:
    dut = StreamBuffer(shape=unsigned(8))

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.i.valid, 1)
        await ctx.tick().repeat(StreamBuffer.PLACES)
        ctx.set(dut.o.ready, 1)
        assert not ctx.get(dut.i.ready)
        await ctx.tick()
        ctx.set(dut.o.ready, 0)
        assert ctx.get(dut.i.ready)

    run(dut, testbench)


@pytest.mark.parametrize("seed", range(4))
def test_every_cycle_is_that_of_the_model(seed: int) -> None:
    dut, model, rng = StreamBuffer(shape=unsigned(8)), Model(), random.Random(seed)

    async def testbench(ctx: Any) -> None:
        offer, take = rng.random(), rng.random()
        for _ in range(400):
            offered = rng.randrange(256) if rng.random() < offer else None
            taken = rng.random() < take
            ctx.set(dut.i.valid, offered is not None)
            ctx.set(dut.i.payload, rng.randrange(256) if offered is None else offered)
            ctx.set(dut.o.ready, taken)
            assert ctx.get(dut.i.ready) == model.ready
            assert ctx.get(dut.o.valid) == (model.head is not None)
            if model.head is not None:
                assert ctx.get(dut.o.payload) == model.head
            model.tick(offered, taken=taken)
            await ctx.tick()

    run(dut, testbench)
