"""cocotb side of test_book_top_cosim: runs inside the simulator."""

import os
import random
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from host.device.records import EVENT_DTYPE
from hw.records import EVENT_KIND
from hw.registers import REGISTERS, map_id
from sim.drivers.stream import reset, send, sink
from sim.orderflow import order_flow
from sim.verify import Verifier
from tests.sim.updates import TINY

SEED = int(os.environ["SEED"])
IDLE = float(os.environ["IDLE"])
STALL = float(os.environ["STALL"])
N_UPDATES = 400


async def start(dut: Any) -> None:
    """Start the clock and reset, with every input at rest."""
    for port in ("i__valid", "i__payload", "o__ready", "csr_address", "csr_r_stb", "csr_w_stb"):
        getattr(dut, port).value = 0
    dut.csr_w_data.value = 0
    Clock(dut.clk, 10, "ns").start()
    await reset(dut)


async def read(dut: Any, address: int) -> int:
    """Read one word of the register bus."""
    dut.csr_address.value = address
    dut.csr_r_stb.value = 1
    await RisingEdge(dut.clk)
    dut.csr_r_stb.value = 0
    await RisingEdge(dut.clk)
    return int(dut.csr_r_data.value)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def every_event_is_the_models_under_random_stalls(dut: Any) -> None:
    """Adversarial flow: every kind and every error, with both streams stalling."""
    (updates,) = order_flow("adversarial", TINY, n=N_UPDATES, rng=np.random.default_rng(SEED))
    rng = random.Random(SEED)
    got: list[bytes] = []
    await start(dut)
    cocotb.start_soon(sink(dut, "o", got, rng=rng, stall=STALL))
    await send(dut, "i", (u.tobytes() for u in updates), rng=rng, idle=IDLE)

    def events() -> Any:
        return np.frombuffer(b"".join(got), EVENT_DTYPE)

    closing = (EVENT_KIND.best, EVENT_KIND.cleared, EVENT_KIND.read_done)
    while np.isin(events()["kind"], closing).sum() < N_UPDATES:
        await RisingEdge(dut.clk)
    for _ in range(2000):  # what was deferred is resolved meanwhile
        await RisingEdge(dut.clk)
    verifier = Verifier(TINY)
    verifier.feed(updates, events())
    result = verifier.finish()
    assert result.first == []
    assert result.updates == N_UPDATES
    assert await read(dut, REGISTERS["updates"].address) == N_UPDATES


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def registers_answer_after_reset(dut: Any) -> None:
    """Read the identity of the build, and wait for ready."""
    await start(dut)
    assert await read(dut, REGISTERS["map_id"].address) == map_id(TINY)
    assert await read(dut, REGISTERS["books"].address) == TINY.books
    while not await read(dut, REGISTERS["status"].address) & 1:
        pass
