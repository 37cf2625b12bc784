"""What one line of a feed has said, until its turn comes or its frame proves bad."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.common.saturating import count_saturating

__all__ = ["LineBuffer"]


class LineBuffer(wiring.Component):
    """Items in their order; in strict mode none before its frame has proved good.

    A frame that proves bad takes its items with it. In express mode items do not wait for that,
    and nothing is taken back.

    Timing
    ------
    An item comes out ``LATENCY`` cycles after it went in, if nothing is ahead of it: in express
    mode; in strict mode in the cycle of its good ``end``, if that is later. One a cycle, but for a
    cycle's pause where the memory is joined again. An item that finds no room is lost and counted;
    in strict mode its frame is then bad.

    Parameters
    ----------
    layout : StructLayout
        Of an item.
    depth : int
        Items in the memory, a power of 2.

    Members
    -------
    strict : ``In(1)``
        To be changed only while nothing comes in.
    item_valid, item : ``In(1)``, ``In(layout)``
        What the line says; never in the cycle of an ``end``.
    end_valid, end_good : ``In(1)``, ``In(1)``
        The verdict on all that came before this cycle and had none yet.
    head_valid, head : ``Out(1)``, ``Out(layout)``
        The item whose turn it is.
    take : ``In(1)``
        It leaves in this cycle.
    lost : ``Out(32)``
        Items that found no room; stops at its largest value.

    Raises
    ------
    ValueError
        If ``depth`` is not a power of 2, or below 4.
    """

    LATENCY: Final = 0

    strict: Value
    item_valid: Value
    item: Any
    end_valid: Value
    end_good: Value
    head_valid: Value
    head: Any
    take: Value
    lost: Signal

    def __init__(self, *, layout: data.StructLayout, depth: int) -> None:
        if depth < 4 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of 2, at least 4, not {depth}")
        self.layout, self.depth = layout, depth
        super().__init__(
            {
                "strict": In(1),
                "item_valid": In(1),
                "item": In(layout),
                "end_valid": In(1),
                "end_good": In(1),
                "head_valid": Out(1),
                "head": Out(layout),
                "take": In(1),
                "lost": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        memory: Any = Memory(shape=self.layout, depth=self.depth, init=[])
        m.submodules.memory = memory
        writer, reader = memory.write_port(), memory.read_port()
        self._pointers(m)
        first, holds, unproven = Signal(self.layout, reset_less=True), Signal(), Signal()
        proves, fails = Signal(), Signal()
        free, pops, direct, writes = Signal(), Signal(), Signal(), Signal()
        behind_empty, readable = self._read == self._write, self._read != self._seen
        bypass = ~holds & behind_empty & self.item_valid & ~self.strict
        m.d.comb += [
            proves.eq(self.end_valid & self.end_good & ~self._spoilt),
            fails.eq(self.strict & self.end_valid & ~proves),
            self.head_valid.eq((holds & (~unproven | proves)) | bypass),
            self.head.eq(Mux(holds, first, self.item)),
            free.eq(~holds | self.take),
            pops.eq(free & readable & ~fails),
            direct.eq(self.item_valid & free & behind_empty & ~(bypass & self.take)),
            writes.eq(self.item_valid & ~direct & ~(bypass & self.take) & ~self._full),
            writer.en.eq(writes),
            writer.addr.eq(self._write),
            writer.data.eq(self.item),
            reader.addr.eq(self._read + pops),
        ]
        with m.If(self.take):
            m.d.sync += holds.eq(0)
        with m.If(proves):
            m.d.sync += unproven.eq(0)
        with m.If(pops):
            new = (self._read == self._proven) & ~proves & self.strict
            m.d.sync += [holds.eq(1), first.eq(reader.data), unproven.eq(new)]
        with m.Elif(direct):
            m.d.sync += [holds.eq(1), first.eq(self.item), unproven.eq(self.strict)]
        with m.If(fails & holds & unproven):
            m.d.sync += holds.eq(0)
        self._move(
            m, writes=writes, pops=pops, proves=proves, fails=fails, unproven=holds & unproven
        )
        return m

    def _pointers(self, m: Module) -> None:
        """Make the places in the memory: one bit more than its address, so that full is seen."""
        bits = self.depth.bit_length()
        # next to be written, as it was a cycle ago, first that is not proven, next to be read
        self._write, self._seen, self._proven, self._read = (
            Signal(bits, name=name) for name in ("write", "seen", "proven", "read")
        )
        self._full, self._spoilt = Signal(), Signal()
        m.d.comb += self._full.eq((self._write - self._read)[:bits] == self.depth)

    def _move(
        self, m: Module, *, writes: Value, pops: Value, proves: Value, fails: Value, unproven: Value
    ) -> None:
        """Move on, or back to what was proven."""
        with m.If(pops):
            m.d.sync += self._read.eq(self._read + 1)
        with m.If(fails):
            # If the item in front is not proven, neither is anything behind it.
            back = Mux(unproven, self._read, self._proven)
            m.d.sync += [self._write.eq(back), self._seen.eq(back), self._proven.eq(back)]
        with m.Else():
            m.d.sync += [self._write.eq(self._write + writes), self._seen.eq(self._write)]
            with m.If(proves | ~self.strict):
                m.d.sync += self._proven.eq(self._write)
        missed = self.item_valid & self._full
        m.d.sync += self._spoilt.eq((self._spoilt & ~self.end_valid) | missed)
        count_saturating(m, self.lost, missed)
