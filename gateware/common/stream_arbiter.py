# amaranth: UnusedElaboratable=no
"""Arbiter of streams: several into one, in turn."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of, select
from gateware.common.stream_buffer import StreamBuffer

__all__ = ["StreamArbiter"]


class StreamArbiter(wiring.Component):
    """Merge streams, round robin.

    The next input is the first one that is valid behind the last one that had its turn; behind
    the last input comes input 0. So an input that waits sees at most ``inputs - 1`` transfers of
    others before its own, and no turn is lost on an input that has nothing.

    Timing
    ------
    A payload is on ``o`` ``LATENCY`` cycle after its transfer, or when those ahead of it have left.
    One payload a cycle, whatever inputs they come from. ``ready`` of an input depends
    combinationally on ``valid`` of all inputs and on nothing else outside the component;
    ``o.valid`` and ``o.payload`` come out of flip-flops.

    Parameters
    ----------
    shape : ShapeLike
        Of a payload.
    inputs : int
        Number of inputs, at least 2.

    Members
    -------
    i0, i1, .. : ``In(stream.Signature(shape))``
        Streams to merge.
    o : ``Out(stream.Signature(shape))``
        Every payload of every input, those of one input in their order.

    Attributes
    ----------
    sources : list of stream.Interface
        ``i0``, ``i1``, ..
    behind : Signal
        Inputs behind the last one that had its turn; none after reset, so that input 0 comes first.
    buffer : StreamBuffer
        What ``o`` comes from.

    Raises
    ------
    ValueError
        If ``inputs`` is below 2.
    """

    LATENCY: Final = 1

    o: stream.Interface

    def __init__(self, *, shape: ShapeLike, inputs: int) -> None:
        if inputs < 2:
            raise ValueError(f"inputs must be at least 2, not {inputs}")
        self.inputs = inputs
        signature = stream.Signature(shape)
        names = [f"i{n}" for n in range(inputs)]
        super().__init__({name: In(signature) for name in names} | {"o": Out(signature)})
        self.sources: list[Any] = [getattr(self, name) for name in names]
        self.behind = Signal(inputs)
        self.buffer = StreamBuffer(shape=shape)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = buffer = self.buffer
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
        valid, chosen = Signal(self.inputs), Signal(self.inputs)
        near = valid & self.behind
        m.d.comb += [
            valid.eq(Cat(i.valid for i in self.sources)),
            chosen.eq(Mux(near.any(), first_of(near), first_of(valid))),
            buffer.i.valid.eq(valid.any()),
            Value.cast(buffer.i.payload).eq(
                select([(chosen[n], Value.cast(i.payload)) for n, i in enumerate(self.sources)])
            ),
            *(i.ready.eq(chosen[n] & buffer.i.ready) for n, i in enumerate(self.sources)),
        ]
        with m.If(buffer.i.valid & buffer.i.ready):
            m.d.sync += self.behind.eq(Cat(chosen[:n].any() for n in range(self.inputs)))
        return m
