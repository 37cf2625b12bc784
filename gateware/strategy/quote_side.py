"""One side of a quoter: the order that stands there, from its offer to its end."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.common.records import RISK_REQUEST_LAYOUT
from gateware.strategy.layouts import PAUSE_BITS
from hw.records import REQUEST_KIND
from hw.risk_parameters import RiskParameters

__all__ = ["QuoteSide"]


class QuoteSide(wiring.Component):
    """Keep at most one order on a side, where it is wanted.

    Timing
    ------
    ``quotes`` and ``cancels`` follow the inputs in the same cycle. An order stands from the cycle
    after ``taken`` until the one after its denial, its last fill, its cancellation or rejection.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes.

    Members
    -------
    wanted, tick, step, quantity, pause : ``In``
        Whether an order is wanted, and which; how far it may be off; how long to pause after one
        that was denied or rejected, or a cancel that was rejected [ticks, lots, cycles].
    quotes, cancels : ``Out(1)``
        It asks for a new order, for a cancel.
    taken, taken_cancel, taken_tick, taken_quantity, new_id : ``In``
        One of them was taken: which, its price and quantity, and what a new one is called.
    passed, denied : ``In(1)``
        What the gate says to the new order that was taken last, if that was of this side.
    report_valid, report : ``In(1)``, ``In(RISK_REQUEST_LAYOUT)``
        What happened to an order of any id.
    standing, asked : ``Out(1)``
        An order stands; the gate has not yet said whether it passes.
    order_id, quoted, left : ``Out``
        Of the order that stands: its id, price and what is left of it.
    """

    LATENCY: Final = 1

    wanted: Value
    tick: Value
    step: Value
    quantity: Value
    pause: Value
    quotes: Value
    cancels: Value
    taken: Value
    taken_cancel: Value
    taken_tick: Value
    taken_quantity: Value
    new_id: Value
    passed: Value
    denied: Value
    report_valid: Value
    report: Any
    standing: Value
    asked: Value
    order_id: Value
    quoted: Value
    left: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        super().__init__(
            {
                "wanted": In(1),
                "tick": In(p.tick_bits),
                "step": In(p.tick_bits),
                "quantity": In(p.quantity_bits),
                "pause": In(PAUSE_BITS),
                "quotes": Out(1),
                "cancels": Out(1),
                "taken": In(1),
                "taken_cancel": In(1),
                "taken_tick": In(p.tick_bits),
                "taken_quantity": In(p.quantity_bits),
                "new_id": In(p.id_bits),
                "passed": In(1),
                "denied": In(1),
                "report_valid": In(1),
                "report": In(RISK_REQUEST_LAYOUT),
                "standing": Out(1),
                "asked": Out(1),
                "order_id": Out(p.id_bits),
                "quoted": Out(p.tick_bits),
                "left": Out(p.quantity_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        leaving, rest = Signal(), Signal(PAUSE_BITS)
        off, least = Signal(signed(self.parameters.tick_bits + 1)), Signal.like(self.step)
        ends, fails, stays = self._reports(m)
        m.d.comb += [
            off.eq(self.tick - self.quoted), least.eq(Mux(self.step.any(), self.step, 1)),
            self.quotes.eq(self.wanted & ~self.standing & ~rest.any()),
            self.cancels.eq(
                self.standing & ~self.asked & ~leaving & ~rest.any()
                & (~self.wanted | (off >= least) | (off <= -least))
            ),
        ]  # fmt: skip
        with m.If(rest.any()):
            m.d.sync += rest.eq(rest - 1)
        with m.If(stays):
            m.d.sync += leaving.eq(0)
        with m.If(self.taken & self.taken_cancel):
            m.d.sync += leaving.eq(1)
        with m.Elif(self.taken):
            m.d.sync += [
                self.standing.eq(1), self.asked.eq(1), leaving.eq(0),
                self.order_id.eq(self.new_id), self.quoted.eq(self.taken_tick),
                self.left.eq(self.taken_quantity),
            ]  # fmt: skip
        with m.If(self.asked & (self.passed | self.denied)):
            m.d.sync += self.asked.eq(0)
        with m.If(ends | fails | (self.asked & self.denied)):
            m.d.sync += [self.standing.eq(0), self.asked.eq(0), leaving.eq(0)]
        with m.If(fails | stays | (self.asked & self.denied)):
            m.d.sync += rest.eq(self.pause)
        return m

    def _reports(self, m: Module) -> tuple[Value, Value, Value]:
        """Return whether the order has ended, was rejected, or could not be cancelled."""
        report, kinds = self.report, REQUEST_KIND
        mine = self.report_valid & self.standing & (report.order_id == self.order_id)
        filled = mine & (report.kind == kinds.fill)
        gone = report.quantity >= self.left
        with m.If(filled & ~gone):
            m.d.sync += self.left.eq(self.left - report.quantity)
        ends = (filled & gone) | (mine & (report.kind == kinds.cancelled))
        return (
            ends,
            mine & (report.kind == kinds.rejected),
            mine & (report.kind == kinds.cancel_rejected),
        )
