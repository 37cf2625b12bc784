# amaranth: UnusedElaboratable=no
"""What test_consolidated_proof proves: one instrument, watched through every event."""

from types import ModuleType
from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from hw.records import ERROR, EVENT_KIND
from tests.formal.market_rules import (
    EVENT,
    TIME,
    best,
    narrow,
    quote_layout,
    quote_of,
    relations,
)
from tests.formal.prover import assume, without_reset

__all__ = ["Claim"]

VENUES: Final = 2
PARAMETERS: Final = narrow(VENUES)
QUOTE: Final = quote_layout()
ROW: Final = data.ArrayLayout(QUOTE, VENUES)


class Claim(wiring.Component):
    """One instrument, watched through every event."""

    event: Any
    event_valid: Signal
    book_market: Signal
    watched: Signal
    venue: Signal
    mapping_changed: Signal
    clear: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        ports = {"event_valid": In(1), "event": In(EVENT), "book_market": In(32)}
        looked = {"watched": In(1), "venue": In(1), "mapping_changed": In(1), "clear": In(1)}
        super().__init__({**ports, **looked})

    def elaborate(self, platform: object) -> Module:
        """Keep the ghost, and compare."""
        m = Module()
        without_reset(m)
        self.dut = dut = self.module.ConsolidatedMarket(parameters=PARAMETERS)
        assert dut.LATENCY == 3
        assert dut.LOOK_LATENCY == 1
        self.inside: Any = dut.elaborate(platform)
        m.submodules.dut = self.inside
        for name in ("event_valid", "book_market", "mapping_changed", "clear"):
            m.d.comb += getattr(dut, name).eq(getattr(self, name))
        m.d.comb += [dut.event[name].eq(self.event[name]) for name in EVENT.members]
        m.d.comb += [
            dut.look_instrument.eq(self.watched),
            dut.look_venue.eq(self.venue),
            dut.mark_instrument.eq(self.watched),
        ]
        first, watched, venue = Signal(init=1), Signal(1), Signal(1)
        m.d.sync += [first.eq(0), watched.eq(self.watched), venue.eq(self.venue)]
        assume(m, first | ((watched == self.watched) & (venue == self.venue)))
        after, hit, place = self._ghost(m)
        self._changes(m, after, hit, place)
        self._shown(m)
        self._memories(m)
        return m

    def _ghost(self, m: Module) -> tuple[Any, Value, Any]:
        """Keep the row after each event; return the one after that of cycle 2 ago at stage 2."""
        e = self.event
        counts = (
            self.event_valid
            & (
                (e.kind == EVENT_KIND.best)
                | (e.kind == EVENT_KIND.resolved)
                | (e.kind == EVENT_KIND.cleared)
                | (e.kind == EVENT_KIND.read_done)
            )
            & (e.error != ERROR.bad_book)
            & (e.book < PARAMETERS.books)
        )
        # The event is kept one cycle, until its row of the mapping is there.
        valid = Signal()
        event: Any = Signal(EVENT)
        m.d.sync += [valid.eq(counts & ~self.clear), event.eq(e)]
        gap, time = self._past(m, valid, event)
        row = self.book_market
        instrument, venue, part = row[:8], row[8:16], row[16]
        hit = valid & part & (instrument < 2) & (venue < VENUES)
        ours = hit & (instrument == self.watched)
        self.row: Any = Signal(ROW)
        after: Any = Signal(ROW, name="after")
        m.d.comb += after.eq(self.row)
        with m.If(ours):
            for v in range(VENUES):
                with m.If(venue == v):
                    quote = after[v]
                    m.d.comb += [quote[n].eq(x) for n, x in quote_of(event, gap, time).items()]
        forget = Signal()
        m.d.sync += [self.row.eq(after), forget.eq(self.mapping_changed)]
        with m.If(forget | self.clear):
            m.d.sync += self.row.eq(0)
        self.forget = forget
        return after, hit, Cat(instrument[:1], venue[:1])

    def _past(self, m: Module, valid: Value, event: Any) -> tuple[Value, Value]:
        """Keep gap and time of both books."""
        gap, time = Signal(), Signal(TIME)
        for book in range(2):
            kept_gap, kept_time = Signal(name=f"gap{book}"), Signal(TIME, name=f"time{book}")
            said = Mux(event.time >= 1 << TIME, (1 << TIME) - 1, event.time)
            with m.If(event.book == book):
                m.d.comb += [
                    gap.eq(
                        Mux(event.kind == EVENT_KIND.cleared, 0, kept_gap)
                        | (event.error == ERROR.feed_gap)
                    ),
                    time.eq(Mux(event.time == 0, kept_time, said)),
                ]
                with m.If(valid):
                    m.d.sync += [kept_gap.eq(gap), kept_time.eq(time)]
            with m.If(self.clear):
                m.d.sync += [kept_gap.eq(0), kept_time.eq(0)]
            # What carries the induction, as in _memories.
            timed, stored = self.dut.timed[book], self._read(m, "times", Const(book, 1))
            m.d.comb += [
                Assert(kept_gap == self.dut.gaps[book], "gap"),
                Assert(kept_time == Mux(timed, stored, 0), "time"),
            ]
        return gap, time

    def _changes(self, m: Module, after: Any, hit: Value, place: Value) -> None:
        """Compare a change with the ghost after its event."""
        valid: list[Any] = [hit, Signal(name="valid2"), Signal(name="valid3")]
        places = [place, Signal(2, name="place2"), Signal(2, name="place3")]
        snapshots: list[Any] = [after, Signal(ROW, name="after2"), Signal(ROW, name="after3")]
        for n in range(2):
            m.d.sync += [
                valid[n + 1].eq(valid[n] & ~self.clear),
                places[n + 1].eq(places[n]),
                snapshots[n + 1].eq(snapshots[n]),
            ]
        change, now = self.dut.change, snapshots[2]
        announced = self.dut.change_next_valid
        m.d.comb += [
            Assert(self.dut.change_valid == valid[2], "a change is lost or too many"),
            Assert(announced == (valid[1] & ~self.clear), "a change was not announced"),
            Assert(~announced | (self.dut.change_next_instrument == places[1][0]), "announced"),
        ]
        bid, ask = self._best(now)
        with m.If(valid[2]):
            m.d.comb += [
                Assert(change.instrument == places[2][0], "instrument"),
                Assert(change.venue == places[2][1:], "venue"),
            ]
        with m.If(valid[2] & (places[2][0] == self.watched)):
            for side, of in (("bid", bid), ("ask", ask)):
                m.d.comb += [
                    Assert(change[side][n] == Mux(of["known"], value, 0), f"{side} {n}")
                    for n, value in of.items()
                ]
            both = bid["known"] & ask["known"]
            deferred = Cat(now[v].part & now[v].deferred for v in range(VENUES)).any()
            m.d.comb += [
                Assert(change.crossed == (both & (bid["tick"] >= ask["tick"])), "crossed"),
                Assert(change.locked == (both & (bid["tick"] == ask["tick"])), "locked"),
                Assert(change.deferred == deferred, "deferred"),
            ]
            at = data.ArrayLayout(TIME, VENUES)
            times = data.View(at, Cat(now[v].time for v in range(VENUES)))
            m.d.comb += Assert(change.time == times[places[2][1:]], "time")
            for v in range(VENUES):
                m.d.comb += self._venue(now[v], self.dut.row[v], v)

    def _venue(self, quote: Any, told: Any, v: int) -> list[Any]:
        claims: list[Any] = [
            Assert(told.part == quote.part, f"part {v}"),
            Assert(told.valid == (quote.part & ~quote.invalid), f"valid {v}"),
        ]
        for side in ("bid", "ask"):
            known, tick = quote[f"{side}_known"], quote[f"{side}_tick"]
            claims += [
                Assert(told[f"{side}_known"] == known, f"{side} known {v}"),
                Assert(~known | (told[f"{side}_tick"] == tick), f"{side} tick {v}"),
            ]
        return claims

    def _shown(self, m: Module) -> None:
        """Compare looks with the ghost of ``LATENCY`` cycles before."""
        self.kept: Any = Signal(ROW, name="kept")
        m.d.sync += self.kept.eq(self.row)
        forgets = Signal()
        m.d.sync += forgets.eq(self.forget)
        with m.If(self.clear | forgets):
            m.d.sync += self.kept.eq(0)
        hidden = self.mapping_changed | self.forget | forgets | self.clear
        looked = Signal()
        found: Any = Signal(ROW, name="found")
        m.d.sync += [
            looked.eq(1),
            Value.cast(found).eq(Mux(hidden, 0, Value.cast(self.kept))),
        ]
        bid, ask = self._best(found)
        book, quote = self.dut.view.book, found[self.venue]
        with m.If(looked):
            for name, told in (("look", self.dut.view), ("mark", self.dut.mark)):
                known, mid = told.mid_known, told.double_mid
                m.d.comb += [
                    Assert(known == (bid["known"] & ask["known"]), f"{name} known"),
                    Assert(~known | (mid == bid["tick"] + ask["tick"]), f"{name} mid"),
                ]
            m.d.comb += [
                Assert(book.part == quote.part, "look part"),
                Assert(book.seen == quote.part, "look seen"),
            ]
            with m.If(quote.part):
                states = ["invalid", "deferred", "crossed", "gap", "time"]
                m.d.comb += [Assert(book[n] == quote[n], f"look {n}") for n in states]

    def _memories(self, m: Module) -> None:
        """Say what carries the induction: the memories hold what the ghosts do."""
        stored = self._read(m, "rows", self.watched)
        live, shown = (live.bit_select(self.watched, 1) for live in self.dut.live)
        venues = range(VENUES)

        def parts(row: Any) -> Value:
            return Cat(row[v].part for v in venues)

        kept = self._read(m, "best", self.watched)
        states = self._read(m, "states", Cat(self.venue, self.watched))
        m.d.comb += [
            Assert(live == parts(self.row).any(), "live"),
            Assert(shown == parts(self.kept).any(), "shown"),
        ]
        for row in (self.row, self.kept):
            for v in venues:
                known = row[v].bid_known | row[v].ask_known
                m.d.comb += Assert(~known | (row[v].part & ~row[v].invalid), "known of nothing")
        with m.If(live):
            m.d.comb += self._row(stored)
            for v in venues:
                prices = self._read(m, f"prices{v}", self.watched)
                for side in ("bid", "ask"):
                    known = self.row[v][f"{side}_known"]
                    for what in (f"{side}_tick", f"{side}_quantity"):
                        m.d.comb += Assert(~known | (prices[what] == self.row[v][what]), what)
        bid, ask = self._best(self.kept)
        with m.If(shown):
            m.d.comb += [
                Assert(kept.part == parts(self.kept), "kept part"),
                Assert(kept.known == (bid["known"] & ask["known"]), "kept known"),
                Assert(~kept.known | (kept.bid_tick == bid["tick"]), "kept bid"),
                Assert(~kept.known | (kept.ask_tick == ask["tick"]), "kept ask"),
            ]
            quote = self.kept[self.venue]
            states_of = ["invalid", "deferred", "crossed", "gap", "time"]
            with m.If(quote.part):
                m.d.comb += [Assert(states[n] == quote[n], f"kept {n}") for n in states_of]

    def _read(self, m: Module, memory: str, address: Value) -> Any:
        port = self.inside.submodules[memory].read_port(domain="comb")
        m.d.comb += port.addr.eq(address)
        return port.data

    def _row(self, stored: Any) -> list[Any]:
        """Say what a stored row must be."""
        row = [self.row[v] for v in range(VENUES)]
        claims = [
            Assert(stored.part == Cat(q.part for q in row), "stored part"),
            Assert(stored.valid == Cat(q.part & ~q.invalid for q in row), "stored valid"),
            Assert(stored.deferred == Cat(q.part & q.deferred for q in row), "stored deferred"),
        ]
        return claims + [
            Assert(stored.pairs[name] == value, f"stored {name}")
            for name, value in relations(row).items()
        ]

    def _best(self, row: Any) -> tuple[dict[str, Value], dict[str, Value]]:
        quotes = [row[v] for v in range(VENUES)]
        return best(quotes, "bid"), best(quotes, "ask")
