"""Bounds on the prices of our own orders, for the self-match check."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of, one_hot_index
from gateware.common.view import view
from gateware.risk.layouts import RiskShapes
from hw.risk_parameters import RiskParameters

__all__ = ["OwnPrices"]


class OwnPrices(wiring.Component):
    """Bound the highest own buy and the lowest own sell of each instrument.

    An order that comes widens its bound at once. One that leaves makes the bound *dirty*: the
    table of open orders is walked through, and the bound becomes what was found. So a bound is
    never narrower than the orders in the table.

    Timing
    ------
    ``look`` is sampled in cycle 0, ``own`` valid in cycle ``LATENCY``; it has in it the orders
    that came before cycle 0. A walk takes 2 cycles a slot, more where visits are not granted or
    torn, and one to begin and one to end.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    look : ``In(instrument)``
        Instrument to look up.
    own : ``Out({buy, highest_buy, sell, lowest_sell})``
        Whether there may be own orders, and the bounds [ticks].
    come : ``In({enable, instrument, side, tick})``
        An order that comes into the table; from this cycle on the table is written.
    leave : ``In({enable, instrument, side})``
        An order that leaves; a cycle after the table was written, or later.
    visit : ``Out({want, slot})``
        Slot of the table to visit.
    granted : ``In(1)``
        The visit is made in this cycle; ``visited`` is valid in the next one.
    visited : ``In``
        As ``OpenOrders.visited``.
    settled : ``Out(1)``
        No bound is wider than the table.
    clear : ``In(1)``
        Forget everything.
    """

    LATENCY: Final = 1

    look: Value
    own: Any
    come: Any
    leave: Any
    visit: Any
    granted: Value
    visited: Any
    settled: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.shapes = s = RiskShapes(parameters)
        row = {"enable": 1, "instrument": s.instrument, "side": 1}
        super().__init__(
            {
                "look": In(s.instrument),
                "own": Out(s.own),
                "come": In(data.StructLayout({**row, "tick": s.tick})),
                "leave": In(data.StructLayout(row)),
                "visit": Out(data.StructLayout({"want": 1, "slot": s.slot})),
                "granted": In(1),
                "visited": In(s.visited),
                "settled": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, rows = self.shapes, 2 * self.parameters.instruments
        known, dirty = Signal(rows), Signal(rows)
        row_bits = (rows - 1).bit_length()
        coming = Signal(row_bits)
        m.d.comb += coming.eq(self._row(self.come))

        # Bounds as keys: the smaller, the closer to the other side.
        memory: Any = Memory(shape=s.tick, depth=rows, init=[])
        m.submodules.bounds = memory
        write, current = memory.write_port(), memory.read_port(domain="comb")
        looks = [memory.read_port(domain="comb") for _ in range(2)]
        for side, port in enumerate(looks):
            m.d.comb += port.addr.eq(Cat(Const(side, 1), self.look))
        m.d.comb += current.addr.eq(coming)
        m.d.sync += [
            self.own.buy.eq(known.bit_select(Cat(Const(0, 1), self.look), 1)),
            self.own.sell.eq(known.bit_select(Cat(Const(1, 1), self.look), 1)),
            self.own.highest_buy.eq(~looks[0].data),
            self.own.lowest_sell.eq(looks[1].data),
        ]

        come_key, seen_key = Signal(s.tick), Signal(s.tick)
        m.d.comb += [
            come_key.eq(self._key(self.come)),
            seen_key.eq(self._key(self.visited.order)),
        ]
        widens = self.come.enable & (~known.bit_select(coming, 1) | (come_key < current.data))

        # The walk: one row at a time.
        walking, waiting, done = Signal(), Signal(), Signal()
        row, place = Signal(row_bits), Signal(range(self.parameters.order_slots + 1))
        found = view(data.StructLayout({"any": 1, "key": s.tick}), name="found", reset=True)
        best = view(data.StructLayout({"any": 1, "key": s.tick}), name="best")
        here = self.visited.valid & (self._row(self.visited.order) == row)
        counts = waiting & ~self.visited.torn
        joins = self.come.enable & (coming == row)
        m.d.comb += [
            best.any.eq(found.any),
            best.key.eq(found.key),
            self.visit.slot.eq(place),
            self.visit.want.eq(walking & ~waiting & ~done),
            done.eq(place == self.parameters.order_slots),
            self.settled.eq(~walking & ~dirty.any()),
        ]
        with m.If(counts & here & (~found.any | (seen_key < found.key))):
            m.d.comb += [best.any.eq(1), best.key.eq(seen_key)]
        m.d.sync += found.eq(best)
        with m.If(joins & (~best.any | (come_key < best.key))):
            m.d.sync += [found.any.eq(1), found.key.eq(come_key)]
        m.d.sync += waiting.eq(self.visit.want & self.granted)
        with m.If(counts):
            m.d.sync += place.eq(place + 1)

        m.d.comb += [write.addr.eq(coming), write.data.eq(come_key), write.en.eq(widens)]
        with m.If(self.come.enable):
            m.d.sync += known.bit_select(coming, 1).eq(1)
        with m.If(walking & done & ~self.come.enable):  # an order that comes goes first
            m.d.comb += [write.addr.eq(row), write.data.eq(found.key), write.en.eq(found.any)]
            m.d.sync += [known.bit_select(row, 1).eq(found.any), walking.eq(0)]
        first = Signal(rows)
        m.d.comb += first.eq(first_of(dirty))
        with m.If(~walking & dirty.any()):
            m.d.sync += [
                walking.eq(1), row.eq(one_hot_index(first)), dirty.eq(dirty & ~first),
                place.eq(0), found.eq(0),
            ]  # fmt: skip
            # What comes while a walk begins is in the table before its slot is visited.
        with m.If(self.leave.enable):
            m.d.sync += dirty.bit_select(self._row(self.leave), 1).eq(1)
        with m.If(self.clear):
            m.d.sync += [known.eq(0), dirty.eq(0), walking.eq(0), waiting.eq(0)]
        return m

    @staticmethod
    def _row(order: Any) -> Value:
        return Cat(order.side, order.instrument)

    @staticmethod
    def _key(order: Any) -> Value:
        return Mux(order.side, order.tick, ~order.tick)
