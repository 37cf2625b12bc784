"""cocotb side of test_component_cosims: gateware.strategy.arbitrage."""

import os
import random
from typing import Any

import cocotb

from tests.cosim.ports import Ports
from tests.cosim.trigger_ports import drive, offered
from tests.gateware.strategy.traffic import ArbitrageTraffic

SEED = int(os.environ["SEED"])
N_CYCLES = 8000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def it_sells_and_buys_where_both_fees_are_paid(dut: Any) -> None:
    """Random markets, a port that stalls, a gate that answers later."""
    ports, traffic = Ports(dut, "arbitrage"), ArbitrageTraffic(random.Random(SEED))
    await ports.start()
    for _ in range(N_CYCLES):
        await drive(ports, traffic.inputs())
        traffic.see(**offered(ports), passed_over=ports.get("passed_over"))
        await ports.tick()
    assert min(traffic.attempts, traffic.denied, traffic.passed_over) > 30
