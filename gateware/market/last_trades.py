"""The last trade of each instrument."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.view import view
from gateware.market.layouts import index_of
from gateware.market.tables import table
from hw.risk_parameters import RiskParameters

__all__ = ["LastTrades"]


class LastTrades(wiring.Component):
    """Keep the price of the last trade of each instrument.

    A trade names a book; which instrument that is says the mapping, which others use as well. So
    trades wait, in their order, for a cycle in which the mapping is free.

    Timing
    ------
    A trade of cycle 0 has its turn in the first cycle from 1 on that is not ``busy`` and in which
    none is ahead; its place is looked at one cycle later. A look in the second cycle after its
    turn, or later, sees it. A look is answered ``LOOK_LATENCY`` cycle later.

    ``forget`` in cycle k: trades of cycle k and before leave no trace, and a look in cycle k or
    later sees none of them.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Members
    -------
    trade_valid, trade_book, trade_tick : ``In(1)``, ``In(16)``, ``In(64)``
        A trade [ticks]. With a price of more than ``tick_bits`` bits the last price is unknown
        until the next trade. Of a book that the build does not have: ignored.
    busy : ``In(1)``
        Somebody else uses the mapping in this cycle.
    book : ``Out``
        Whose place is wanted.
    part, instrument : ``In(1)``, ``In``
        In the cycle after a trade's turn: the book takes part, and for which instrument.
    look_instrument : ``In``
        Who is looked at.
    last, last_known : ``Out(tick_bits)``, ``Out(1)``
        Its last price [ticks]; it means nothing unless known.
    dropped : ``Out(32)``
        Trades that found ``QUEUE`` others waiting; stops at its largest value.
    forget : ``In(1)``
        The mapping has changed: forget all trades.
    clear : ``In(1)``
        Forget all trades, and count from 0.
    """

    LOOK_LATENCY: Final = 1
    QUEUE: Final = 4

    trade_valid: Value
    trade_book: Value
    trade_tick: Value
    busy: Value
    book: Value
    part: Value
    instrument: Value
    look_instrument: Value
    last: Value
    last_known: Value
    dropped: Value
    forget: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        super().__init__(
            {
                "trade_valid": In(1),
                "trade_book": In(16),
                "trade_tick": In(64),
                "busy": In(1),
                "book": Out(index_of(p.books)),
                "part": In(1),
                "instrument": In(index_of(p.instruments)),
                "look_instrument": In(index_of(p.instruments)),
                "last": Out(p.tick_bits),
                "last_known": Out(1),
                "dropped": Out(32),
                "forget": In(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        turn, trade = self._wait(m)
        looked, tick, fits = Signal(), Signal(p.tick_bits, reset_less=True), Signal()
        m.d.sync += [looked.eq(turn), tick.eq(trade.tick), fits.eq(trade.fits)]
        known, forgetting = Signal(p.instruments), Signal()
        memory, write = table(m, "prices", shape=unsigned(p.tick_bits), depth=p.instruments)
        read = memory.read_port(domain="comb")
        m.d.comb += [
            write.addr.eq(self.instrument),
            write.data.eq(tick),
            write.en.eq(looked & self.part),
            read.addr.eq(self.look_instrument),
        ]
        with m.If(write.en):
            m.d.sync += known.bit_select(self.instrument, 1).eq(fits)
        # A trade that had its turn before the change is looked up one cycle behind it.
        m.d.sync += forgetting.eq(self.forget)
        with m.If(forgetting | self.clear):
            m.d.sync += known.eq(0)
        with m.If(self.clear):
            m.d.sync += looked.eq(0)
        last = Signal(p.tick_bits, reset_less=True)
        hidden = self.forget | forgetting | self.clear
        m.d.sync += [
            last.eq(read.data),
            self.last_known.eq(known.bit_select(self.look_instrument, 1) & ~hidden),
        ]
        m.d.comb += self.last.eq(last)
        return m

    def _wait(self, m: Module) -> tuple[Value, Any]:
        """Queue the trades; return whether the first has its turn, and the first."""
        p = self.parameters
        layout = data.StructLayout({"book": self.book.shape(), "tick": p.tick_bits, "fits": 1})
        coming = view(layout, name="coming")
        waiting = [view(layout, name=f"waiting{n}") for n in range(self.QUEUE)]
        filled, kept = Signal(self.QUEUE), Signal(self.QUEUE)
        came, turn, lost = Signal(), Signal(), Signal()
        m.d.comb += [
            coming.book.eq(self.trade_book),
            coming.tick.eq(self.trade_tick),
            coming.fits.eq(~self.trade_tick[p.tick_bits :].any()),
            came.eq(self.trade_valid & ~self.trade_book[len(self.book) :].any()),
            turn.eq(filled[0] & ~self.busy),
            kept.eq(Mux(turn, filled >> 1, filled)),
            lost.eq(came & kept.all()),
            self.book.eq(waiting[0].book),
        ]
        for n in range(self.QUEUE):
            first = kept[n - 1] if n else 1
            m.d.sync += filled[n].eq(kept[n] | (came & first))
            following = waiting[n + 1] if n + 1 < self.QUEUE else coming
            moved = filled[n + 1] if n + 1 < self.QUEUE else 0
            with m.If(turn):
                m.d.sync += waiting[n].eq(Mux(moved, Value.cast(following), Value.cast(coming)))
            with m.Elif(~filled[n]):
                m.d.sync += waiting[n].eq(coming)
        with m.If(lost & ~self.dropped.all()):
            m.d.sync += self.dropped.eq(self.dropped + 1)
        with m.If(self.forget | self.clear):
            m.d.sync += filled.eq(0)
        with m.If(self.clear):
            m.d.sync += self.dropped.eq(0)
        return turn, waiting[0]
