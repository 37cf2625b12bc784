"""Walks through the table of open orders: to cancel them, and to read them out."""

from typing import Any, Final

from amaranth import Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.view import view
from gateware.risk.layouts import RiskShapes
from gateware.risk.new_order_checks import standing_layout
from hw.records import ORDER_STATE
from hw.risk_parameters import RiskParameters

__all__ = ["AuditWalk", "CancelWalk", "stands_against"]


def stands_against(standing: Any, order: Any) -> Value:
    """Say whether a kill or a halt concerns an order."""
    bit: Value = (
        standing.killed
        | standing.killed_venues.bit_select(order.venue, 1)
        | standing.killed_accounts.bit_select(order.account, 1)
        | standing.killed_instruments.bit_select(order.instrument, 1)
        | standing.killed_strategies.bit_select(order.strategy, 1)
        | standing.halted.bit_select(order.instrument, 1)
    )
    return bit


class CancelWalk(wiring.Component):
    """Find the open orders that a kill or a halt concerns, one after the other.

    Timing
    ------
    A slot takes 3 cycles, more where a visit is not granted or torn; a cancel as long as the gate
    takes to accept it.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    start : ``In(1)``
        Walk through the whole table; while a walk is under way, once more after it.
    standing : ``In``
        Kills and halts.
    visit : ``Out({want, slot})``
        Slot to visit.
    granted : ``In(1)``
        The visit is made in this cycle.
    visited : ``In``
        As ``OpenOrders.visited``, one cycle later.
    found, slot : ``Out(1)``, ``Out(slot)``
        An order to cancel; held until ``taken``.
    taken : ``In(1)``
        The gate cancels it.
    active : ``Out(1)``
        A walk is under way or due.
    clear : ``In(1)``
        End it.
    """

    start: Value
    standing: Any
    visit: Any
    granted: Value
    visited: Any
    found: Value
    slot: Value
    taken: Value
    active: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.shapes = s = RiskShapes(parameters)
        super().__init__(
            {
                "start": In(1),
                "standing": In(standing_layout(parameters)),
                "visit": Out(data.StructLayout({"want": 1, "slot": s.slot})),
                "granted": In(1),
                "visited": In(s.visited),
                "found": Out(1),
                "slot": Out(s.slot),
                "taken": In(1),
                "active": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        walking, again, waiting, judged = Signal(), Signal(), Signal(), Signal()
        order, valid = view(self.shapes.order, name="order"), Signal()
        last = self.slot == self.parameters.order_slots - 1
        m.d.comb += [
            self.visit.slot.eq(self.slot),
            self.visit.want.eq(walking & ~waiting & ~judged & ~self.found),
            self.active.eq(walking | again),
        ]
        m.d.sync += [waiting.eq(self.visit.want & self.granted), judged.eq(0)]
        with m.If(waiting & ~self.visited.torn):
            m.d.sync += [judged.eq(1), order.eq(self.visited.order), valid.eq(self.visited.valid)]
        concerned = valid & (order.state != ORDER_STATE.cancelling)
        with m.If(judged & concerned & stands_against(self.standing, order)):
            m.d.sync += self.found.eq(1)
        with m.Elif(judged | (self.found & self.taken)):
            m.d.sync += [self.found.eq(0), self.slot.eq(self.slot + 1)]
            with m.If(last):
                m.d.sync += walking.eq(0)
        with m.If(~walking & again):
            m.d.sync += [walking.eq(1), again.eq(0), self.slot.eq(0)]
        with m.If(self.start):
            m.d.sync += again.eq(1)
        with m.If(self.clear):
            m.d.sync += [
                walking.eq(0), again.eq(0), waiting.eq(0), judged.eq(0), self.found.eq(0),
            ]  # fmt: skip
        return m


class AuditWalk(wiring.Component):
    """Read out every open order, then every position.

    Timing
    ------
    A slot takes 3 cycles, more where a visit is not granted or torn, or ``free`` is 0.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    start : ``In(1)``
        Begin; ignored while one is under way.
    visit, granted, visited : ``Out``, ``In``, ``In``
        As of ``CancelWalk``.
    instrument : ``Out(instrument)``
        Whose exposure is read.
    exposure, torn : ``In``, ``In(1)``
        Its exposure, one cycle later, and whether it was just being written.
    expose : ``Out(1)``
        ``instrument`` is to be looked at in this cycle.
    order_valid, order_id, order : ``Out``
        An open order.
    position_valid, position : ``Out``
        A position, of ``instrument``.
    done : ``Out(1)``
        The read-out is over. Like the two before it held until ``taken``.
    taken : ``In(1)``
        What is put out is taken.
    active : ``Out(1)``
        A read-out is under way.
    clear : ``In(1)``
        End it.
    """

    start: Value
    visit: Any
    granted: Value
    visited: Any
    instrument: Value
    exposure: Any
    torn: Value
    expose: Value
    order_valid: Value
    order_id: Value
    order: Any
    position_valid: Value
    position: Any
    done: Value
    taken: Value
    active: Value
    clear: Value

    #: Steps of one slot or instrument.
    _LOOK: Final = 0
    _HAVE: Final = 1
    _TELL: Final = 2

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.shapes = s = RiskShapes(parameters)
        super().__init__(
            {
                "start": In(1),
                "visit": Out(data.StructLayout({"want": 1, "slot": s.slot})),
                "granted": In(1),
                "visited": In(s.visited),
                "instrument": Out(s.instrument),
                "exposure": In(s.exposure),
                "torn": In(1),
                "expose": Out(1),
                "order_valid": Out(1),
                "order_id": Out(s.order_id),
                "order": Out(s.order),
                "position_valid": Out(1),
                "position": Out(s.exposure),
                "done": Out(1),
                "taken": In(1),
                "active": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        step, positions, slot = Signal(2), Signal(), Signal(self.shapes.slot)
        last_slot, last = slot == p.order_slots - 1, self.instrument == p.instruments - 1
        looking = self.active & (step == self._LOOK) & ~self.done
        m.d.comb += [
            self.visit.slot.eq(slot), self.visit.want.eq(looking & ~positions),
            self.expose.eq(looking & positions),
        ]  # fmt: skip
        with m.If(self.active & ~self.done):
            with m.Switch(step):
                with m.Case(self._LOOK):
                    with m.If(positions | self.granted):
                        m.d.sync += step.eq(self._HAVE)
                with m.Case(self._HAVE):
                    m.d.sync += step.eq(self._TELL)
                    with m.If(positions):
                        m.d.sync += [
                            self.position.eq(self.exposure), self.position_valid.eq(~self.torn),
                        ]  # fmt: skip
                        with m.If(self.torn):
                            m.d.sync += step.eq(self._LOOK)
                    with m.Else():
                        m.d.sync += [
                            self.order_id.eq(self.visited.id), self.order.eq(self.visited.order),
                            self.order_valid.eq(self.visited.valid & ~self.visited.torn),
                        ]  # fmt: skip
                        with m.If(self.visited.torn):
                            m.d.sync += step.eq(self._LOOK)
                with m.Default():
                    with m.If(self.taken | ~(self.order_valid | self.position_valid)):
                        m.d.sync += [
                            self.order_valid.eq(0), self.position_valid.eq(0), step.eq(self._LOOK),
                        ]  # fmt: skip
                        with m.If(positions):
                            m.d.sync += [
                                self.instrument.eq(self.instrument + 1),
                                self.done.eq(last),
                            ]
                        with m.Else():
                            m.d.sync += [slot.eq(slot + 1), positions.eq(last_slot)]
        with m.If(self.done & self.taken):
            m.d.sync += [self.done.eq(0), self.active.eq(0)]
        with m.If(self.start & ~self.active):
            m.d.sync += [
                self.active.eq(1), step.eq(self._LOOK), positions.eq(0), slot.eq(0),
                self.instrument.eq(0),
            ]  # fmt: skip
        with m.If(self.clear):
            m.d.sync += [
                self.active.eq(0), self.order_valid.eq(0), self.position_valid.eq(0),
                self.done.eq(0),
            ]  # fmt: skip
        return m
