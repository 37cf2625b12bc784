"""The consolidated market: best bid and offer over all venues, and the state of each book."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.records import BOOK_EVENT_LAYOUT
from gateware.common.view import view
from gateware.market.last_trades import LastTrades
from gateware.market.layouts import (
    index_of,
    market_change,
    market_mark,
    market_side,
    market_venue,
    market_view,
)
from gateware.market.looks import answer_looks, there_layout
from gateware.market.pairs import best_of
from gateware.market.rows import keep_rows
from gateware.market.told import book_history, take_event
from hw.risk_parameters import RiskParameters

__all__ = ["ConsolidatedMarket"]


class ConsolidatedMarket(wiring.Component):
    """Keep the market of every instrument over all its venues.

    The mapping gives each book a place: an instrument at a venue. The books of an instrument make
    its best bid and offer; a side counts if its book is not invalid and the side has a price that
    is not deferred. If two books have the same place, it holds what the later event said.

    Timing
    ------
    Event: cycle 0; its row of the mapping is looked at in cycle 1; the change stands in cycle
    ``LATENCY``. One event a cycle, of any books.

    Look: cycle 0; answered in cycle ``LOOK_LATENCY``. It shows the events of ``LATENCY`` cycles
    before and earlier, and no others; of trades see ``LastTrades``.

    ``mapping_changed`` in cycle k: events of cycle k and before have the old mapping; their changes
    still come. Looks in cycle k and later, and changes of later events, show none of what they
    said: the places, best prices and last trades come back with the next event or trade of each
    book. What is a book's own stays: the time of its last event, and whether its feed has a gap.

    ``clear`` in cycle k: events of cycle k and before are forgotten, and no change of theirs comes
    after cycle k. Nothing is swept: a word counts only where a flip-flop says so.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Members
    -------
    event_valid, event : ``In(1)``, ``In(BOOK_EVENT_LAYOUT)``
        What a book says. Ignored: ``level`` and ``order`` events, the error ``bad_book``, and books
        that the build does not have. A time of 0 leaves the book's time as it was. A price of more
        than ``tick_bits`` bits is not known; quantities and times stop at their largest value.
    trade_valid, trade_book, trade_tick : ``In(1)``, ``In(16)``, ``In(64)``
        A trade, as in ``LastTrades``.
    trades_dropped : ``Out(32)``
        Trades that found no room to wait; stops at its largest value.
    book_select, book_market : ``Out``, ``In(32)``
        A row of the mapping, there one cycle later: instrument, venue, and whether the book takes
        part. It does not where the build has no such instrument or venue.
    look_instrument, look_venue, view : ``In``, ``In``, ``Out(market_view)``
        A look.
    mark_instrument, mark : ``In``, ``Out(market_mark)``
        Another one, for somebody else.
    change_next_valid, change_next_instrument : ``Out(1)``, ``Out``
        There is a change in the next cycle, and of which instrument.
    change_valid, change : ``Out(1)``, ``Out(market_change)``
        For one cycle: an instrument after an event of one of its books.
    row : ``Out(market_venue)`` for each venue
        What the venues have in it, with ``change_valid``.
    mapping_changed : ``In(1)``
        Forget what came by the old mapping.
    clear : ``In(1)``
        Forget everything.
    """

    LATENCY: Final = 3
    LOOK_LATENCY: Final = 1

    event_valid: Value
    event: Any
    trade_valid: Value
    trade_book: Value
    trade_tick: Value
    trades_dropped: Value
    book_select: Value
    book_market: Value
    look_instrument: Value
    look_venue: Value
    view: Any
    mark_instrument: Value
    mark: Any
    change_next_valid: Value
    change_next_instrument: Value
    change_valid: Value
    change: Any
    row: Any
    mapping_changed: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        instrument, venue = index_of(p.instruments), index_of(p.venues)
        self._there = there_layout(p)
        super().__init__(
            {
                "event_valid": In(1),
                "event": In(BOOK_EVENT_LAYOUT),
                "trade_valid": In(1),
                "trade_book": In(16),
                "trade_tick": In(64),
                "trades_dropped": Out(32),
                "book_select": Out(index_of(p.books)),
                "book_market": In(32),
                "look_instrument": In(instrument),
                "look_venue": In(venue),
                "view": Out(market_view(p)),
                "mark_instrument": In(instrument),
                "mark": Out(market_mark(p)),
                "change_next_valid": Out(1),
                "change_next_instrument": Out(instrument),
                "change_valid": Out(1),
                "change": Out(market_change(p)),
                "row": Out(market_venue(p)).array(p.venues),
                "mapping_changed": In(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        counts, said = take_event(m, self.event, p)
        valid = Signal(name="said_valid")
        m.d.sync += valid.eq(self.event_valid & counts & ~self.clear)
        self.gaps, self.timed = Signal(p.books), Signal(p.books)
        gap, time = book_history(m, self, valid, said)
        place, part = self._placed(m)
        there, told = view(self._there, name="there"), Signal()
        forgets = self._live(m, [valid & part, told], [place, there.place])
        row, prices = keep_rows(m, valid & part, said, place, self.live[0], p)
        m.d.sync += [
            told.eq(valid & part & ~self.clear),
            there.place.eq(place),
            *(there.state[name].eq(said[name]) for name in ("invalid", "deferred", "crossed")),
            there.state.gap.eq(gap),
            there.state.time.eq(time),
        ]
        best = self._change(m, told, there, row, prices)
        hidden = Cat(forgets, self.clear).any()
        answer_looks(m, self, told, there, row.part, best, hidden)
        self._trades(m, place, part)
        return m

    def _live(self, m: Module, valid: list[Value], places: list[Any]) -> list[Value]:
        """Say which instruments had an event since all was forgotten, in the stages 1 and 2.

        Returns ``mapping_changed``, and as it follows the events of its cycle.
        """
        forgets = [self.mapping_changed, Signal(name="forget1"), Signal(name="forget2")]
        self.live = [Signal(self.parameters.instruments, name=f"live{n}") for n in (1, 2)]
        for n, live in enumerate(self.live):
            m.d.sync += forgets[n + 1].eq(forgets[n])
            with m.If(valid[n]):
                m.d.sync += live.bit_select(places[n].instrument, 1).eq(1)
            with m.If(forgets[n + 1] | self.clear):
                m.d.sync += live.eq(0)
        return forgets

    def _placed(self, m: Module) -> tuple[Any, Value]:
        """Return the place of the book whose row is there in cycle 1, and whether it takes part."""
        place, part = view(self._there["place"].shape, name="place"), Signal()
        row = self.book_market
        beyond = Cat(row[len(place.instrument) : 8], row[8 + len(place.venue) : 16]).any()
        m.d.comb += [
            place.instrument.eq(row),
            place.venue.eq(row[8:]),
            part.eq(row[16] & ~beyond),
        ]
        return place, part

    def _change(self, m: Module, told: Value, there: Any, row: Any, prices: list[Any]) -> Any:
        """Find the best of both sides in cycle 2, return it, and show the change in cycle 3."""
        p = self.parameters
        best = view(data.StructLayout({"bid": market_side(p), "ask": market_side(p)}), name="best")
        for side, holds in (("bid", row.pairs.bids), ("ask", row.pairs.asks)):
            ticks, quantities = (
                [each[f"{side}_{what}"] for each in prices] for what in ("tick", "quantity")
            )
            found = best_of(m, holds, ticks, quantities, name=side)
            m.d.comb += [best[side][field].eq(value) for field, value in found.items()]
        change = view(self.change.shape(), name="changed")
        m.d.sync += [
            self.change_valid.eq(told & ~self.clear),
            change.instrument.eq(there.place.instrument),
            change.venue.eq(there.place.venue),
            change.time.eq(there.state.time),
            change.bid.eq(best.bid),
            change.ask.eq(best.ask),
            change.crossed.eq(row.pairs.meets.any()),
            change.locked.eq(row.pairs.meets.any() & ~row.pairs.passes.any()),
            change.deferred.eq(row.deferred.any()),
        ]
        m.d.comb += [
            self.change.eq(change),
            self.change_next_valid.eq(told & ~self.clear),
            self.change_next_instrument.eq(there.place.instrument),
        ]
        for v in range(p.venues):
            venue = view(market_venue(p), name=f"venue{v}")
            m.d.sync += [
                venue.part.eq(row.part[v]),
                venue.valid.eq(row.valid[v]),
                venue.bid_known.eq(row.pairs.bids[v * p.venues + v]),
                venue.bid_tick.eq(prices[v].bid_tick),
                venue.ask_known.eq(row.pairs.asks[v * p.venues + v]),
                venue.ask_tick.eq(prices[v].ask_tick),
            ]
            m.d.comb += self.row[v].eq(venue)
        return best

    def _trades(self, m: Module, place: Any, part: Value) -> None:
        """Lead the trades to where they are kept; they use the mapping when no event does."""
        m.submodules.trades = trades = LastTrades(parameters=self.parameters)
        m.d.comb += [
            trades.trade_valid.eq(self.trade_valid),
            trades.trade_book.eq(self.trade_book),
            trades.trade_tick.eq(self.trade_tick),
            self.trades_dropped.eq(trades.dropped),
            trades.busy.eq(self.event_valid),
            self.book_select.eq(Mux(self.event_valid, self.event.book, trades.book)),
            trades.part.eq(part),
            trades.instrument.eq(place.instrument),
            trades.look_instrument.eq(self.look_instrument),
            self.view.last.eq(trades.last),
            self.view.last_known.eq(trades.last_known),
            trades.forget.eq(self.mapping_changed),
            trades.clear.eq(self.clear),
        ]
