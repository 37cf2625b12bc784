"""Memory whose words are read, changed and written back by a pipeline without stalls."""

from itertools import pairwise
from typing import Any, Final

from amaranth import Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.common.fabric import Fabric
from gateware.common.view import view

__all__ = ["RmwMemory"]


class RmwMemory(wiring.Component):
    """Read-modify-write memory.

    Timing
    ------
    ``address`` is sampled in cycle 0. ``old`` is valid in cycle ``LATENCY``; in that same cycle
    ``write`` and ``new`` are sampled. A request sees every write of requests at least ``INTERVAL``
    cycles ahead of it to the same address. One request per cycle; two requests for the same
    address must not follow each other in consecutive cycles if the first one writes.

    Parameters
    ----------
    shape : StructLayout
        Of a word.
    depth : int
        Number of words, at least 2.

    Members
    -------
    address : ``In(range(depth))``
        Word to read, in cycle 0.
    old : ``Out(shape)``
        The word, in cycle ``LATENCY``.
    write, new : ``In(1)``, ``In(shape)``
        Replace it, in cycle ``LATENCY``.

    Raises
    ------
    ValueError
        If ``depth`` is below 2.
    """

    LATENCY: Final = 2
    INTERVAL: Final = 2

    address: Value
    old: data.View
    write: Value
    new: data.View

    def __init__(self, *, shape: data.StructLayout, depth: int) -> None:
        if depth < 2:
            raise ValueError(f"depth must be at least 2, not {depth}")
        self.shape = shape
        self.depth = depth
        super().__init__(
            {
                "address": In(range(depth)),
                "old": Out(shape),
                "write": In(1),
                "new": In(shape),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Stage n is between the registers p[n] and p[n + 1]; the write happens in stage 3.
        address = [self.address] + [Signal.like(self.address, name=f"p{n}") for n in range(1, 5)]
        m.d.sync += [b.eq(a) for a, b in pairwise(address)]
        fetched = view(self.shape)

        # A write d cycles ahead is in p[2 + d] when this request is in p[2]; the memory shows it
        # from d = 4 on.
        writes = {n: Signal(name=f"p{n}_write") for n in (3, 4)}
        words = {n: view(self.shape, name=f"p{n}_word") for n in range(3, 6)}
        ahead = {d: Signal(name=f"p2_ahead{d}") for d in (2, 3)}
        for d, flag in ahead.items():
            m.d.sync += flag.eq((address[1] == address[1 + d]) & writes[1 + d])
        m.d.comb += [
            Value.cast(self.old).eq(
                Mux(
                    ahead[2],
                    Value.cast(words[4]),
                    Mux(ahead[3], Value.cast(words[5]), Value.cast(fetched)),
                )
            ),
        ]
        deep = isinstance(platform, Fabric) and self.depth > platform.columns_above
        width = 1 if deep else self.shape.size
        for low in range(0, self.shape.size, width):
            memory: Any = Memory(shape=unsigned(width), depth=self.depth, init=[])
            m.submodules[f"memory{low}" if deep else "memory"] = memory
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [
                read.addr.eq(self.address),
                write.addr.eq(address[3]),
                write.data.eq(Value.cast(words[3])[low : low + width]),
                write.en.eq(writes[3]),
            ]
            m.d.sync += Value.cast(fetched)[low : low + width].eq(read.data)
        m.d.sync += [
            writes[3].eq(self.write),
            Value.cast(words[3]).eq(Value.cast(self.new)),
        ]
        m.d.sync += [
            writes[4].eq(writes[3]),
            *(Value.cast(words[n + 1]).eq(Value.cast(words[n])) for n in (3, 4)),
        ]
        return m
