"""cocotb side of test_component_cosims: gateware.market.last_trades."""

import os
import random
from typing import Any

import cocotb

from tests.cosim.ports import Ports
from tests.gateware.market.trade_traffic import TradeTraffic
from tests.gateware.risk.bench import NARROW

SEED = int(os.environ["SEED"])
N_CYCLES = 6000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_look_finds_the_last_trade_of_the_model(dut: Any) -> None:
    """Random trades, and a mapping that is free always, at times, or hardly ever."""
    ports, traffic = Ports(dut, "last_trades"), TradeTraffic(NARROW, random.Random(SEED))
    await ports.start()
    for _ in range(N_CYCLES):
        await ports.drive(**traffic.inputs())
        traffic.check(ports.get)
        await ports.tick()
    assert traffic.seen >= TradeTraffic.INTERESTING
