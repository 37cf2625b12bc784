"""Which best prices are deferred, how often, and for how long."""

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib.memory import Memory

from gateware.book.maintenance_state import MaintenanceState

__all__ = ["time_deferrals"]


def time_deferrals(m: Module, e: MaintenanceState) -> None:
    """Measure how long best prices stay deferred: from one event to another."""
    r = e.report
    clock = Signal(32)
    since = [Signal(32, name=f"deferred_since{i}") for i in range(2)]
    began, ends = Signal(2), []
    m.d.sync += clock.eq(clock + 1)
    for side in range(2):
        stamps: Any = Memory(shape=32, depth=e.parameters.books, init=[])
        m.submodules[f"deferred_stamps{side}"] = stamps
        read, write = stamps.read_port(domain="comb"), stamps.write_port()
        row = Cat(Const(side, 1), r.told_book)
        was = e.deferred.bit_select(row, 1)
        now = r.told_deferred[side]
        ended = Signal(name=f"deferral_ended{side}")
        m.d.comb += [
            read.addr.eq(r.told_book),
            write.addr.eq(r.told_book),
            write.data.eq(clock),
            write.en.eq(r.told & now & ~was),
        ]
        m.d.sync += [ended.eq(r.told & was & ~now), since[side].eq(clock - read.data)]
        with m.If(r.told):
            m.d.sync += e.deferred.bit_select(row, 1).eq(now)
        m.d.sync += began[side].eq(write.en)
        ends.append(ended)
    longer, longest = ends[1] & (~ends[0] | (since[1] > since[0])), Signal(32)
    m.d.sync += [
        longest.eq(Mux(longer, since[1], Mux(ends[0], since[0], 0))),
        e.deferrals.eq(e.deferrals + began[0] + began[1]),
    ]
    with m.If(longest > e.deferred_max):
        m.d.sync += e.deferred_max.eq(longest)
    with m.If(~e.ready):
        m.d.sync += [e.deferrals.eq(0), e.deferred_max.eq(0)]
