# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.own_prices."""

import random
from typing import Any

from gateware.risk.own_prices import OwnPrices
from tests.gateware.bench import run
from tests.gateware.risk.bench import NARROW

#: Slot: (instrument, side, tick).
Orders = dict[int, tuple[int, int, int]]


def bounds(orders: Orders, instrument: int) -> tuple[int | None, int | None]:
    """Return the highest own buy and the lowest own sell."""
    buys = [t for i, side, t in orders.values() if (i, side) == (instrument, 0)]
    sells = [t for i, side, t in orders.values() if (i, side) == (instrument, 1)]
    return max(buys, default=None), min(sells, default=None)


class Table:
    """The table of open orders around the bounds: what is visited, torn where it is written."""

    def __init__(self, ctx: Any, dut: OwnPrices, rng: random.Random) -> None:
        self.ctx, self.dut, self.rng = ctx, dut, rng
        self.orders: Orders = {}
        self.left: tuple[int, int] | None = None

    async def cycle(self, come: Any = None, slot: int = 0, gone: int | None = None) -> None:
        """Run one cycle, in which an order may come into ``slot`` or leave from ``gone``."""
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.leave.enable, self.left is not None)
        if self.left is not None:
            ctx.set(dut.leave, {"enable": 1, "instrument": self.left[0], "side": self.left[1]})
            self.left = None
        ctx.set(dut.come.enable, come is not None)
        if come is not None:
            instrument, side, tick = come
            ctx.set(dut.come, {"enable": 1, "instrument": instrument, "side": side, "tick": tick})
        granted = self.rng.random() < 0.7
        ctx.set(dut.granted, granted)
        visit = ctx.get(dut.visit)
        at, visits = visit.slot, granted and visit.want
        held = self.orders.get(at)
        if come is not None:
            self.orders[slot] = come
        if gone is not None:
            instrument, side, _ = self.orders.pop(gone)
            self.left = (instrument, side)
        await ctx.tick()
        torn = visits and at in ((slot,) if come is not None else (gone,))
        # What is said without a visit, or torn, must not matter.
        instrument, side, tick = held or (0, self.rng.randrange(2), self.rng.randrange(1000))
        noise = not visits or torn
        ctx.set(
            dut.visited,
            {
                "torn": torn,
                "valid": self.rng.randrange(2) if noise else held is not None,
                "order": {"instrument": instrument, "side": side, "tick": tick},
            },
        )

    async def check(self, *, exact: bool) -> None:
        """Compare every bound with the table."""
        for instrument in range(NARROW.instruments):
            self.ctx.set(self.dut.look, instrument)
            await self.cycle()
            own = self.ctx.get(self.dut.own)
            buy, sell = bounds(self.orders, instrument)
            if exact:
                assert (own.highest_buy if own.buy else None) == buy
                assert (own.lowest_sell if own.sell else None) == sell
            else:
                assert buy is None or (own.buy and own.highest_buy >= buy)
                assert sell is None or (own.sell and own.lowest_sell <= sell)


def test_bounds_are_never_narrower_than_the_orders_and_exact_when_settled() -> None:
    dut, rng = OwnPrices(parameters=NARROW), random.Random(3)
    exact = 0

    async def testbench(ctx: Any) -> None:
        nonlocal exact
        table = Table(ctx, dut, rng)
        for _ in range(900):
            free = [s for s in range(NARROW.order_slots) if s not in table.orders]
            if free and rng.random() < 0.5:
                come = (rng.randrange(4), rng.randrange(2), rng.choice([0, 5, 500, 1023, 700]))
                await table.cycle(come, rng.choice(free))
            elif table.orders and rng.random() < 0.5:
                await table.cycle(gone=rng.choice(list(table.orders)))
            else:
                await table.cycle()
            if rng.random() < 0.15:
                await table.check(exact=False)
            if rng.random() < 0.02:
                cycles = 0
                while not ctx.get(dut.settled) or table.left is not None:
                    await table.cycle()
                    cycles += 1
                    assert cycles < 2000, "walks must end"
                await table.check(exact=True)
                exact += 1

    run(dut, testbench)
    assert exact > 5


def test_a_walk_takes_two_cycles_a_slot_and_one_to_begin_and_to_end() -> None:
    dut = OwnPrices(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.granted, 1)
        ctx.set(dut.leave.enable, 1)
        await ctx.tick()
        ctx.set(dut.leave.enable, 0)
        cycles = 0
        while not ctx.get(dut.settled):
            await ctx.tick()
            cycles += 1
        assert cycles == 2 * NARROW.order_slots + 2

    run(dut, testbench)


def test_clear_forgets_every_bound() -> None:
    dut = OwnPrices(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.come, {"enable": 1, "instrument": 2, "side": 1, "tick": 7})
        await ctx.tick()
        ctx.set(dut.come.enable, 0)
        ctx.set(dut.look, 2)
        await ctx.tick()
        assert (ctx.get(dut.own).sell, ctx.get(dut.own).lowest_sell) == (1, 7)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        ctx.set(dut.clear, 0)
        await ctx.tick()
        assert not ctx.get(dut.own).sell

    run(dut, testbench)
