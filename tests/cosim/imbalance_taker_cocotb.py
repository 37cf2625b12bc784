"""cocotb side of test_component_cosims: gateware.strategy.imbalance_taker."""

import os
import random
from typing import Any

import cocotb

from tests.cosim.ports import Ports
from tests.cosim.trigger_ports import drive, offered
from tests.gateware.strategy.traffic import TakerTraffic

SEED = int(os.environ["SEED"])
N_CYCLES = 8000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def it_acts_on_lopsided_markets(dut: Any) -> None:
    """Random markets and a port that stalls."""
    ports, traffic = Ports(dut, "imbalance_taker"), TakerTraffic(random.Random(SEED))
    await ports.start()
    for _ in range(N_CYCLES):
        await drive(ports, traffic.inputs())
        traffic.see(**offered(ports), passed_over=ports.get("passed_over"))
        await ports.tick()
    assert min(traffic.orders, traffic.passed_over) > 20
