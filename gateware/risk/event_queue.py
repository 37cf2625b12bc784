"""The queue of events to the host: it never holds up the gate."""

from typing import Any, Final

from amaranth import Module, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from gateware.common.records import RISK_EVENT_LAYOUT

__all__ = ["EventQueue"]


class EventQueue(wiring.Component):
    """Queue the gate's events, and between them those of others.

    An event of the gate that finds no room is dropped; its sequence number is used up all the
    same, so that the host sees the hole. Others wait.

    Timing
    ------
    An event stands at the output ``LATENCY`` cycles after it was told, or later where others are
    ahead.

    Parameters
    ----------
    depth : int
        Events that the queue holds, at least 16.

    Members
    -------
    tell, event : ``In(1)``, ``In``
        An event of the gate; ``sequence`` is filled in here.
    other : ``In(stream)``
        Events of others.
    o : ``Out(stream)``
        Events to the host.
    room : ``Out(1)``
        There is room for 4 events at least.
    lost : ``Out(1)``
        An event is dropped in this cycle.
    clear : ``In(1)``
        Forget all events and count from 0.

    Raises
    ------
    ValueError
        If ``depth`` is too small.
    """

    LATENCY: Final = 2
    ROOM: Final = 4

    tell: Value
    event: Any
    other: stream.Interface
    o: stream.Interface
    room: Value
    lost: Value
    clear: Value

    def __init__(self, *, depth: int = 64) -> None:
        if depth < 16:
            raise ValueError(f"depth must be at least 16, not {depth}")
        self.depth = depth
        super().__init__(
            {
                "tell": In(1),
                "event": In(RISK_EVENT_LAYOUT),
                "other": In(stream.Signature(RISK_EVENT_LAYOUT)),
                "o": Out(stream.Signature(RISK_EVENT_LAYOUT)),
                "room": Out(1),
                "lost": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sequence = Signal(64)
        fifo: Any = SyncFIFOBuffered(width=RISK_EVENT_LAYOUT.size, depth=self.depth)
        m.submodules.fifo = ResetInserter(self.clear)(fifo)
        entering: Any = Signal(RISK_EVENT_LAYOUT)
        other: Any = self.other
        m.d.comb += [
            entering.eq(other.payload),
            self.other.ready.eq(~self.tell & self.room),
            fifo.w_en.eq((self.tell | (self.other.valid & self.other.ready)) & fifo.w_rdy),
            self.lost.eq(self.tell & ~fifo.w_rdy),
            fifo.w_data.eq(Value.cast(entering)),
            self.room.eq(fifo.w_level <= self.depth - self.ROOM),
            Value.cast(self.o.payload).eq(fifo.r_data),
            self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.o.ready),
        ]
        with m.If(self.tell):
            m.d.comb += entering.eq(self.event)
        m.d.comb += entering.sequence.eq(sequence)
        with m.If(self.tell | fifo.w_en):
            m.d.sync += sequence.eq(sequence + 1)
        with m.If(self.clear):
            m.d.sync += sequence.eq(0)
        return m
