"""cocotb side of test_component_cosims: gateware.market.consolidated."""

import os
import random
from typing import Any

import cocotb

from tests.cosim.ports import Ports
from tests.gateware.market.bench import MARKET
from tests.gateware.market.market_traffic import MarketTraffic

SEED = int(os.environ["SEED"])
N_CYCLES = 6000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_change_and_look_is_that_of_the_model(dut: Any) -> None:
    """Random events and trades, from none to one a cycle, with forgets and clears."""
    ports, traffic = Ports(dut, "consolidated"), MarketTraffic(MARKET, random.Random(SEED))
    await ports.start()
    for _ in range(N_CYCLES):
        await ports.drive(**traffic.inputs())
        traffic.check(ports.get)
        await ports.tick()
    assert MarketTraffic.INTERESTING | {"venues at the best 3"} <= set(traffic.checker.seen)
