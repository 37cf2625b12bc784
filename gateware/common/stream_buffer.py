"""Buffer of a stream that cuts the paths of both directions."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value, ValueCastable
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["StreamBuffer"]


class StreamBuffer(wiring.Component):
    """Two places for payloads, between a source and a sink that are far apart.

    Timing
    ------
    A payload is on ``o`` ``LATENCY`` cycle after its transfer on ``i``, or when those ahead of it
    have left. One payload a cycle. ``i.ready``, ``o.valid`` and ``o.payload`` come out of
    flip-flops: no path leads through. ``i.ready`` falls a cycle after ``o`` begins to stall, when
    both places are taken.

    Parameters
    ----------
    shape : ShapeLike
        Of a payload.

    Members
    -------
    i : ``In(stream.Signature(shape))``
        Payloads.
    o : ``Out(stream.Signature(shape))``
        The same ones, in the same order, none dropped.

    Attributes
    ----------
    spare : Signal
        The second place: what waits behind ``o`` while ``i`` is not ready.
    """

    LATENCY: Final = 1
    #: Payloads that it holds.
    PLACES: Final = 2

    i: stream.Interface
    o: stream.Interface

    def __init__(self, *, shape: ShapeLike) -> None:
        signature = stream.Signature(shape)
        super().__init__({"i": In(signature), "o": Out(signature)})
        self.spare: Value | ValueCastable = Signal(shape, reset_less=True)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        room, filled = Signal(init=1), Signal()  # in the second place; the first one
        coming, spare = Value.cast(self.i.payload), Value.cast(self.spare)
        first: Any = Signal.like(coming, name="first", reset_less=True)
        moves = ~filled | self.o.ready  # the first place takes another payload, or none
        m.d.comb += [
            self.i.ready.eq(room),
            self.o.valid.eq(filled),
            Value.cast(self.o.payload).eq(first),
        ]
        m.d.sync += room.eq(moves | (room & ~self.i.valid))
        with m.If(moves):
            m.d.sync += [filled.eq(~room | self.i.valid), first.eq(Mux(room, coming, spare))]
        with m.If(room):  # what it holds counts for nothing, so that no enable waits for valid
            m.d.sync += spare.eq(coming)
        return m
