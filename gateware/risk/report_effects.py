"""What a report of a venue, a cancel or a word of the operator changes."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.view import view
from gateware.risk.layouts import RiskShapes
from hw.records import ORDER_STATE, REPORT_ERROR, REQUEST_KIND
from hw.risk_parameters import RiskParameters

__all__ = ["ReportEffects"]

_FLAGS: Final = (
    "cancel", "ack", "fill", "leaves", "cancel_rejected", "set_position", "set_order", "reset",
)  # fmt: skip


class ReportEffects(wiring.Component):
    """Work out every change that a request other than a new order makes.

    Timing
    ------
    The inputs are held from cycle 0 on. ``amounts`` are valid from cycle 1 on, everything else
    from cycle ``LATENCY`` on.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    kind : ``In(8)``
        Of the request, a code of ``request_kind``.
    hit, room : ``In(1)``, ``In(1)``
        Whether the id is open; if not, whether there is a place for it.
    entry : ``In(order)``
        The open order, if hit.
    side, tick, quantity, execution : ``In``
        Of the request.
    size : ``In``
        Its quantity, as wide as a position: of set_position [lots].
    bad_index, wide, nothing : ``In(1)``
        An index of the request is out of range; its price or quantity is; its quantity is 0.
    disarmed : ``In(1)``
        The box is disarmed.
    notional : ``In(worth)``
        Tick times size.
    exposure, conduct : ``In``
        Of the instrument and the strategy, before.
    ratio : ``In(16)``
        Messages that a fill earns.
    amounts : ``Out({taken, moved, buy, sign})``
        Lots that leave the open orders, that move the position; whether the order is a buy;
        whether the position goes up.
    resized : ``Out({amount, shrinks})``
        By how much the size of the position changes [lots].
    new_order, new_exposure, new_conduct : ``Out``
        After it.
    keeps : ``Out(1)``
        The order is open afterwards.
    writes : ``Out({order, exposure, conduct})``
        Which of them to write.
    error : ``Out(8)``
        A code of ``report_error``.
    fault, kills : ``Out(1)``
        The report contradicts the table; so much that its instrument is to be killed.
    seeds : ``Out(1)``
        Positions were set by the operator: totals are to be added up anew.
    """

    LATENCY: Final = 2

    kind: Value
    hit: Value
    room: Value
    entry: Any
    side: Value
    tick: Value
    quantity: Value
    size: Value
    execution: Value
    bad_index: Value
    wide: Value
    nothing: Value
    disarmed: Value
    notional: Value
    exposure: Any
    conduct: Any
    ratio: Value
    amounts: Any
    resized: Any
    new_order: Any
    new_exposure: Any
    new_conduct: Any
    keeps: Value
    writes: Any
    error: Value
    fault: Value
    kills: Value
    seeds: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.shapes = s = RiskShapes(parameters)
        amounts = {"taken": s.quantity, "moved": s.quantity, "buy": 1, "up": 1}
        super().__init__(
            {
                "kind": In(8),
                "hit": In(1),
                "room": In(1),
                "entry": In(s.order),
                "side": In(1),
                "tick": In(s.tick),
                "quantity": In(s.quantity),
                "size": In(parameters.position_bits - 1),
                "execution": In(64),
                "bad_index": In(1),
                "wide": In(1),
                "nothing": In(1),
                "disarmed": In(1),
                "notional": In(s.worth),
                "exposure": In(s.exposure),
                "conduct": In(s.conduct),
                "ratio": In(16),
                "amounts": Out(data.StructLayout(amounts)),
                "resized": Out(data.StructLayout({"amount": s.quantity, "shrinks": 1})),
                "new_order": Out(s.order),
                "new_exposure": Out(s.exposure),
                "new_conduct": Out(s.conduct),
                "keeps": Out(1),
                "writes": Out(data.StructLayout({"order": 1, "exposure": 1, "conduct": 1})),
                "error": Out(8),
                "fault": Out(1),
                "kills": Out(1),
                "seeds": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        entry = self.entry
        does: Any = view(data.StructLayout(dict.fromkeys((*_FLAGS, "out"), 1)), name="does")
        error, over = Signal(8), Signal()
        self._judge(m, error, over)
        good = (error == REPORT_ERROR.none) | over
        kind = {name: self.kind == getattr(REQUEST_KIND, name) for name in _KINDS}
        foreign = kind["fill"] & (error == REPORT_ERROR.unknown_id)
        known = self.hit & good
        rest = Mux(over, 0, (entry.remaining - self.quantity)[: len(self.quantity)])
        leaves = kind["cancelled"] | kind["rejected"]
        buy = Mux(self.hit & ~kind["set_order"] & ~kind["set_position"], ~entry.side, ~self.side)
        m.d.sync += [
            self.error.eq(error),
            self.fault.eq(kind["fill"] & (over | _is(error, *_FAULTS))),
            self.kills.eq(kind["fill"] & (over | _is(error, *_KILLERS))),
            does.cancel.eq(kind["cancel"] & self.hit),
            does.ack.eq(kind["ack"] & known),
            does.fill.eq(kind["fill"] & known),
            does.leaves.eq(leaves & known),
            does.cancel_rejected.eq(kind["cancel_rejected"] & known),
            does.set_position.eq(kind["set_position"] & good),
            does.set_order.eq(kind["set_order"] & good),
            does.reset.eq(kind["reset_executions"] & good),
            does.out.eq(leaves | (rest == 0)),
            self.amounts.buy.eq(buy),
            self.amounts.up.eq(buy),
            self.amounts.moved.eq(Mux(kind["fill"] & (known | foreign), self.quantity, 0)),
            self.amounts.taken.eq(
                Mux(
                    known & (leaves | kind["fill"]),
                    Mux(leaves | over, entry.remaining, self.quantity),
                    0,
                )
            ),
        ]
        self._order(m, does, rest)
        self._exposure(m, does)
        self._conduct(m, does, kind["cancel"] & (self.hit | ~self.bad_index))
        return m

    def _judge(self, m: Module, error: Signal, over: Signal) -> None:
        """Find the first thing that is wrong."""
        codes, kinds = REPORT_ERROR, REQUEST_KIND
        fill = self.kind == kinds.fill
        seed = _is(self.kind, kinds.set_position, kinds.set_order)
        placing = self.kind == kinds.set_order
        repeated = (self.execution != 0) & (self.execution == self.entry.execution)
        named = _is(
            self.kind,
            kinds.cancel,
            kinds.ack,
            kinds.cancelled,
            kinds.rejected,
            kinds.cancel_rejected,
        )
        checks: list[tuple[Value, int]] = [
            ((self.kind == 0) | (self.kind > kinds.audit), codes.bad_kind),
            (self.bad_index & (seed | (self.kind == kinds.reset_executions)), codes.bad_index),
            (self.bad_index & fill & ~self.hit, codes.bad_index),
            (seed & ~self.disarmed, codes.not_disarmed),
            (fill & ~self.hit & self.wide, codes.range),
            ((named | fill) & ~self.hit, codes.unknown_id),
            ((placing | fill) & self.nothing, codes.zero_quantity),
            (placing & self.hit, codes.duplicate_id),
            (placing & ~self.room, codes.table_full),
            (fill & repeated, codes.duplicate_fill),
            ((fill | (seed & ~placing)) & self.wide, codes.range),
            (fill & (self.quantity > self.entry.remaining), codes.over_fill),
        ]
        with m.If(checks[0][0]):
            m.d.comb += error.eq(checks[0][1])
        for holds, code in checks[1:]:
            with m.Elif(holds):
                m.d.comb += error.eq(code)
        m.d.comb += over.eq(error == codes.over_fill)

    def _order(self, m: Module, does: Any, rest: Value) -> None:
        """Make what the table holds afterwards."""
        new, entry, states = self.new_order, self.entry, ORDER_STATE
        remaining = Signal(self.shapes.quantity)
        m.d.sync += [remaining.eq(rest), new.eq(entry)]
        with m.If(does.cancel):
            m.d.sync += new.state.eq(states.cancelling)
        with m.If(does.ack & (entry.state == states.pending)):
            m.d.sync += new.state.eq(states.live)
        with m.If(does.cancel_rejected & (entry.state == states.cancelling)):
            m.d.sync += new.state.eq(states.live)
        with m.If(does.fill):
            m.d.sync += [new.remaining.eq(remaining), new.execution.eq(self.execution)]
        with m.If(does.set_order):
            m.d.sync += [
                new.state.eq(states.live), new.remaining.eq(self.quantity), new.execution.eq(0),
                new.side.eq(self.side), new.tick.eq(self.tick),
            ]  # fmt: skip
        gone = does.leaves | (does.fill & does.out)
        m.d.sync += [
            self.keeps.eq(~gone & (self.hit | does.set_order)),
            self.writes.order.eq(
                gone | does.cancel | does.ack | does.cancel_rejected | does.fill | does.set_order
            ),
        ]

    def _exposure(self, m: Module, does: Any) -> None:
        """Move the position, cash and what is open."""
        old, new, s = self.exposure, self.new_exposure, self.shapes
        amounts, limit = self.amounts, (1 << s.position.width - 1) - 1
        moves = amounts.moved != 0
        target = Signal(s.position.width + 1)
        step = Mux(amounts.up, amounts.moved, -amounts.moved)
        seeded = Mux(self.side, -self.size, self.size)
        m.d.comb += target.eq(Mux(does.set_position, seeded, old.position + step))
        # The two top bits differ where the position does not fit: it stays at its largest.
        beyond = target[-1] ^ target[-2]
        lowest = target == (1 << s.position.width) | (1 << s.position.width - 1)
        position = Signal(s.position)
        m.d.comb += position.eq(target.as_signed())
        with m.If(beyond | lowest):
            m.d.comb += position.eq(Mux(target[-1], -limit, limit))
        flow = Signal(s.cash.width + 1)
        base = Mux(does.set_position, 0, old.cash)
        up = Mux(does.set_position, ~self.side, amounts.up)
        m.d.comb += flow.eq(Mux(up, base - self.notional, base + self.notional))
        cash = Signal(s.cash)
        most = (1 << s.cash.width - 1) - 1
        broke = flow[-1] ^ flow[-2]
        m.d.comb += cash.eq(Mux(broke, Mux(flow[-1], -most, most), flow.as_signed()))
        adds = Mux(does.set_order, self.quantity, 0)
        shrinks = Signal()
        before, after = _size(old.position), _size(position)
        m.d.comb += shrinks.eq(after < before)
        m.d.sync += [
            new.eq(old),
            new.open_buy.eq(
                (old.open_buy + Mux(amounts.buy, adds, 0) - Mux(amounts.buy, amounts.taken, 0))[
                    : s.open_quantity.width
                ]
            ),
            new.open_sell.eq(
                (old.open_sell + Mux(amounts.buy, 0, adds) - Mux(amounts.buy, 0, amounts.taken))[
                    : s.open_quantity.width
                ]
            ),
            new.orders.eq((old.orders + does.set_order - self._gone(does))[: s.count.width]),
            self.resized.shrinks.eq(shrinks),
            self.resized.amount.eq(Mux(shrinks, before - after, after - before)),
            self.writes.exposure.eq(
                moves | (amounts.taken != 0) | does.set_position | does.set_order
            ),
            self.seeds.eq(does.set_position | does.set_order),
        ]
        with m.If(moves | does.set_position):
            m.d.sync += [new.position.eq(position), new.cash.eq(cash)]
        with m.If(moves & (beyond | lowest | broke)):
            m.d.sync += [self.fault.eq(1), self.kills.eq(1)]
            with m.If(self.error == REPORT_ERROR.none):
                m.d.sync += self.error.eq(REPORT_ERROR.range)

    def _gone(self, does: Any) -> Value:
        bit: Value = does.leaves | (does.fill & does.out)
        return bit

    def _conduct(self, m: Module, does: Any, cancel: Value) -> None:
        """Count what the strategy did."""
        old, new = self.conduct, self.new_conduct
        m.d.sync += [
            new.eq(old),
            new.orders.eq((old.orders + does.set_order - self._gone(does))[: len(old.orders)]),
            self.writes.conduct.eq(cancel | does.fill | does.leaves | does.set_order | does.reset),
        ]
        with m.If(cancel & ~old.used.all()):
            m.d.sync += new.used.eq(old.used + 1)
        with m.If(does.fill):
            m.d.sync += new.used.eq(Mux(old.used > self.ratio, old.used - self.ratio, 0))
            with m.If(~old.fills.all()):
                m.d.sync += new.fills.eq(old.fills + 1)
        with m.If(does.reset):
            m.d.sync += new.fills.eq(0)


_KINDS: Final = (
    "cancel", "ack", "fill", "cancelled", "rejected", "cancel_rejected", "set_position",
    "set_order", "reset_executions",
)  # fmt: skip
_FAULTS: Final = (REPORT_ERROR.unknown_id, REPORT_ERROR.duplicate_fill, REPORT_ERROR.range)
_KILLERS: Final = (REPORT_ERROR.unknown_id, REPORT_ERROR.range)


def _is(value: Value, *codes: int) -> Value:
    return value.matches(*codes)


def _size(position: Value) -> Value:
    """Return the absolute value, without its sign."""
    size: Value = Mux(position < 0, -position, position)
    return size[: len(position)]
