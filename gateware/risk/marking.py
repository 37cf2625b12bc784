"""What the gate adds up in the background: notional totals after a commit, and losses."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.multiplier import Multiplier
from gateware.common.view import view
from gateware.risk.layouts import RiskShapes
from hw.risk_parameters import RiskParameters

__all__ = ["Marking", "totals_layout"]


def totals_layout(shapes: RiskShapes) -> data.StructLayout:
    """Return the layout of the sums over all instruments [value units].

    ``gross``: absolute positions and all open orders. ``long``: positions and open buys. ``short``:
    positions the other way, and open sells.
    """
    return data.StructLayout(dict.fromkeys(("gross", "long", "short"), shapes.value))


class Marking(wiring.Component):
    """Walk through the instruments, one after the other, for ever.

    A round of *marks* compares each instrument's loss with its limit. ``total`` begins a round that
    adds up the notionals instead; it takes ``TOTAL_CYCLES`` for each instrument and a few more.

    Timing
    ------
    A mark takes 8 cycles an instrument, more where its row was written meanwhile.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    instrument : ``Out(instrument)``
        Whose rows are read; ``exposure``, ``torn``, ``mark`` and the limits are valid one cycle
        later.
    exposure : ``In(exposure)``
        What the gate knows of it.
    torn : ``In(1)``
        The row was being written when it was read.
    mark : ``In({double_mid, mid_known})``
        Of the consolidated market [double ticks].
    max_loss, lot_value : ``In(64)``, ``In(lot_value)``
        Limits of the instrument.
    total : ``In(1)``
        Add up anew; nothing may move until ``totals_done``.
    totals_done, totals : ``Out(1)``, ``Out``
        For one cycle: the sums.
    over, unmarked : ``Out(instruments)``
        Instruments whose loss exceeds the limit; those that were not marked yet.
    clear : ``In(1)``
        Forget everything.
    """

    TOTAL_CYCLES: Final = 8

    instrument: Value
    exposure: Any
    torn: Value
    mark: Any
    max_loss: Value
    lot_value: Value
    total: Value
    totals_done: Value
    totals: Any
    over: Value
    unmarked: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.shapes = s = RiskShapes(parameters)
        super().__init__(
            {
                "instrument": Out(s.instrument),
                "exposure": In(s.exposure),
                "torn": In(1),
                "mark": In(s.mark),
                "max_loss": In(64),
                "lot_value": In(s.lot_value),
                "total": In(1),
                "totals_done": Out(1),
                "totals": Out(totals_layout(s)),
                "over": Out(parameters.instruments),
                "unmarked": Out(parameters.instruments),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, p = self.shapes, self.parameters
        # Steps of one instrument: 0 read, 1 fetch, 2 to 4 multiply, 4 to 6 add, 7 decide.
        step, totalling, asked = Signal(range(8)), Signal(), Signal()
        row, mark = view(s.exposure, name="row"), view(self.mark.shape(), name="held_mark")
        limit, value = Signal(64), Signal(s.lot_value)
        last = self.instrument == p.instruments - 1
        with m.If(self.total):
            m.d.sync += asked.eq(1)
        m.d.sync += step.eq(Mux((step == 1) & self.torn, 0, step + 1))
        with m.If(step == 1):
            m.d.sync += [
                row.eq(self.exposure), mark.eq(self.mark),
                limit.eq(self.max_loss), value.eq(self.lot_value),
            ]  # fmt: skip
        with m.If(step == 7):
            m.d.sync += self.instrument.eq(self.instrument + 1)
            with m.If(asked & (~totalling | last)):
                # A round of totals begins, anew if another was asked for meanwhile.
                m.d.sync += [totalling.eq(1), asked.eq(0), self.instrument.eq(0)]
            with m.Elif(totalling & last):
                m.d.sync += totalling.eq(0)

        self._marked = Signal(p.instruments)
        m.d.comb += self.unmarked.eq(~self._marked)
        short = row.position[-1]
        size = Signal(p.position_bits)
        m.d.comb += size.eq(Mux(short, -row.position, row.position))
        widest = max(p.position_bits, s.open_quantity.width)
        m.submodules.multiplier = times = Multiplier(
            a_bits=widest, b_bits=max(p.tick_bits + 1, p.lot_value_bits)
        )
        m.d.comb += [
            times.a.eq(Mux(step == 2, size, Mux(step == 3, row.open_buy, row.open_sell))),
            times.b.eq(Mux(totalling, value, mark.double_mid)),
        ]
        self._total(m, step, totalling & last & ~asked, totalling & (self.instrument == 0), times)
        self._mark(m, step, row, short, mark, limit, times, totalling)
        with m.If(self.clear):
            m.d.sync += [
                step.eq(0), totalling.eq(0), asked.eq(0), self.instrument.eq(0),
                self.over.eq(0), self._marked.eq(0),
            ]  # fmt: skip
        return m

    def _total(self, m: Module, step: Value, done: Value, first: Value, times: Any) -> None:
        """Add the three products of an instrument: its position, its open buys, its open sells."""
        sums = view(self.totals.shape(), name="sums")
        product = Signal(self.shapes.value)
        short = Signal()
        m.d.comb += product.eq(times.product)
        m.d.comb += [self.totals.eq(sums), self.totals_done.eq((step == 7) & done)]
        with m.If(step == 1):
            m.d.sync += short.eq(self.exposure.position[-1])
            with m.If(first):
                m.d.sync += sums.eq(0)
        with m.If(step == 4):  # the position
            m.d.sync += [
                sums.gross.eq(sums.gross + product),
                sums.long.eq(Mux(short, sums.long - product, sums.long + product)),
                sums.short.eq(Mux(short, sums.short + product, sums.short - product)),
            ]
        with m.If(step == 5):
            m.d.sync += [sums.gross.eq(sums.gross + product), sums.long.eq(sums.long + product)]
        with m.If(step == 6):
            m.d.sync += [sums.gross.eq(sums.gross + product), sums.short.eq(sums.short + product)]

    def _mark(
        self, m: Module, step: Value, row: Any, short: Value, mark: Any, limit: Value, times: Any,
        void: Value,
    ) -> None:  # fmt: skip
        """Compare twice the result with twice the limit."""
        width = max(self.shapes.cash.width, len(times.product), 64) + 4
        worth, result = Signal(width), Signal(width)
        flat = row.position == 0
        double, bound = Signal(width), Signal(width)
        m.d.comb += [double.eq(row.cash << 1), bound.eq(limit << 1)]
        with m.If(step == 4):
            m.d.sync += worth.eq(Mux(short, -times.product, times.product))
        with m.If(step == 5):
            m.d.sync += result.eq((double + Mux(flat, 0, worth))[:width])
        loss = Signal()
        total = Signal(width)
        m.d.comb += total.eq((result + bound)[:width])
        with m.If(step == 6):
            m.d.sync += loss.eq(total[-1])
        with m.If((step == 7) & ~void & (mark.mid_known | flat)):
            m.d.sync += [
                self.over.bit_select(self.instrument, 1).eq(loss),
                self._marked.bit_select(self.instrument, 1).eq(1),
            ]
