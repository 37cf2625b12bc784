# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.common.stream_arbiter in Amaranth's own simulator."""

import random
from typing import Any

import pytest
from amaranth import unsigned
from amaranth.lib import data

from gateware.common.stream_arbiter import StreamArbiter
from sim.models.stream_arbiter import StreamArbiter as Model
from tests.gateware.bench import run

PAYLOAD = data.StructLayout({"source": unsigned(3), "number": unsigned(5)})


def test_a_payload_is_out_exactly_after_the_latency() -> None:
    dut = StreamArbiter(shape=PAYLOAD, inputs=3)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        ctx.set(dut.sources[1].valid, 1)
        ctx.set(dut.sources[1].payload, {"source": 1, "number": 17})
        assert ctx.get(dut.sources[1].ready)
        for _ in range(StreamArbiter.LATENCY):
            assert not ctx.get(dut.o.valid)
            await ctx.tick()
            ctx.set(dut.sources[1].valid, 0)
        assert ctx.get(dut.o.valid)
        assert ctx.get(dut.o.payload.source) == 1
        assert ctx.get(dut.o.payload.number) == 17

    run(dut, testbench)


@pytest.mark.parametrize("inputs", [2, 3, 5])
def test_inputs_that_are_always_valid_take_turns(inputs: int) -> None:
    dut = StreamArbiter(shape=unsigned(8), inputs=inputs)
    got = []

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        for n, i in enumerate(dut.sources):
            ctx.set(i.valid, 1)
            ctx.set(i.payload, n)
        await ctx.tick().repeat(StreamArbiter.LATENCY)
        for _ in range(4 * inputs):
            assert ctx.get(dut.o.valid)
            got.append(ctx.get(dut.o.payload))
            await ctx.tick()

    run(dut, testbench)
    assert got == 4 * list(range(inputs))


def test_no_cycle_is_lost_on_inputs_that_have_nothing() -> None:
    dut = StreamArbiter(shape=unsigned(8), inputs=4)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        for cycle in range(20):
            turn = (0, 3, 3, 1)[cycle % 4]
            for n, i in enumerate(dut.sources):
                ctx.set(i.valid, n == turn)
                ctx.set(i.payload, cycle)
            assert ctx.get(dut.sources[turn].ready)
            if cycle >= StreamArbiter.LATENCY:
                assert ctx.get(dut.o.payload) == cycle - StreamArbiter.LATENCY
            await ctx.tick()

    run(dut, testbench)


@pytest.mark.parametrize("inputs", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_every_cycle_is_that_of_the_model(inputs: int, seed: int) -> None:
    dut = StreamArbiter(shape=unsigned(8), inputs=inputs)
    model, rng = Model(inputs), random.Random(seed)

    async def testbench(ctx: Any) -> None:
        offer, take = rng.random(), rng.random()
        for _ in range(400):
            offered = [rng.randrange(256) if rng.random() < offer else None for _ in dut.sources]
            taken = rng.random() < take
            for i, payload in zip(dut.sources, offered, strict=True):
                ctx.set(i.valid, payload is not None)
                ctx.set(i.payload, rng.randrange(256) if payload is None else payload)
            ctx.set(dut.o.ready, taken)
            turn, head = model.turn(offered), model.buffer.head
            assert [ctx.get(i.ready) for i in dut.sources] == [n == turn for n in range(inputs)]
            assert ctx.get(dut.o.valid) == (head is not None)
            if head is not None:
                assert ctx.get(dut.o.payload) == head
            model.tick(offered, taken=taken)
            await ctx.tick()

    run(dut, testbench)


@pytest.mark.parametrize("inputs", [1, 0, -2])
def test_there_are_at_least_two_inputs(inputs: int) -> None:
    with pytest.raises(ValueError, match=f"inputs must be at least 2, not {inputs}"):
        StreamArbiter(shape=unsigned(8), inputs=inputs)
    with pytest.raises(ValueError, match=f"inputs must be at least 2, not {inputs}"):
        Model(inputs)
