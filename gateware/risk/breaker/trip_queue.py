"""The queue of what the circuit breaker tells the host: it never holds up the breaker."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of
from gateware.risk.breaker.layouts import trip_layout
from hw.risk_parameters import RiskParameters

__all__ = ["TripQueue"]

_SOURCES: Final = 2
_LOST_BITS: Final = 32


class TripQueue(wiring.Component):
    """Queue events of which several may come in one cycle.

    Those of one cycle take one place in the queue, and leave one after the other, the first source
    first. If there is no place, they are lost, and counted.

    Timing
    ------
    An event of cycle 0 stands at the output in cycle ``LATENCY``, or later where others are ahead.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.
    depth : int
        Places, at least 2.

    Members
    -------
    event_valid, events : ``In(2)``, ``In(trip_layout)`` for each
        Events of this cycle; ``time`` and ``cycle`` are filled in here.
    now, cycle : ``In(time_bits)``, ``In(64)``
        The time [ns], and the cycle that an event of this cycle is to name.
    trip : ``Out(stream)``
        Events to the host.
    lost : ``Out(32)``
        Events that found no place; stops at its largest value.

    Raises
    ------
    ValueError
        If ``depth`` is below 2.
    """

    LATENCY: Final = 2

    event_valid: Value
    events: Any
    now: Value
    cycle: Value
    trip: stream.Interface
    lost: Value

    def __init__(self, *, parameters: RiskParameters, depth: int = 8) -> None:
        if depth < 2:
            raise ValueError(f"depth must be at least 2, not {depth}")
        self.parameters, self.depth = parameters, depth
        event = trip_layout(parameters)
        self._entry = data.StructLayout(
            {"valid": _SOURCES, "events": data.ArrayLayout(event, _SOURCES)}
        )
        super().__init__(
            {
                "event_valid": In(_SOURCES),
                "events": In(event).array(_SOURCES),
                "now": In(parameters.time_bits),
                "cycle": In(64),
                "trip": Out(stream.Signature(event)),
                "lost": Out(_LOST_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fifo: Any = SyncFIFOBuffered(width=self._entry.size, depth=self.depth)
        m.submodules.fifo = fifo
        coming: Any = data.View(self._entry, Signal(self._entry.size, name="coming"))
        head: Any = data.View(self._entry, fifo.r_data)
        m.d.comb += [
            coming.valid.eq(self.event_valid),
            fifo.w_data.eq(Value.cast(coming)),
            fifo.w_en.eq(self.event_valid.any()),
        ]
        for n in range(_SOURCES):
            event = coming.events[n]
            m.d.comb += [
                event.eq(self.events[n]),
                event.time.eq(self.now),
                event.cycle.eq(self.cycle),
            ]
        self._leave(m, fifo, head)
        count, total = Signal(2), Signal(_LOST_BITS + 1)
        lost = fifo.w_en & ~fifo.w_rdy
        m.d.comb += total.eq(self.lost + count)
        m.d.sync += [
            count.eq(Mux(lost, sum((bit for bit in self.event_valid), Const(0)), 0)),
            self.lost.eq(Mux(total[-1], (1 << _LOST_BITS) - 1, total)),
        ]
        return m

    def _leave(self, m: Module, fifo: Any, head: Any) -> None:
        """Hand out the events of the first place, then free it."""
        gone, left, first = Signal(_SOURCES), Signal(_SOURCES), Signal(_SOURCES)
        payload = Value.cast(self.trip.payload)
        terms = [Mux(first[n], Value.cast(head.events[n]), 0) for n in range(_SOURCES)]
        taken = self.trip.valid & self.trip.ready
        m.d.comb += [
            left.eq(head.valid & ~gone),
            first.eq(first_of(left)),
            self.trip.valid.eq(fifo.r_rdy),
            payload.eq(terms[0] | terms[1]),
            fifo.r_en.eq(taken & ~Cat(left & ~first).any()),
        ]
        with m.If(fifo.r_en):
            m.d.sync += gone.eq(0)
        with m.Elif(taken):
            m.d.sync += gone.eq(gone | first)
