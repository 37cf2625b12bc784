"""How often each check was the first to deny an order."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["DenialCounts"]


class DenialCounts(wiring.Component):
    """Count in a memory, one event every other cycle at most.

    Timing
    ------
    ``count`` is the counter of the ``index`` of one cycle before, with all that was counted two
    cycles before that or earlier. After a reset the counters are cleared one a cycle; what is
    counted before its counter is clear is lost, and no order passes or is denied so early.

    Parameters
    ----------
    counters : int
        Number of counters, a power of two.

    Members
    -------
    event, which : ``In(1)``, ``In``
        Count one; never in two consecutive cycles.
    index, count : ``In``, ``Out(32)``
        A counter, to read; stops at its largest value.
    """

    LATENCY: Final = 1

    event: Value
    which: Value
    index: Value
    count: Value

    def __init__(self, *, counters: int) -> None:
        if counters < 2 or counters & (counters - 1):
            raise ValueError(f"counters must be a power of two from 2, not {counters}")
        self.counters = counters
        index = In(range(counters))
        super().__init__({"event": In(1), "which": index, "index": index, "count": Out(32)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        memory: Any = Memory(shape=32, depth=self.counters, init=[])
        m.submodules.memory = memory
        told, old, write = memory.read_port(), memory.read_port(), memory.write_port()
        sweep, clear = Signal(range(self.counters)), Signal()
        counts, which = Signal(), Signal.like(self.which)
        with m.If(~clear):
            m.d.sync += [sweep.eq(sweep + 1), clear.eq(sweep == self.counters - 1)]
        m.d.sync += [counts.eq(self.event), which.eq(self.which)]
        m.d.comb += [
            told.addr.eq(self.index),
            self.count.eq(told.data),
            old.addr.eq(self.which),
            write.addr.eq(Mux(clear, which, sweep)),
            write.data.eq(Mux(clear, old.data + ~old.data.all(), 0)),
            write.en.eq(~clear | counts),
        ]
        return m
