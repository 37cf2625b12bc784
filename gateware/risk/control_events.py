"""Events of the kill switch and of arming."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of, one_hot_index
from gateware.common.records import RISK_EVENT_LAYOUT
from hw.kill_causes import KILL_CAUSES
from hw.records import RISK_EVENT_KIND

__all__ = ["ControlEvents"]


class ControlEvents(wiring.Component):
    """Tell what became of arming and killing, as soon as there is room.

    Each kind of event is remembered until it is told. What happens again before that is told once,
    a kill with the causes of both.

    Timing
    ------
    What happens in cycle k stands at ``o`` in cycle k + ``LATENCY``, if nothing else waits. A kill
    goes first, then disarmed, armed, refused.

    Members
    -------
    killed, causes : ``In(1)``, ``In``
        A kill, for one cycle, and its causes, see ``hw.kill_causes``.
    disarmed : ``In(1)``
        The box was disarmed.
    armed, refused : ``In(1)``
        An operator's answer was accepted; an ask or answer was refused.
    operator : ``In(8)``
        Who that was, valid with either.
    now, cycle : ``In(64)``, ``In(64)``
        The box's time [ns] and cycle.
    o : ``Out(stream)``
        Events.
    """

    LATENCY: Final = 1
    KINDS: Final = ("killed", "disarmed", "armed", "refused")

    killed: Value
    causes: Value
    disarmed: Value
    armed: Value
    refused: Value
    operator: Value
    now: Value
    cycle: Value
    o: stream.Interface

    def __init__(self) -> None:
        super().__init__(
            {
                **{name: In(1) for name in self.KINDS},
                "causes": In(len(KILL_CAUSES)),
                "operator": In(8),
                "now": In(64),
                "cycle": In(64),
                "o": Out(stream.Signature(RISK_EVENT_LAYOUT)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        event: Any = self.o.payload
        pending, first = Signal(len(self.KINDS)), Signal(len(self.KINDS))
        causes = Signal(len(KILL_CAUSES))
        operators = {name: Signal(8, name=f"{name}_operator") for name in ("armed", "refused")}
        m.d.comb += [
            first.eq(first_of(pending)),
            self.o.valid.eq(pending.any()),
            event.time.eq(self.now),
            event.cycle.eq(self.cycle),
        ]
        for place, name in enumerate(self.KINDS):
            happens, told = getattr(self, name), self.o.valid & self.o.ready & first[place]
            m.d.sync += pending[place].eq(happens | (pending[place] & ~told))
            with m.If(first[place]):
                m.d.comb += event.kind.eq(getattr(RISK_EVENT_KIND, name))
                if name in operators:
                    m.d.comb += event.order_id.eq(operators[name])
                if name == "killed":
                    m.d.comb += [
                        event.failed.eq(causes),
                        event.first.eq(one_hot_index(first_of(causes))),
                    ]
                    m.d.sync += causes.eq(Mux(told, 0, causes) | Mux(self.killed, self.causes, 0))
            if name in operators:
                with m.If(happens):
                    m.d.sync += operators[name].eq(self.operator)
        with m.If(self.killed & ~first[0]):
            m.d.sync += causes.eq(causes | self.causes)
        return m
