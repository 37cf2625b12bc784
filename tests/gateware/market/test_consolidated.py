# amaranth: UnusedElaboratable=no
"""Tests of gateware.market.consolidated."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from amaranth import ResetInserter, Signal

from gateware.market.consolidated import ConsolidatedMarket
from hw.records import ERROR, EVENT_FLAG, EVENT_KIND
from tests.gateware.bench import run
from tests.gateware.market.market_traffic import MarketTraffic
from tests.gateware.risk.bench import NARROW

LATENCY: Final = ConsolidatedMarket.LATENCY
LOOK_LATENCY: Final = ConsolidatedMarket.LOOK_LATENCY
WIDE: Final = replace(NARROW, venues=4)
BOTH: Final = 1 << EVENT_FLAG.bid | 1 << EVENT_FLAG.ask
INVALID: Final = 1 << EVENT_FLAG.invalid


class Bench:
    """Books that say things; book b has the place ``places[b]``."""

    def __init__(self, ctx: Any, dut: ConsolidatedMarket) -> None:
        self.ctx, self.dut = ctx, dut
        self.places = {0: (1, 0), 1: (1, 1), 2: (1, 2), 3: (2, 3)}

    async def tick(self, cycles: int = 1) -> None:
        """Pass cycles, answering with rows of the mapping."""
        for _ in range(cycles):
            instrument, venue = self.places[self.ctx.get(self.dut.book_select)]
            await self.ctx.tick()
            self.ctx.set(self.dut.book_market, instrument | venue << 8 | 1 << 16)

    async def tell(self, book: int, **fields: int) -> None:
        """Let a book have an event."""
        best = {"kind": EVENT_KIND.best, "flags": BOTH, "time": 100}
        self.ctx.set(self.dut.event, {**best, "book": book, **fields})
        self.ctx.set(self.dut.event_valid, 1)
        await self.tick()
        self.ctx.set(self.dut.event_valid, 0)

    async def strobe(self, name: str) -> None:
        """Set an input for one cycle."""
        self.ctx.set(getattr(self.dut, name), 1)
        await self.tick()
        self.ctx.set(getattr(self.dut, name), 0)

    async def change(self, book: int, **fields: int) -> Any:
        """Return the change that an event makes."""
        await self.tell(book, **fields)
        await self.tick(LATENCY - 1)
        assert self.ctx.get(self.dut.change_valid)
        return self.ctx.get(self.dut.change)

    async def look(self, instrument: int, venue: int = 0) -> Any:
        """Return what a look finds."""
        self.ctx.set(self.dut.look_instrument, instrument)
        self.ctx.set(self.dut.look_venue, venue)
        await self.tick(LOOK_LATENCY)
        return self.ctx.get(self.dut.view)


def bench(job: Callable[[Bench], Awaitable[None]]) -> None:
    """Run a job on a market of four venues."""
    dut = ConsolidatedMarket(parameters=WIDE)

    async def testbench(ctx: Any) -> None:
        await job(Bench(ctx, dut))

    run(dut, testbench)


@pytest.mark.parametrize("venues", [2, 4, pytest.param(8, marks=pytest.mark.slow)])
def test_it_is_the_model_under_random_traffic(venues: int) -> None:
    parameters = replace(NARROW, venues=venues, books=2 * venues, instruments=2)
    dut = ConsolidatedMarket(parameters=parameters)
    traffic = MarketTraffic(parameters, random.Random(venues))

    def get(ctx: Any, name: str) -> Any:
        port = getattr(dut, name)
        return [ctx.get(port[v]) for v in range(venues)] if name == "row" else ctx.get(port)

    async def testbench(ctx: Any) -> None:
        for _ in range(1500):
            for name, value in traffic.inputs().items():
                ctx.set(getattr(dut, name), value)
            traffic.check(lambda name: get(ctx, name))
            await ctx.tick()

    run(dut, testbench)
    assert set(traffic.checker.seen) >= MarketTraffic.INTERESTING


def test_a_change_stands_exactly_latency_cycles_after_its_event() -> None:
    async def job(b: Bench) -> None:
        announced, came = [], []
        await b.tell(2, bid_tick=7, bid_quantity=5, ask_tick=9, ask_quantity=3)
        for _ in range(5):
            announced.append(b.ctx.get(b.dut.change_next_valid))
            came.append(b.ctx.get(b.dut.change_valid))
            if came[-1]:
                change = b.ctx.get(b.dut.change)
                assert (change.instrument, change.venue, change.time) == (1, 2, 100)
                assert (change.bid.known, change.bid.tick, change.bid.quantity) == (1, 7, 5)
                assert (change.ask.known, change.ask.tick, change.ask.quantity) == (1, 9, 3)
            await b.tick()
        assert announced == [0] * (LATENCY - 2) + [1] + [0] * (6 - LATENCY)
        assert came == [0] * (LATENCY - 1) + [1] + [0] * (5 - LATENCY)

    bench(job)


def test_a_look_sees_an_event_exactly_latency_cycles_after_it() -> None:
    async def job(b: Bench) -> None:
        await b.tell(2, bid_tick=7, ask_tick=9)
        b.ctx.set(b.dut.mark_instrument, 1)
        found = []
        for _ in range(4):
            view = await b.look(1, 2)
            mark = b.ctx.get(b.dut.mark)
            assert view.mid_known == mark.mid_known == view.book.part == view.book.seen
            found.append(view.double_mid if view.mid_known else None)
            assert not mark.mid_known or mark.double_mid == view.double_mid
        assert found == [None] * (LATENCY - 1) + [16] * (5 - LATENCY)

    bench(job)


def test_quantities_at_the_best_price_add_up_and_do_not_wrap() -> None:
    most = (1 << WIDE.quantity_bits) - 1

    async def job(b: Bench) -> None:
        b.places = {v: (0, v) for v in range(4)}
        for book in (3, 2, 1):
            change = await b.change(book, bid_tick=50, bid_quantity=most << 7, ask_tick=60)
        assert (change.bid.quantity, change.bid.venue) == (3 * most, 1)
        change = await b.change(0, bid_tick=50, bid_quantity=most, ask_tick=60, ask_quantity=1)
        assert (change.bid.quantity, change.bid.venue) == (4 * most, 0)
        change = await b.change(2, bid_tick=51, bid_quantity=2, ask_tick=59)
        assert (change.bid.tick, change.bid.quantity, change.bid.venue) == (51, 2, 2)
        assert (change.ask.tick, change.ask.quantity, change.ask.venue) == (59, 0, 2)

    bench(job)


@pytest.mark.parametrize("why", ["bid_deferred", "invalid"])
def test_a_side_that_is_not_exact_is_left_out(why: str) -> None:
    async def job(b: Bench) -> None:
        await b.change(0, bid_tick=10, ask_tick=20)
        change = await b.change(1, bid_tick=15, ask_tick=25)
        assert (change.bid.tick, change.bid.venue, change.deferred) == (15, 1, 0)
        # The flag of the side stays set: what says that it does not count wins.
        change = await b.change(1, bid_tick=15, flags=BOTH | 1 << getattr(EVENT_FLAG, why))
        assert (change.bid.tick, change.bid.venue) == (10, 0)
        assert change.deferred == (why == "bid_deferred")
        assert b.ctx.get(b.dut.row[1]).bid_known == 0
        assert b.ctx.get(b.dut.row[1]).valid == (why != "invalid")

    bench(job)


def test_crossed_and_locked_are_of_all_venues() -> None:
    async def job(b: Bench) -> None:
        await b.change(0, bid_tick=10, ask_tick=20)
        told = []
        for bid in (19, 20, 21, 12):
            change = await b.change(1, bid_tick=bid, ask_tick=30)
            told.append((change.crossed, change.locked))
        assert told == [(0, 0), (1, 1), (1, 0), (0, 0)]

    bench(job)


def test_a_changed_mapping_hides_all_that_came_by_the_old_one() -> None:
    async def job(b: Bench) -> None:
        gap = {"flags": INVALID, "error": ERROR.feed_gap}
        await b.tell(0, bid_tick=10, ask_tick=20)
        await b.tell(1, time=77, **gap)
        await b.tell(2, bid_tick=11, ask_tick=19)
        await b.strobe("mapping_changed")
        b.places[1] = (3, 1)
        found = [await b.look(1, 0) for _ in range(6)]
        assert [(f.book.part, f.mid_known) for f in found] == [(0, 0)] * 6
        # A book that says something new brings back what it is, but no other book.
        change = await b.change(1, time=0, flags=INVALID)
        assert (change.instrument, change.venue, change.time, change.bid.known) == (3, 1, 77, 0)
        view = await b.look(3, 1)
        assert (view.book.part, view.book.invalid, view.book.gap, view.book.time) == (1, 1, 1, 77)
        change = await b.change(2, bid_tick=11, ask_tick=19)
        assert (change.bid.tick, change.ask.tick) == (11, 19)
        assert [b.ctx.get(b.dut.row[v]).part for v in range(4)] == [0, 0, 1, 0]

    bench(job)


def test_an_event_of_the_cycle_in_which_the_mapping_changes_has_the_old_one() -> None:
    async def job(b: Bench) -> None:
        b.ctx.set(b.dut.mapping_changed, 1)
        await b.tell(0, bid_tick=10, ask_tick=20)
        b.ctx.set(b.dut.mapping_changed, 0)
        b.places[1] = b.places[0]
        await b.tell(1, bid_tick=5, flags=1 << EVENT_FLAG.bid)
        await b.tick(LATENCY - 2)
        changes = []
        for _ in range(2):
            assert b.ctx.get(b.dut.change_valid)
            change = b.ctx.get(b.dut.change)
            changes.append((change.bid.tick, change.ask.known))
            await b.tick()
        assert changes == [(10, 1), (5, 0)]
        view = await b.look(1, 0)
        assert (view.book.part, view.mid_known) == (1, 0)

    bench(job)


def test_a_gap_lasts_until_the_book_is_cleared() -> None:
    async def job(b: Bench) -> None:
        told = []
        steps: list[dict[str, int]] = [
            {}, {"error": ERROR.feed_gap, "flags": INVALID}, {"error": ERROR.book_invalid}, {},
            {"kind": EVENT_KIND.cleared, "flags": 0}, {},
        ]  # fmt: skip
        for step in steps:
            await b.change(3, **step)
            told.append((await b.look(2, 3)).book.gap)
        assert told == [0, 1, 1, 1, 0, 0]

    bench(job)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": EVENT_KIND.level},
        {"kind": EVENT_KIND.order},
        {"error": ERROR.bad_book},
        {"book": WIDE.books},
    ],
    ids=["level", "order", "bad_book", "no such book"],
)
def test_events_that_say_nothing_of_a_book_change_nothing(fields: dict[str, int]) -> None:
    async def job(b: Bench) -> None:
        await b.change(0, bid_tick=10, ask_tick=20)
        await b.tick()
        await b.tell(**{"book": 0, "bid_tick": 1, "ask_tick": 2, **fields})
        for _ in range(5):
            assert not b.ctx.get(b.dut.change_valid)
            await b.tick()
        assert (await b.look(1)).double_mid == 30

    bench(job)


def test_after_a_reset_nothing_is_known_though_memories_keep_their_words() -> None:
    dut, reset = ConsolidatedMarket(parameters=WIDE), Signal()

    async def testbench(ctx: Any) -> None:
        b = Bench(ctx, dut)
        await b.change(0, bid_tick=10, ask_tick=20)
        await b.tick()
        assert (await b.look(1)).mid_known
        for book in range(3):
            await b.tell(book, bid_tick=10, ask_tick=20)
        ctx.set(reset, 1)
        await b.tick()
        ctx.set(reset, 0)
        for _ in range(5):
            view = await b.look(1)
            assert (view.book.part, view.mid_known, view.last_known) == (0, 0, 0)
            assert not ctx.get(dut.change_valid)
        change = await b.change(1, time=0, flags=1 << EVENT_FLAG.bid, bid_tick=3)
        assert (change.bid.tick, change.ask.known, change.time) == (3, 0, 0)

    run(ResetInserter(reset)(dut), testbench)
