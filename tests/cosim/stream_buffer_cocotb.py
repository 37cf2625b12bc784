"""cocotb side of test_component_cosims: gateware.common.stream_buffer."""

import os
import random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

from sim.drivers.stream import reset
from sim.models.stream_buffer import StreamBuffer as Model
from tests.cosim.ports import Stalls

SEED = int(os.environ["SEED"])
N_CYCLES = 2000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_cycle_is_that_of_the_model(dut: Any) -> None:
    """Random payloads and stalls, both in stretches."""
    rng, model = random.Random(SEED), Model()
    idle, stall = Stalls(rng), Stalls(rng)
    i_valid, i_payload = dut.stream_buffer__i__valid, dut.stream_buffer__i__payload
    o_valid, o_payload = dut.stream_buffer__o__valid, dut.stream_buffer__o__payload
    i_ready, o_ready = dut.stream_buffer__i__ready, dut.stream_buffer__o__ready
    i_valid.value, o_ready.value = 0, 0
    Clock(dut.clk, 10, "ns").start()
    await reset(dut)
    left = 0
    for cycle in range(N_CYCLES):
        offered = None if idle() else rng.getrandbits(len(i_payload))
        taken = not stall()
        i_valid.value = offered is not None
        i_payload.value = rng.getrandbits(len(i_payload)) if offered is None else offered
        o_ready.value = taken
        await ReadOnly()
        head = model.head
        assert bool(int(i_ready.value)) == model.ready, cycle
        assert bool(int(o_valid.value)) == (head is not None), cycle
        if head is not None:
            assert int(o_payload.value) == head, cycle
            left += taken
        model.tick(offered, taken=taken)
        await RisingEdge(dut.clk)
    assert left > N_CYCLES // 10
