"""cocotb side of test_component_cosims: gateware.risk.breaker.price_window."""

import os
import random
from typing import Any

import cocotb

from tests.cosim.ports import Ports
from tests.gateware.risk.breaker.window_traffic import WindowTraffic

SEED = int(os.environ["SEED"])
N_CYCLES = 6000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_item_finds_the_extremes_of_the_model(dut: Any) -> None:
    """Random items of every instrument, and buckets that end at any time."""
    ports, traffic = Ports(dut, "price_window"), WindowTraffic(random.Random(SEED))
    await ports.start()
    for _ in range(N_CYCLES):
        await ports.drive(**traffic.inputs())
        traffic.check(ports.get)
        await ports.tick()
