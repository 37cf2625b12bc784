# amaranth: UnusedElaboratable=no
"""Unit tests of the triggers that follow the market, in Amaranth's own simulator."""

import random
from typing import Any

import pytest

from gateware.strategy.arbitrage import Arbitrage
from gateware.strategy.imbalance_taker import ImbalanceTaker
from sim.models.triggers import ArbitrageSettings, Best, TakerSettings, arbitrage, taker
from tests.gateware.bench import run
from tests.gateware.market.bench import MARKET
from tests.gateware.strategy.traffic import ArbitrageTraffic, TakerTraffic

CYCLES = 3000


def play(dut: Any, traffic: Any) -> None:
    """Let a trigger see random markets."""

    async def testbench(ctx: Any) -> None:
        for _ in range(CYCLES):
            for name, value in traffic.inputs().items():
                ctx.set(dut.intent.ready if name == "intent__ready" else getattr(dut, name), value)
            traffic.see(
                valid=ctx.get(dut.intent.valid), intent=ctx.get(dut.intent.payload),
                passed_over=ctx.get(dut.passed_over),
            )  # fmt: skip
            await ctx.tick()

    run(dut, testbench)


@pytest.mark.parametrize("seed", range(2))
def test_arbitrage_sells_and_buys_exactly_where_both_fees_are_paid(seed: int) -> None:
    traffic = ArbitrageTraffic(random.Random(seed))
    play(Arbitrage(parameters=MARKET), traffic)
    assert min(traffic.attempts, traffic.denied, traffic.passed_over) > 10


@pytest.mark.parametrize("seed", range(2))
def test_the_taker_acts_exactly_on_lopsided_markets(seed: int) -> None:
    traffic = TakerTraffic(random.Random(seed))
    play(ImbalanceTaker(parameters=MARKET), traffic)
    assert traffic.orders > 20
    assert traffic.passed_over > 3


def test_an_attempt_is_free_of_loss_at_the_stated_costs() -> None:
    rng, fee = random.Random(1), 0.001
    for _ in range(2000):
        bid, ask = (Best(rng.randrange(9_900, 10_100), 5, n) for n in (0, 1))
        # What the host sets: the fee at the highest price for which it is to hold, rounded up.
        settings = ArbitrageSettings(
            enabled=True, cost=(11, 11), top=10_100, max_quantity=5, pause=0
        )  # fmt: skip
        if wanted := arbitrage(bid, ask, settings):
            sale, purchase = wanted
            assert sale.tick * (1 - fee) - purchase.tick * (1 + fee) > 0


def test_the_taker_acts_where_the_microprice_is_as_far_as_its_page_says() -> None:
    rng = random.Random(1)
    for _ in range(5000):
        bid, ask = Best(100, rng.randrange(1, 60), 0), Best(104, rng.randrange(1, 60), 1)
        ratio = rng.randrange(17, 99)
        micro = (bid.tick * ask.quantity + ask.tick * bid.quantity) / (ask.quantity + bid.quantity)
        settings = TakerSettings(
            enabled=True, ratio=ratio, max_spread=4, max_quantity=9, pause=0
        )  # fmt: skip
        far = 4 * ratio / (ratio + 16) - 1e-9
        order = taker(bid, ask, settings)
        assert (order is not None and order.tick == 104) == (micro - 100 >= far)
        assert (order is not None and order.tick == 100) == (104 - micro >= far)
