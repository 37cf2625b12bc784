"""Fences of the prices that came last, until the history has them."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.view import view
from gateware.market.layouts import index_of
from gateware.market.tables import table
from gateware.risk.breaker.comparing import sum_above, sum_below
from gateware.risk.breaker.fences import set_fences
from gateware.risk.breaker.layouts import edges_layout
from hw.breaker_detectors import BREAKER_WINDOWS
from hw.risk_parameters import RiskParameters

__all__ = ["RecentFences"]

#: Tables of extremes: one that is asked, and one that will be.
_TABLES: Final = 2


class RecentFences(wiring.Component):
    """Make fences of each instrument's prices of the cycles before a change.

    Two tables hold the highest and the lowest price. Both take every price; they are emptied in
    turn, and the one that was emptied earlier is asked. The price of the cycle before a change has
    a fence of its own.

    Timing
    ------
    ``select`` and ``bounds`` are of an instrument in cycle -1. If it has a price in cycle 0,
    ``valid`` says so. ``fences`` are there in cycle 0: of the prices that came in cycles -1 to
    -``cycles``, and of some of those that came in the ``cycles`` - 3 before.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.
    cycles : int
        How long a price counts at least, 4 or more.

    Members
    -------
    select, bounds : ``In``, ``In`` for each window
        An instrument and how far it may move [double ticks].
    valid, instrument, bid, ask : ``In(1)``, ``In``, ``In(tick_bits)``, ``In(tick_bits)``
        A price [ticks]; ``instrument`` is that of the select before.
    fences : ``Out(edges_layout)`` for each of 2
        Prices that the instrument may have, edges included.
    fenced : ``Out(2)``
        Whether they count.
    clear : ``In(1)``
        Forget all prices.

    Raises
    ------
    ValueError
        If ``cycles`` is too small.
    """

    select: Value
    bounds: Any
    valid: Value
    instrument: Value
    bid: Value
    ask: Value
    fences: Any
    fenced: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters, cycles: int) -> None:
        if cycles < 4:
            raise ValueError(f"cycles must be at least 4, not {cycles}")
        self.parameters, self.cycles = parameters, cycles
        p = parameters
        self._edges = edges_layout(p)
        self._price = unsigned(p.tick_bits + 1)
        self._extremes = data.StructLayout({"highest": self._price, "lowest": self._price})
        super().__init__(
            {
                "select": In(index_of(p.instruments)),
                "bounds": In(self._edges["lows"].shape),
                "valid": In(1),
                "instrument": In(index_of(p.instruments)),
                "bid": In(p.tick_bits),
                "ask": In(p.tick_bits),
                "fences": Out(self._edges).array(2),
                "fenced": Out(2),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        price, came, whose = Signal(self._price), Signal(), Signal.like(self.instrument)
        made, own = view(self._edges, name="made"), view(self.bounds.shape(), name="own")
        just = Signal()
        m.d.sync += [
            own.eq(self.bounds),
            price.eq(self.bid + self.ask),
            came.eq(self.valid & ~self.clear),
            whose.eq(self.instrument),
            just.eq(self.valid & ~self.clear & (self.instrument == self.select)),
        ]
        for w in range(BREAKER_WINDOWS):
            m.d.sync += [
                made.lows[w].eq(sum_below(self.bid, self.ask, own[w])),
                made.highs[w].eq(sum_above(self.bid, self.ask, own[w])),
            ]
        m.d.comb += [self.fences[0].eq(made), self.fenced[0].eq(just)]
        self._keep(m, price, came, whose, made)
        return m

    def _keep(self, m: Module, price: Value, came: Value, whose: Value, made: Any) -> None:
        """Take the price of the cycle before into both tables; make fences of what is asked."""
        asked, age, ends = Signal(), Signal(range(self.cycles - 2)), Signal()
        m.d.comb += ends.eq(age == self.cycles - 3)
        m.d.sync += [age.eq(Mux(ends, 0, age + 1)), asked.eq(asked ^ ends)]
        tables = [
            self._table(m, t, price, came, whose, empty=ends & (asked == t)) for t in range(_TABLES)
        ]
        found, held, higher, lower = (
            Mux(asked, second, first) for first, second in zip(*tables, strict=True)
        )
        extremes: Any = data.View(self._extremes, found)
        kept, has = view(self._edges, name="kept"), Signal()
        again = came & (whose == self.select)  # what is selected had this price
        for w in range(BREAKER_WINDOWS):
            low, high = Signal(self._price, name=f"low{w}"), Signal(self._price, name=f"high{w}")
            highest, lowest = extremes.highest, extremes.lowest
            m.d.comb += set_fences(highest, lowest, self.bounds[w], low, high)
            m.d.sync += [
                kept.lows[w].eq(Mux(again & higher, made.lows[w], low)),
                kept.highs[w].eq(Mux(again & lower, made.highs[w], high)),
            ]
        m.d.sync += has.eq((held | again) & ~self.clear)
        m.d.comb += [self.fences[1].eq(kept), self.fenced[1].eq(has)]

    def _table(
        self, m: Module, number: int, price: Value, came: Value, whose: Value, *, empty: Value
    ) -> tuple[Value, Value, Value, Value]:
        """Add a table of extremes.

        Returns what it has of the selected instrument, whether it has anything of it, and whether
        the price that comes is above its highest, and below its lowest.
        """
        memory, write = table(
            m, f"recent{number}", shape=self._extremes, depth=self.parameters.instruments
        )
        old, read = memory.read_port(domain="comb"), memory.read_port(domain="comb")
        held = Signal(self.parameters.instruments, name=f"held{number}")
        fresh = ~held.bit_select(whose, 1)
        higher, lower = Signal(name=f"higher{number}"), Signal(name=f"lower{number}")
        m.d.comb += [
            old.addr.eq(whose),
            read.addr.eq(self.select),
            higher.eq(fresh | (price > old.data.highest)),
            lower.eq(fresh | (price < old.data.lowest)),
            write.addr.eq(whose),
            write.data.highest.eq(Mux(higher, price, old.data.highest)),
            write.data.lowest.eq(Mux(lower, price, old.data.lowest)),
            write.en.eq(came),
        ]
        with m.If(empty | self.clear):
            m.d.sync += held.eq(0)
        with m.Elif(came):
            m.d.sync += held.bit_select(whose, 1).eq(1)
        return Value.cast(read.data), held.bit_select(self.select, 1), higher, lower
