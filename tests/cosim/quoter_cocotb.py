"""cocotb side of test_component_cosims: gateware.strategy.quoter."""

import os
import random
from typing import Any

import cocotb

from tests.cosim.ports import Ports
from tests.cosim.trigger_ports import drive, offered
from tests.gateware.strategy.quoter_traffic import QuoterTraffic

SEED = int(os.environ["SEED"])
N_CYCLES = 20_000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def quotes_stand_where_they_are_wanted(dut: Any) -> None:
    """Let host, gate and venue be moody; after every calm time the quotes are right."""
    ports, traffic = Ports(dut, "quoter"), QuoterTraffic(random.Random(SEED))
    await ports.start()
    for _ in range(N_CYCLES):
        await drive(ports, traffic.inputs())
        traffic.see(**offered(ports))
        await ports.tick()
    assert min(traffic.orders, traffic.cancels, traffic.fills, traffic.denials) > 30
    assert traffic.calms > 20
