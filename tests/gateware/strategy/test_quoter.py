# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.strategy.quoter in Amaranth's own simulator."""

import random
from typing import Any

import pytest

from gateware.strategy.quoter import Quoter
from tests.gateware.bench import run
from tests.gateware.market.bench import MARKET
from tests.gateware.strategy.quoter_traffic import QuoterTraffic

CYCLES = 6000


@pytest.mark.parametrize("seed", range(2))
def test_quotes_stand_where_they_are_wanted_and_nowhere_else(seed: int) -> None:
    dut, traffic = Quoter(parameters=MARKET), QuoterTraffic(random.Random(seed))

    async def testbench(ctx: Any) -> None:
        for _ in range(CYCLES):
            for name, value in traffic.inputs().items():
                ctx.set(dut.intent.ready if name == "intent__ready" else getattr(dut, name), value)
            traffic.see(valid=ctx.get(dut.intent.valid), intent=ctx.get(dut.intent.payload))
            await ctx.tick()

    run(dut, testbench)
    assert min(traffic.orders, traffic.cancels, traffic.fills) > 15
    assert min(traffic.denials, traffic.calms) > 2
