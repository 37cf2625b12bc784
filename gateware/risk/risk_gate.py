"""The pre-trade risk gate: no order leaves the box unchecked."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of, one_hot_index
from gateware.common.multiplier import Multiplier
from gateware.common.records import ORDER_LAYOUT, RISK_EVENT_LAYOUT, RISK_REQUEST_LAYOUT
from gateware.common.view import view
from gateware.market.layouts import market_view
from gateware.risk.layouts import RiskShapes
from gateware.risk.limit_tables import row_layout
from gateware.risk.marking import Marking, totals_layout
from gateware.risk.new_order_checks import NewOrderChecks, band_layout, standing_layout
from gateware.risk.open_orders import OpenOrders
from gateware.risk.own_prices import OwnPrices
from gateware.risk.report_effects import ReportEffects
from gateware.risk.state_rows import StateRows
from gateware.risk.walks import AuditWalk, CancelWalk, stands_against
from hw.records import CHECK, ORDER_KIND, ORDER_STATE, REQUEST_KIND, RISK_EVENT_KIND
from hw.risk_parameters import RiskParameters

__all__ = ["RiskGate"]

#: The steps of a request: of a new order and of any other one.
_NEW_STEPS: Final = 3
_STEPS: Final = 9


class RiskGate(wiring.Component):
    """Take requests one after the other, and decide each before the next is taken.

    What each request does: docs/concepts/risk-gate.md.

    Timing
    ------
    A new order that is taken in cycle 0 stands at ``o`` in cycle ``LATENCY``, or its denial is
    told; the next request is taken in that cycle at the earliest. A cancel stands at ``o`` in cycle
    ``LATENCY`` too; every request but a new order occupies the gate for ``OTHER_INTERVAL`` cycles.
    ``standing`` is looked at in cycle ``LATENCY`` - 1, so that what it says in cycle k holds for
    every order that stands at ``o`` from cycle k + 1 on; and a new order that stands at ``o`` is
    withdrawn in the cycle in which ``standing`` is against it.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    i : ``In(stream)``
        Requests.
    o : ``Out(stream)``
        Orders and cancels. Unlike other streams ``valid`` can fall without a transfer: a new order
        is withdrawn when a kill comes.
    told : ``Out({valid, event})``
        An event, for one cycle; never waits.
    audit : ``Out(stream)``
        Events of a read-out.
    select : ``Out({instrument, venue, strategy, account})``
        Whose rows are looked up, of limits, market and bands; they come one cycle later.
    instrument, venue, strategy, account, box : ``In``
        Rows of the limits.
    market, band : ``In``
        Of the consolidated market and the circuit breaker.
    mark_select : ``Out``
        Instrument that is marked in the background.
    mark, mark_loss, mark_value : ``In``
        Its price and its limits ``max_loss`` and ``lot_value``, one cycle later.
    standing : ``In``
        Kills, arming, trips. ``lossy`` and ``not_ready`` are not looked at.
    queue_room, limits_changed : ``In(1)``
        There is room for events; limits come into force after this cycle.
    cancel : ``In(1)``
        A kill or a halt is new: cancel what it concerns.
    now, cycle : ``In``
        The box's time [ns] and cycle.
    outcome : ``Out({valid, rejected})``
        A venue answered an order.
    lossy : ``Out(1)``
        The loss of some instrument exceeds its limit.
    fault : ``Out(1)``
        A report contradicted the table.
    fault_kills : ``Out(instruments)``
        It is to kill these instruments.
    taken, passed, denied, denied_first : ``Out``
        For counting: a request was taken; a new order passed, was denied, by which check first.
    open_orders : ``Out``
        How many are open.
    cancelling, settled : ``Out(1)``
        Cancels are being sent; bounds on own prices are exact and all instruments are marked.
    clear : ``In(1)``
        Forget everything.
    ready : ``Out(1)``
        All memories are clear.
    """

    LATENCY: Final = _NEW_STEPS + 1
    INTERVAL: Final = _NEW_STEPS + 1
    OTHER_INTERVAL: Final = _STEPS + 1

    i: Any
    o: Any
    told: Any
    audit: Any
    select: Any
    instrument: Any
    venue: Any
    strategy: Any
    account: Any
    box: Any
    market: Any
    band: Any
    mark_select: Value
    mark: Any
    mark_loss: Value
    mark_value: Value
    standing: Any
    queue_room: Value
    limits_changed: Value
    cancel: Value
    now: Value
    cycle: Value
    outcome: Any
    lossy: Value
    fault: Value
    fault_kills: Value
    taken: Value
    passed: Value
    denied: Value
    denied_first: Value
    open_orders: Value
    cancelling: Value
    settled: Value
    clear: Value
    ready: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        self.shapes = s = RiskShapes(parameters)
        rows = ("instrument", "venue", "strategy", "account", "box")
        select = {n: getattr(s, n) for n in rows[:4]}
        super().__init__(
            {
                "i": In(stream.Signature(RISK_REQUEST_LAYOUT)),
                "o": Out(stream.Signature(ORDER_LAYOUT)),
                "told": Out(data.StructLayout({"valid": 1, "event": RISK_EVENT_LAYOUT})),
                "audit": Out(stream.Signature(RISK_EVENT_LAYOUT)),
                "select": Out(data.StructLayout(select)),
                **{name: In(row_layout(name, p)) for name in rows},
                "market": In(market_view(p)),
                "band": In(band_layout(p)),
                "mark_select": Out(s.instrument),
                "mark": In(s.mark),
                "mark_loss": In(64),
                "mark_value": In(s.lot_value),
                "standing": In(standing_layout(p)),
                "queue_room": In(1),
                "limits_changed": In(1),
                "cancel": In(1),
                "now": In(s.time),
                "cycle": In(64),
                "outcome": Out(data.StructLayout({"valid": 1, "rejected": 1})),
                "lossy": Out(1),
                "fault": Out(1),
                "fault_kills": Out(p.instruments),
                "taken": Out(1),
                "passed": Out(1),
                "denied": Out(1),
                "denied_first": Out(range(len(CHECK))),
                "open_orders": Out(s.count),
                "cancelling": Out(1),
                "settled": Out(1),
                "clear": In(1),
                "ready": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, s = self.parameters, self.shapes
        m.submodules.orders = self._orders = OpenOrders(parameters=p)
        m.submodules.own = self._own = OwnPrices(parameters=p)
        m.submodules.rows = self._rows = StateRows(parameters=p)
        m.submodules.checks = self._checks = NewOrderChecks(parameters=p)
        m.submodules.effects = self._effects = ReportEffects(parameters=p)
        m.submodules.marking = self._marking = Marking(parameters=p)
        m.submodules.cancels = self._cancels = CancelWalk(parameters=p)
        m.submodules.reading = self._reading = AuditWalk(parameters=p)
        for part in (self._own, self._orders, self._rows, self._marking, self._cancels):
            m.d.comb += part.clear.eq(self.clear)
        m.d.comb += [self._checks.clear.eq(self.clear), self._reading.clear.eq(self.clear)]

        # Step n is 1 in cycle n of a request; in cycle 0 the gate is idle.
        self._step = step = Signal(_STEPS + 1)
        self._op: Any = view(RISK_REQUEST_LAYOUT, name="op")
        self._order_of: Any = view(s.order, name="entry")
        self._hit, self._room, self._slot = Signal(), Signal(), Signal(s.slot)
        self._id = Signal(s.order_id)
        self._fresh, self._by_box, self._withdrawn = Signal(), Signal(), Signal()
        self._void = Signal()
        self._exposure: Any = view(s.exposure, name="exposure")
        self._conduct: Any = view(s.conduct, name="conduct")
        self._lot_value, self._tolerant = Signal(s.lot_value), Signal()
        self._ratio = Signal(16)
        self._totals: Any = view(totals_layout(s), name="totals", reset=True)
        self._totalling = Signal(init=1)
        self._held: Any = view(ORDER_LAYOUT, name="held")
        self._holds = Signal()
        self._standing: Any = view(self.standing.shape(), name="standing_now")
        m.d.comb += self._standing.eq(self.standing)
        m.d.comb += [
            self._standing.lossy.eq(self._marking.over | self._marking.unmarked),
            self._standing.not_ready.eq(~self.queue_room),
            self.lossy.eq(self._marking.over.any()),
            self.ready.eq(self._orders.ready & self._rows.ready),
            self.settled.eq(self._own.settled & ~self._totalling),
            self.cancelling.eq(self._cancels.active),
        ]
        accept = self._accept(m)
        with m.If(accept):
            m.d.sync += step.eq(1 << 1)
        with m.Elif(self._fresh & step[_NEW_STEPS]):
            m.d.sync += step.eq(0)
        with m.Else():
            m.d.sync += step.eq(step << 1)
        self._look_up(m)
        passes = self._decide(m)
        self._change(m)
        self._add_up(m, passes)
        self._port(m, passes)
        self._walk(m)
        self._tell(m)
        with m.If(self.clear):
            m.d.sync += [
                step.eq(0), self._holds.eq(0), self._withdrawn.eq(0), self.open_orders.eq(0),
                self._totals.eq(0), self._totalling.eq(1), self.told.valid.eq(0),
            ]  # fmt: skip
        return m

    def _accept(self, m: Module) -> Value:
        """Take the next request: a withdrawal, a cancel of the box itself, or one from outside."""
        kinds, asked, op = REQUEST_KIND, self.i.payload, self._op
        idle, accept = Signal(), Signal()
        free = ~self._holds | (self.o.valid & self.o.ready)
        open_ = ~self._totalling | (asked.kind == kinds.cancel)
        reading = (asked.kind == kinds.audit) & self._reading.active
        inside = self._withdrawn | self._cancels.found
        m.d.comb += [
            idle.eq((self._step == 0) & self.ready & free),
            self.i.ready.eq(idle & ~inside & open_ & ~reading & ~self.limits_changed),
            accept.eq(idle & (inside | (self.i.valid & self.i.ready))),
            self._cancels.taken.eq(idle & ~self._withdrawn & self._cancels.found),
            self.taken.eq(self.i.valid & self.i.ready),
            self._reading.start.eq(self.taken & (asked.kind == kinds.audit)),
            self._orders.look.id.eq(Mux(self._withdrawn, self._held.order_id, asked.order_id)),
            self._orders.look.direct.eq(~self._withdrawn & self._cancels.found),
            self._orders.look.slot.eq(self._cancels.slot),
        ]
        with m.If(accept):
            m.d.sync += [
                op.eq(asked), self._fresh.eq(~inside & (asked.kind == kinds.new)),
                self._by_box.eq(inside), self._void.eq(0),
            ]  # fmt: skip
            with m.If(self._withdrawn):
                m.d.sync += [op.kind.eq(kinds.rejected), op.order_id.eq(self._held.order_id)]
            with m.Elif(self._cancels.found):
                m.d.sync += [op.kind.eq(kinds.cancel), op.flags.eq(0), op.time.eq(0)]
        self._judge_form(m)
        return accept

    def _judge_form(self, m: Module) -> None:
        """Say what of a request is out of range, as far as its kind uses it."""
        p, op, kinds, checks = self.parameters, self._op, REQUEST_KIND, self._checks
        malformed, bad, wide = Signal(), Signal(), Signal()
        beyond = {
            "instrument": op.instrument >= p.instruments,
            "venue": op.venue >= p.venues,
            "strategy": op.strategy >= p.strategies,
            "account": op.account >= p.accounts,
            "side": op.side > 1,
        }
        # What the box does of itself names a slot; what stands at the input says nothing.
        wide_id = ~self._by_box & (op.order_id[p.id_bits :].any() if p.id_bits < 64 else Const(0))
        room = p.position_bits - 1
        wide_tick, wide_size = op.tick[p.tick_bits :].any(), op.quantity[room:].any()
        m.d.comb += [
            wide.eq(wide_tick | op.quantity[p.quantity_bits :].any()),
            bad.eq(Cat(beyond.values()).any()),
            malformed.eq(bad | wide | wide_id),
            *(getattr(checks.intent, n).eq(op[n]) for n in ("tick", "quantity", *list(beyond))),
            checks.intent.size.eq(op.quantity), checks.intent.malformed.eq(malformed),
        ]  # fmt: skip
        effects = self._effects
        m.d.comb += [
            effects.wide.eq(Mux(op.kind == kinds.set_position, wide_tick | wide_size, wide)),
            effects.nothing.eq(op.quantity == 0), effects.size.eq(op.quantity),
        ]  # fmt: skip
        with m.If((op.kind == kinds.set_position) | (op.kind == kinds.fill)):
            m.d.comb += effects.bad_index.eq(beyond["instrument"] | beyond["side"])
        with m.Elif((op.kind == kinds.reset_executions) | (op.kind == kinds.cancel)):
            m.d.comb += effects.bad_index.eq(beyond["strategy"])
        with m.Else():
            m.d.comb += effects.bad_index.eq(malformed)
        self._wide_id = wide_id

    def _look_up(self, m: Module) -> None:
        """Find the order, then the rows of its instrument and so on."""
        step, op, asked, orders = self._step, self._op, self.i.payload, self._orders
        named = (
            orders.found.hit
            & ~self._wide_id
            & ~op.kind.matches(REQUEST_KIND.set_position, REQUEST_KIND.reset_executions)
        )
        for name in ("instrument", "venue", "strategy", "account"):
            later = Mux(named, orders.order[name], op[name])
            m.d.comb += self.select[name].eq(Mux(step[2], later, asked[name]))
        with m.If(step[2]):
            m.d.sync += [
                self._hit.eq(orders.found.hit & ~self._wide_id),
                self._room.eq(orders.found.room), self._slot.eq(orders.found.slot),
                self._id.eq(orders.found.id), self._order_of.eq(orders.order),
            ]  # fmt: skip
        rows = self._rows
        m.d.comb += [
            rows.instrument.eq(self.select.instrument),
            rows.venue.eq(self.select.venue),
            rows.strategy.eq(self.select.strategy),
            self._own.look.eq(self.select.instrument),
        ]
        with m.If(Mux(self._fresh, step[1], step[3])):
            m.d.sync += [
                self._exposure.eq(rows.exposure), self._conduct.eq(rows.conduct),
                self._lot_value.eq(self.instrument.lot_value),
                self._tolerant.eq(self.box.box_flags[0]),
                self._ratio.eq(self.strategy.message_ratio),
            ]  # fmt: skip

    def _decide(self, m: Module) -> Value:
        """Check a new order, and if nothing fails let it out and remember it."""
        step, s, op, checks = self._step, self.shapes, self._op, self._checks
        rows, own = self._rows, self._own
        box_arrival, burst_arrival = Signal(s.time), Signal(s.time)
        m.d.comb += [
            *(
                getattr(checks, name).eq(getattr(self, name))
                for name in ("instrument", "venue", "strategy", "account", "box", "market", "band")
            ),
            checks.exposure.eq(rows.exposure), checks.conduct.eq(rows.conduct),
            checks.own.eq(own.own), checks.totals.eq(self._totals),
            checks.arrival.venue.eq(rows.arrival), checks.arrival.box.eq(box_arrival),
            checks.arrival.burst.eq(burst_arrival),
            checks.open_orders.eq(self.open_orders), checks.now.eq(self.now),
            checks.found.hit.eq(self._orders.found.hit),
            checks.found.room.eq(self._orders.found.room),
            checks.standing.eq(self._standing),
        ]  # fmt: skip
        decides, passes = Signal(), Signal()
        m.d.comb += [
            decides.eq(self._fresh & step[_NEW_STEPS]),
            passes.eq(decides & ~checks.failed.any()),
            checks.record.eq(passes),
            self.passed.eq(passes),
            self.denied.eq(decides & ~passes),
            self.denied_first.eq(one_hot_index(first_of(checks.failed))),
        ]
        with m.If(passes):
            m.d.sync += [
                box_arrival.eq(checks.arrivals.box), burst_arrival.eq(checks.arrivals.burst)
            ]  # fmt: skip
        with m.If(self.clear):
            m.d.sync += [box_arrival.eq(0), burst_arrival.eq(0)]
        m.d.comb += [
            rows.write_arrival.enable.eq(passes),
            rows.write_arrival.index.eq(op.venue),
            rows.write_arrival.row.eq(checks.arrivals.venue),
        ]
        return passes

    def _change(self, m: Module) -> None:
        """Write what a request changes: a new order in step 3, another request in step 6."""
        step, op, effects, old = self._step, self._op, self._effects, self._exposure
        s, orders, rows, kinds = self.shapes, self._orders, self._rows, REQUEST_KIND
        passes, late = self.passed, step[6] & ~self._fresh & ~self._void
        m.d.comb += [
            effects.kind.eq(op.kind), effects.hit.eq(self._hit), effects.room.eq(self._room),
            effects.entry.eq(self._order_of), effects.side.eq(op.side),
            effects.tick.eq(op.tick), effects.quantity.eq(op.quantity),
            effects.execution.eq(op.execution), effects.disarmed.eq(~self.standing.armed),
            effects.notional.eq(self._checks.notional), effects.exposure.eq(old),
            effects.conduct.eq(self._conduct), effects.ratio.eq(self._ratio),
        ]  # fmt: skip
        buys = ~op.side[0]
        write = orders.write
        m.d.comb += [
            write.enable.eq(passes | (late & effects.writes.order)),
            write.slot.eq(self._slot), write.id.eq(self._id),
            write.valid.eq(passes | effects.keeps), write.order.eq(effects.new_order),
            rows.write_exposure.enable.eq(passes | (late & effects.writes.exposure)),
            rows.write_exposure.row.eq(effects.new_exposure),
            rows.write_conduct.enable.eq(passes | (late & effects.writes.conduct)),
            rows.write_conduct.row.eq(effects.new_conduct),
        ]  # fmt: skip
        # Whose rows they are: the open order's, else the request's.
        named = (
            self._hit
            & ~self._fresh
            & (op.kind != kinds.set_position)
            & (op.kind != kinds.reset_executions)
        )
        whose = {n: Mux(named, self._order_of[n], op[n]) for n in ("instrument", "strategy")}
        m.d.comb += [
            rows.write_exposure.index.eq(whose["instrument"]),
            rows.write_conduct.index.eq(whose["strategy"]),
        ]
        fresh: Any = write.order
        with m.If(self._fresh | (op.kind == kinds.set_order)):
            m.d.comb += [
                fresh[n].eq(op[n])
                for n in ("instrument", "venue", "strategy", "account", "side", "tick")
            ]
        with m.If(self._fresh):
            row, conduct = rows.write_exposure.row, rows.write_conduct.row
            m.d.comb += [
                fresh.state.eq(ORDER_STATE.pending), fresh.remaining.eq(op.quantity),
                fresh.execution.eq(0),
                row.eq(old), row.orders.eq((old.orders + 1)[: s.count.width]),
                conduct.eq(self._conduct),
                conduct.orders.eq((self._conduct.orders + 1)[: s.count.width]),
                conduct.used.eq(self._conduct.used + ~self._conduct.used.all()),
                conduct.arrival.eq(self._checks.arrivals.strategy),
            ]  # fmt: skip
            wide = s.open_quantity.width
            with m.If(buys):
                m.d.comb += row.open_buy.eq((old.open_buy + op.quantity)[:wide])
            with m.Else():
                m.d.comb += row.open_sell.eq((old.open_sell + op.quantity)[:wide])
        comes = passes | (late & effects.seeds & (op.kind == kinds.set_order))
        leaves = late & effects.writes.order & ~effects.keeps
        with m.If(comes):
            m.d.sync += self.open_orders.eq(self.open_orders + 1)
        with m.If(leaves):
            m.d.sync += self.open_orders.eq(self.open_orders - 1)
        own = self._own
        m.d.comb += [
            own.come.enable.eq(comes), own.come.instrument.eq(op.instrument),
            own.come.side.eq(op.side), own.come.tick.eq(op.tick),
            own.leave.instrument.eq(self._order_of.instrument),
            own.leave.side.eq(self._order_of.side),
            self.outcome.valid.eq(late & ~self._by_box & (
                (op.kind == kinds.rejected)
                | ((op.kind == kinds.ack) & self._hit
                   & (self._order_of.state == ORDER_STATE.pending))
            )),
            self.outcome.rejected.eq(op.kind == kinds.rejected),
            self.fault.eq(late & effects.fault),
        ]  # fmt: skip
        m.d.sync += own.leave.enable.eq(leaves)
        with m.If(late & effects.kills & ~self._tolerant):
            m.d.comb += self.fault_kills.bit_select(whose["instrument"], 1).eq(1)

    def _add_up(self, m: Module, passes: Value) -> None:
        """Keep the notionals of the box."""
        step, effects, marking, totals = self._step, self._effects, self._marking, self._totals
        p, s = self.parameters, self.shapes
        m.submodules.moved = times = Multiplier(a_bits=p.quantity_bits, b_bits=p.lot_value_bits)
        amounts = effects.amounts
        m.d.comb += [
            times.a.eq(
                Mux(step[5], amounts.taken, Mux(step[6], amounts.moved, effects.resized.amount))
            ),
            times.b.eq(self._lot_value),
        ]
        value, product = Signal(s.value), Signal(s.value)
        m.d.comb += [value.eq(self._checks.value), product.eq(times.product)]
        with m.If(passes):
            m.d.sync += totals.gross.eq(totals.gross + value)
            with m.If(self._op.side[0]):
                m.d.sync += totals.short.eq(totals.short + value)
            with m.Else():
                m.d.sync += totals.long.eq(totals.long + value)
        with m.If(~self._fresh & ~self._void):
            with m.If(step[7]):
                m.d.sync += totals.gross.eq(totals.gross - product)
                with m.If(amounts.buy):
                    m.d.sync += totals.long.eq(totals.long - product)
                with m.Else():
                    m.d.sync += totals.short.eq(totals.short - product)
            with m.If(step[8]):
                m.d.sync += [
                    totals.long.eq(Mux(amounts.up, totals.long + product, totals.long - product)),
                    totals.short.eq(
                        Mux(amounts.up, totals.short - product, totals.short + product)
                    ),
                ]
            with m.If(step[9]):
                m.d.sync += totals.gross.eq(
                    Mux(effects.resized.shrinks, totals.gross - product, totals.gross + product)
                )
        seeds = step[6] & ~self._fresh & effects.seeds
        # What was in flight has moved its rows before the adding begins; what moves one begins it
        # anew.
        due = Signal(init=1)
        moves = self._totalling & self._rows.write_exposure.enable
        again = self.clear | self.limits_changed | seeds | moves
        m.d.comb += marking.total.eq(due & (step == 0) & self.ready)
        with m.If(marking.total):
            m.d.sync += due.eq(0)
        with m.If(again):
            m.d.sync += [due.eq(1), self._totalling.eq(1)]
        with m.Elif(marking.totals_done & ~due):
            m.d.sync += [totals.eq(marking.totals), self._totalling.eq(0)]

    def _port(self, m: Module, passes: Value) -> None:
        """Hold an order until it is taken, or withdraw it."""
        step, op, held, entry = self._step, self._op, self._held, self._order_of
        new = held.kind == ORDER_KIND.new
        against = new & (stands_against(self.standing, held) | ~self.standing.armed)
        m.d.comb += [self.o.valid.eq(self._holds & ~against), self.o.payload.eq(held)]
        with m.If(self._holds & (against | self.o.ready)):
            m.d.sync += [self._holds.eq(0), self._withdrawn.eq(against)]
        # A withdrawal is the next request; it has begun by the time step 1 is reached.
        with m.If(step[1] & self._by_box):
            m.d.sync += self._withdrawn.eq(0)
        cancels = step[3] & ~self._fresh & (op.kind == REQUEST_KIND.cancel)
        concerned = (
            self._hit
            & stands_against(self.standing, entry)
            & (entry.state != ORDER_STATE.cancelling)
        )
        sends = cancels & (~self._by_box | concerned)
        with m.If(cancels & self._by_box & ~concerned):
            m.d.sync += self._void.eq(1)
        with m.If(passes | sends):
            m.d.sync += [
                self._holds.eq(1), held.order_id.eq(Mux(self._fresh, op.order_id, self._id)),
                held.kind.eq(Mux(self._fresh, ORDER_KIND.new, ORDER_KIND.cancel)),
                held.flags.eq(op.flags), held.time.eq(op.time), held.cycle.eq(self.cycle),
                *(held[n].eq(op[n]) for n in _NAMED), held.quantity.eq(op.quantity),
            ]  # fmt: skip
            with m.If(~self._fresh & self._hit):
                m.d.sync += [
                    *(held[n].eq(entry[n]) for n in _NAMED), held.quantity.eq(entry.remaining)
                ]  # fmt: skip
            with m.If(~self._fresh & ~self._hit):
                m.d.sync += held.order_id.eq(op.order_id)

    def _walk(self, m: Module) -> None:
        """Share the visits of the table and the second look at exposures."""
        orders, own, cancels, reading = self._orders, self._own, self._cancels, self._reading
        rows, marking = self._rows, self._marking
        m.d.comb += [
            cancels.start.eq(self.cancel), cancels.standing.eq(self._standing),
            cancels.granted.eq(1), reading.granted.eq(~cancels.visit.want),
            own.granted.eq(~cancels.visit.want & ~reading.visit.want),
            orders.visit_slot.eq(
                Mux(
                    cancels.visit.want,
                    cancels.visit.slot,
                    Mux(reading.visit.want, reading.visit.slot, own.visit.slot),
                )
            ),
            *(part.visited.eq(orders.visited) for part in (own, cancels, reading)),
        ]  # fmt: skip
        stolen = Signal()
        m.d.sync += stolen.eq(reading.expose)
        m.d.comb += [
            rows.other_instrument.eq(
                Mux(reading.expose, reading.instrument, marking.instrument)
            ),
            reading.exposure.eq(rows.other_exposure), reading.torn.eq(rows.other_torn),
            marking.exposure.eq(rows.other_exposure),
            marking.torn.eq(rows.other_torn | stolen),
            self.mark_select.eq(marking.instrument), marking.mark.eq(self.mark),
            marking.max_loss.eq(self.mark_loss), marking.lot_value.eq(self.mark_value),
        ]  # fmt: skip

    def _tell(self, m: Module) -> None:
        """Say what came of a request."""
        step, op, told, effects = self._step, self._op, self.told, self._effects
        kinds, event, entry = RISK_EVENT_KIND, self.told.event, self._order_of
        checks = self._checks
        ends_new = self._fresh & step[_NEW_STEPS]
        ends = (
            step[7] & ~self._fresh & ~self._void & (self._by_box | (op.kind != REQUEST_KIND.audit))
        )
        m.d.sync += told.valid.eq(ends_new | ends)
        with m.If(ends_new | ends):
            m.d.sync += [
                event.eq(0), event.time.eq(self.now), event.cycle.eq(self.cycle),
                event.order_id.eq(op.order_id), event.tick.eq(op.tick),
                event.quantity.eq(op.quantity), event.cause.eq(Mux(self._by_box, 0, op.kind)),
                *(event[n].eq(op[n]) for n in _NAMED if n != "tick"),
            ]  # fmt: skip
        position = Signal(64)
        with m.If(ends_new):
            m.d.comb += position.eq(self._exposure.position)
            m.d.sync += [
                event.kind.eq(Mux(self.passed, kinds.passed, kinds.denied)),
                event.failed.eq(checks.failed), event.first.eq(self.denied_first),
                event.position.eq(Mux(op.instrument < self.parameters.instruments, position, 0)),
                event.latency.eq(self.LATENCY),
            ]  # fmt: skip
            with m.If(self.passed):
                m.d.sync += [
                    event.state.eq(ORDER_STATE.pending), event.remaining.eq(op.quantity)
                ]  # fmt: skip
        with m.Elif(ends):
            by_box, known = (
                self._by_box,
                self._hit
                & (op.kind != REQUEST_KIND.set_position)
                & (op.kind != REQUEST_KIND.reset_executions),
            )
            cancel = op.kind == REQUEST_KIND.cancel
            m.d.comb += position.eq(effects.new_exposure.position)
            m.d.sync += [
                event.kind.eq(
                    Mux(cancel, kinds.cancel_sent, Mux(by_box, kinds.withdrawn, kinds.told))
                ),
                event.error.eq(effects.error),
                event.latency.eq(Mux(cancel, self.LATENCY, self.OTHER_INTERVAL)),
                event.position.eq(
                    Mux(known | (op.instrument < self.parameters.instruments), position, 0)
                ),
            ]
            with m.If(known):
                m.d.sync += [
                    event[n].eq(entry[n]) for n in _NAMED if n != "tick"
                ]  # fmt: skip
                with m.If(op.kind != REQUEST_KIND.fill):
                    m.d.sync += [event.tick.eq(entry.tick), event.quantity.eq(entry.remaining)]
            with m.If(by_box):
                m.d.sync += event.order_id.eq(self._id)
            with m.If(effects.keeps & (known | (op.kind == REQUEST_KIND.set_order))):
                m.d.sync += [
                    event.state.eq(effects.new_order.state),
                    event.remaining.eq(effects.new_order.remaining),
                ]
        self._read_out(m)

    def _read_out(self, m: Module) -> None:
        """Say what a read-out finds."""
        reading, event, kinds = self._reading, self.audit.payload, RISK_EVENT_KIND
        order, row = reading.order, reading.position
        position, size = Signal(64), Signal(self.shapes.position.width)
        m.d.comb += [
            self.audit.valid.eq(reading.order_valid | reading.position_valid | reading.done),
            reading.taken.eq(self.audit.valid & self.audit.ready),
            position.eq(row.position),
            size.eq(Mux(row.position < 0, -row.position, row.position)),
            event.time.eq(self.now), event.cycle.eq(self.cycle),
            event.cause.eq(REQUEST_KIND.audit),
        ]  # fmt: skip
        with m.If(reading.order_valid):
            m.d.comb += [
                event.kind.eq(kinds.order), event.order_id.eq(reading.order_id),
                *(event[n].eq(order[n]) for n in _NAMED),
                event.quantity.eq(order.remaining), event.remaining.eq(order.remaining),
                event.state.eq(order.state),
            ]  # fmt: skip
        with m.Elif(reading.position_valid):
            m.d.comb += [
                event.kind.eq(kinds.position), event.instrument.eq(reading.instrument),
                event.position.eq(position), event.quantity.eq(size),
                event.side.eq(row.position < 0),
            ]  # fmt: skip
        with m.Else():
            m.d.comb += event.kind.eq(kinds.audit_done)


_NAMED: Final = ("side", "instrument", "venue", "strategy", "account", "tick")
