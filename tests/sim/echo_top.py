"""A small stand-in for a top with a risk gate, whose every answer is known."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from gateware.common.records import (
    BOOK_EVENT_LAYOUT,
    MARKET_UPDATE_LAYOUT,
    ORDER_LAYOUT,
    RISK_EVENT_LAYOUT,
    RISK_REQUEST_LAYOUT,
)
from hw.presets import BookParameters
from hw.records import EVENT_KIND, ORDER_KIND, REQUEST_KIND
from hw.records import RISK_EVENT_KIND as _K
from hw.registers import LIMITS, REGISTERS, RISK_REGISTERS, map_id
from hw.risk_parameters import RiskParameters

__all__ = ["AUDIT_CYCLES", "CANCEL_CYCLES", "EchoTop"]

AUDIT_CYCLES: Final = 1000  # silence before the answer to an audit
CANCEL_CYCLES: Final = 300  # silence between a kill and the cancel that it sends


class EchoTop(wiring.Component):
    """Answer each update and each request with an event; new orders and cancels leave.

    The pin kills: an order that stands at the port is withdrawn, a cancel without a cause follows,
    and new orders are denied. ``max_notional`` of row 0 is kept as two words.

    Timing
    ------
    An update's event leaves a cycle after it.

    Parameters
    ----------
    parameters, risk : BookParameters, RiskParameters
        What it says that it is built with.

    Members
    -------
    i, o, request, order, risk : streams
        As of a top with a risk gate.
    kill_pin, entropy : ``In(1)``, ``In(64)``
        As there.
    csr_address, csr_r_stb, csr_r_data, csr_w_stb, csr_w_data : ``In``, ``Out``
        Register bus.
    """

    i: Any
    o: Any
    request: Any
    order: Any
    risk: Any
    kill_pin: Value
    entropy: Value
    csr_address: Value
    csr_r_stb: Value
    csr_r_data: Value
    csr_w_stb: Value
    csr_w_data: Value
    _told: Any
    _op: Any
    _order: Any

    def __init__(self, *, parameters: BookParameters, risk: RiskParameters) -> None:
        self.identity = map_id(parameters, risk=risk)
        super().__init__(
            {
                "i": In(stream.Signature(MARKET_UPDATE_LAYOUT)),
                "o": Out(stream.Signature(BOOK_EVENT_LAYOUT)),
                "request": In(stream.Signature(RISK_REQUEST_LAYOUT)),
                "order": Out(stream.Signature(ORDER_LAYOUT)),
                "risk": Out(stream.Signature(RISK_EVENT_LAYOUT)),
                "kill_pin": In(1),
                "entropy": In(64),
                "csr_address": In(16),
                "csr_r_stb": In(1),
                "csr_r_data": Out(32),
                "csr_w_stb": In(1),
                "csr_w_data": In(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Return the module."""
        m = Module()
        self._cycles = Signal(64)
        m.d.sync += self._cycles.eq(self._cycles + 1)
        self._books(m)
        self._registers(m)
        self._gate(m)
        return m

    def _books(self, m: Module) -> None:
        event, valid, count = Signal(BOOK_EVENT_LAYOUT), Signal(), Signal(64)
        m.d.comb += [
            self.o.payload.eq(event),
            self.o.valid.eq(valid),
            self.i.ready.eq(~valid | self.o.ready),
        ]
        with m.If(self.i.ready):
            m.d.sync += valid.eq(self.i.valid)
            with m.If(self.i.valid):
                made: Any = event
                m.d.sync += [
                    made.sequence.eq(count),
                    count.eq(count + 1),
                    made.kind.eq(EVENT_KIND.best),
                    made.cause.eq(self.i.payload.kind),
                    made.book.eq(self.i.payload.book),
                    made.order_id.eq(self.i.payload.order_id),
                    made.cycle.eq(self._cycles),
                ]

    def _registers(self, m: Module) -> None:
        limit, control = LIMITS["instrument"]["max_notional"], REGISTERS["control"]
        staged, held = Signal(64), Signal(32)
        values = {
            REGISTERS["map_id"].address: self.identity,
            REGISTERS["status"].address: 1,
            RISK_REGISTERS["risk_status"].address: 1,
            REGISTERS["cycles"].address: self._cycles[:32],
            control.address: held,
            limit.address: staged[:32],
            limit.address + 4: staged[32:],
        }
        m.d.sync += self.csr_r_data.eq(0)
        for address, value in values.items():
            with m.If(self.csr_address == address):
                m.d.sync += self.csr_r_data.eq(value)
        for address, target in (
            (control.address, held),
            (limit.address, staged[:32]),
            (limit.address + 4, staged[32:]),
        ):
            with m.If(self.csr_w_stb & (self.csr_address == address)):
                m.d.sync += target.eq(self.csr_w_data)

    def _gate(self, m: Module) -> None:
        m.submodules.queue = self._queue = queue = SyncFIFOBuffered(
            width=RISK_EVENT_LAYOUT.size, depth=4
        )
        told: Any = Signal(RISK_EVENT_LAYOUT)
        op: Any = Signal(RISK_REQUEST_LAYOUT)
        order: Any = Signal(ORDER_LAYOUT)
        self._told, self._op, self._order = told, op, order
        self._holds, self._killed, count = Signal(), Signal(), Signal(64)
        self._wait = Signal(range(AUDIT_CYCLES + 1))
        with m.If(self.kill_pin):
            m.d.sync += self._killed.eq(1)
        withdrawn = self._killed & (order.kind == ORDER_KIND.new)
        m.d.comb += [
            queue.w_data.eq(told),
            told.sequence.eq(count),
            told.cycle.eq(self._cycles),
            told.order_id.eq(op.order_id),
            self.risk.payload.eq(queue.r_data),
            self.risk.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.risk.ready),
            self.order.payload.eq(order),
            self.order.valid.eq(self._holds & ~withdrawn),
        ]
        with m.If(self.order.valid & self.order.ready):
            m.d.sync += self._holds.eq(0)
        with m.If(queue.w_en & queue.w_rdy):
            m.d.sync += count.eq(count + 1)
        with m.If(self._wait != 0):
            m.d.sync += self._wait.eq(self._wait - 1)
        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.request.ready.eq(~self._holds)
                with m.If(self.request.valid & ~self._holds):
                    m.d.sync += [op.eq(self.request.payload), self._wait.eq(AUDIT_CYCLES)]
                    m.next = "answer"
                with m.Elif(self._holds & withdrawn):
                    m.next = "withdraw"
            self._answer(m)
            self._kill(m)

    def _answer(self, m: Module) -> None:
        told, op, queue, kinds = self._told, self._op, self._queue, REQUEST_KIND
        with m.State("answer"):
            m.d.comb += told.cause.eq(op.kind)
            with m.Switch(op.kind):
                with m.Case(kinds.new):
                    m.d.comb += told.kind.eq(Mux(self._killed, _K.denied, _K.passed))
                with m.Case(kinds.cancel):
                    m.d.comb += told.kind.eq(_K.cancel_sent)
                with m.Case(kinds.audit):
                    m.d.comb += told.kind.eq(_K.audit_done)
                with m.Default():
                    m.d.comb += told.kind.eq(_K.told)
            m.d.comb += queue.w_en.eq((op.kind != kinds.audit) | (self._wait == 0))
            with m.If(queue.w_en & queue.w_rdy):
                leaves = (op.kind == kinds.cancel) | ((op.kind == kinds.new) & ~self._killed)
                m.d.sync += [
                    self._order.kind.eq(op.kind),
                    self._order.order_id.eq(op.order_id),
                    self._holds.eq(leaves),
                ]
                m.next = "idle"

    def _kill(self, m: Module) -> None:
        told, queue = self._told, self._queue
        with m.State("withdraw"):
            m.d.comb += [told.kind.eq(_K.withdrawn), queue.w_en.eq(1)]
            with m.If(queue.w_rdy):
                m.d.sync += [self._holds.eq(0), self._wait.eq(CANCEL_CYCLES)]
                m.next = "cancel"
        with m.State("cancel"):
            m.d.comb += [told.kind.eq(_K.cancel_sent), queue.w_en.eq(self._wait == 0)]
            with m.If(queue.w_en & queue.w_rdy):
                m.d.sync += [self._holds.eq(1), self._order.kind.eq(ORDER_KIND.cancel)]
                m.next = "idle"
