"""cocotb side of test_component_cosims: gateware.common.stream_arbiter."""

import os
import random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

from sim.drivers.stream import reset
from sim.models.stream_arbiter import StreamArbiter as Model
from tests.cosim.bench import ARBITER_INPUTS
from tests.cosim.ports import Stalls

SEED = int(os.environ["SEED"])
N_CYCLES = 2000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_cycle_is_that_of_the_model(dut: Any) -> None:
    """Random payloads on every input, random stalls, all in stretches."""
    rng, model = random.Random(SEED), Model(ARBITER_INPUTS)
    idles, stall = [Stalls(rng) for _ in range(ARBITER_INPUTS)], Stalls(rng)

    def handles(name: str) -> list[Any]:
        return [getattr(dut, f"stream_arbiter__i{n}__{name}") for n in range(ARBITER_INPUTS)]

    valid, ready, payload = handles("valid"), handles("ready"), handles("payload")
    o_valid, o_payload = dut.stream_arbiter__o__valid, dut.stream_arbiter__o__payload
    o_ready = dut.stream_arbiter__o__ready
    for one in (*valid, o_ready):
        one.value = 0
    Clock(dut.clk, 10, "ns").start()
    await reset(dut)
    served = [0] * ARBITER_INPUTS
    for cycle in range(N_CYCLES):
        drawn = [rng.getrandbits(len(one)) for one in payload]
        offered = [None if idle() else bits for idle, bits in zip(idles, drawn, strict=True)]
        taken = not stall()
        for n in range(ARBITER_INPUTS):
            valid[n].value = offered[n] is not None
            payload[n].value = drawn[n]
        o_ready.value = taken
        await ReadOnly()
        turn, head = model.turn(offered), model.buffer.head
        assert [bool(int(one.value)) for one in ready] == [
            n == turn for n in range(ARBITER_INPUTS)
        ], cycle
        assert bool(int(o_valid.value)) == (head is not None), cycle
        if head is not None:
            assert int(o_payload.value) == head, cycle
        if turn is not None:
            served[turn] += 1
        model.tick(offered, taken=taken)
        await RisingEdge(dut.clk)
    assert min(served) > N_CYCLES // 50
