# amaranth: UnusedElaboratable=no
"""Tests of gateware.market.last_trades."""

import random
from typing import Any

from amaranth import Signal

from gateware.market.last_trades import LastTrades
from tests.gateware.bench import run
from tests.gateware.market.trade_traffic import TradeTraffic
from tests.gateware.risk.bench import NARROW


async def trade(ctx: Any, dut: LastTrades, book: int, tick: int) -> None:
    """Let a trade come."""
    ctx.set(dut.trade_valid, 1)
    ctx.set(dut.trade_book, book)
    ctx.set(dut.trade_tick, tick)
    await ctx.tick()
    ctx.set(dut.trade_valid, 0)


def test_it_is_the_model_under_random_traffic() -> None:
    dut, traffic = LastTrades(parameters=NARROW), TradeTraffic(NARROW, random.Random(1))

    async def testbench(ctx: Any) -> None:
        for _ in range(4000):
            for name, value in traffic.inputs().items():
                ctx.set(getattr(dut, name), value)
            traffic.check(lambda name: ctx.get(getattr(dut, name)))
            await ctx.tick()

    run(dut, testbench)
    assert traffic.seen >= TradeTraffic.INTERESTING


def test_a_trade_is_seen_exactly_two_cycles_after_its_turn() -> None:
    dut = LastTrades(parameters=NARROW)
    found = []

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.part, 1)
        ctx.set(dut.instrument, 2)
        ctx.set(dut.look_instrument, 2)
        await trade(ctx, dut, 3, 77)
        assert ctx.get(dut.book) == 3  # its turn is now
        for _ in range(5):
            await ctx.tick()  # the look of the cycle that ends here
            found.append(ctx.get(dut.last) if ctx.get(dut.last_known) else None)

    run(dut, testbench)
    assert found == [None, None, 77, 77, 77]


def test_a_trade_waits_while_the_mapping_is_busy_and_the_fifth_is_counted() -> None:
    dut = LastTrades(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.busy, 1)
        for n in range(dut.QUEUE + 2):
            await trade(ctx, dut, n % 4, n)
        assert ctx.get(dut.dropped) == 2
        ctx.set(dut.busy, 0)
        books = []
        for _ in range(dut.QUEUE):
            books.append(ctx.get(dut.book))
            await ctx.tick()
        assert books == [0, 1, 2, 3]
        ctx.set(dut.clear, 1)
        await ctx.tick()
        assert ctx.get(dut.dropped) == 0

    run(dut, testbench)


def test_there_is_room_for_a_trade_in_the_cycle_in_which_another_leaves() -> None:
    dut = LastTrades(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.busy, 1)
        for n in range(dut.QUEUE):
            await trade(ctx, dut, n, n)
        ctx.set(dut.busy, 0)
        for n in range(8):
            await trade(ctx, dut, n % 4, n)
        assert ctx.get(dut.dropped) == 0

    run(dut, testbench)


def test_the_count_of_dropped_trades_stops_at_its_largest_value() -> None:
    dut = LastTrades(parameters=NARROW)
    dut.dropped = Signal(32, init=2**32 - 3)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.busy, 1)
        for n in range(dut.QUEUE):
            await trade(ctx, dut, 0, n)
        counts = []
        for n in range(3):
            await trade(ctx, dut, 0, n)
            counts.append(ctx.get(dut.dropped))
        assert counts == [2**32 - 2, 2**32 - 1, 2**32 - 1]

    run(dut, testbench)


def test_a_trade_of_no_book_of_the_build_takes_no_turn() -> None:
    dut = LastTrades(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.part, 1)
        await trade(ctx, dut, NARROW.books, 5)
        await ctx.tick().repeat(4)
        assert not ctx.get(dut.last_known)
        await trade(ctx, dut, 1, 6)
        await ctx.tick().repeat(4)
        assert (ctx.get(dut.last_known), ctx.get(dut.last)) == (1, 6)

    run(dut, testbench)


def test_a_price_that_is_too_large_leaves_no_last_price() -> None:
    dut = LastTrades(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.part, 1)
        known = []
        for tick in (5, 1 << NARROW.tick_bits, (1 << NARROW.tick_bits) - 1, 1 << 63):
            await trade(ctx, dut, 0, tick)
            await ctx.tick().repeat(3)
            known.append(ctx.get(dut.last_known))
        assert known == [1, 0, 1, 0]

    run(dut, testbench)
