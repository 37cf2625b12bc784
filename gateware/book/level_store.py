"""Level store: quantity and count of every tick of every window, and which ticks are occupied."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.book.layouts import Shapes
from gateware.common.rmw_memory import RmwMemory
from gateware.common.view import view
from hw.presets import BookParameters

__all__ = ["LevelStore"]


class LevelStore(wiring.Component):
    """Levels inside the windows, with a two-level occupancy bitmap.

    A row's ticks are stored at ``pk`` modulo the window's length, so that a moving window moves no
    data. A *leaf* is one word of the bitmap; the *summary* has one bit for each leaf of a row.

    Timing
    ------
    A request is sampled in cycle 0. The effect of a change is seen by every later request of the
    same row that comes at least ``INTERVAL`` cycles after it. The answer to ``peek`` is valid while
    ``peeked`` is 1, ``LATENCY`` cycles after the request. One request per cycle; it never stalls.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    book, side, offset : ``In``
        Level that the request is about.
    add, remove, change : ``In(1)``
        An order arrives, leaves, or changes its quantity, by ``delta``.
    delta : ``In(delta)``
        Change of the level's quantity [lots], two's complement.
    zero : ``In(1)``
        Empty the level and the whole leaf that it is in.
    peek : ``In(1)``
        Tell about the level, its leaf, and the row's summary.
    peeked : ``Out(1)``
        The answer to ``peek`` is there.
    level_quantity, level_count : ``Out``
        Of the level.
    leaf : ``Out(leaf_bits)``
        Bitmap word, lowest offset in bit 0.
    summary : ``Out(leaves)``
        Leaves that are not 0.
    overflow : ``Out(1)``
        A level's quantity or count did not fit.
    overflow_book : ``Out(book)``
        Book of that level.
    """

    LATENCY: Final = 5
    INTERVAL: Final = 2

    book: Value
    side: Value
    offset: Value
    add: Value
    remove: Value
    change: Value
    delta: Value
    zero: Value
    peek: Value
    peeked: Value
    level_quantity: Value
    level_count: Value
    leaf: Value
    summary: Value
    overflow: Value
    overflow_book: Value

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.shapes = s = Shapes(parameters)
        self._word = data.StructLayout({"quantity": s.quantity, "count": s.count})
        super().__init__(
            {
                "book": In(s.book),
                "side": In(s.side),
                "offset": In(s.offset),
                "add": In(1),
                "remove": In(1),
                "change": In(1),
                "delta": In(s.delta),
                "zero": In(1),
                "peek": In(1),
                "peeked": Out(1),
                "level_quantity": Out(s.quantity),
                "level_count": Out(s.count),
                "leaf": Out(s.leaf_bits),
                "summary": Out(s.leaves),
                "overflow": Out(1),
                "overflow_book": Out(s.book),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, p = self.shapes, self.parameters
        bit_bits = (s.leaf_bits - 1).bit_length()

        # p[n]: the request n cycles after it was sampled.
        fields = ("book", "side", "offset", "add", "remove", "change", "delta", "zero", "peek")
        wide = ("book", "side", "offset", "delta")
        request: list[dict[str, Value]] = [{f: getattr(self, f) for f in fields}]
        for n in range(1, 5):
            stage = {
                f: Signal.like(getattr(self, f), name=f"p{n}_{f}", reset_less=f in wide)
                for f in fields
            }
            m.d.sync += [stage[f].eq(request[-1][f]) for f in fields]
            request.append(stage)
        rows = [Cat(r["side"], r["book"]) for r in request]

        # Cycle 2: quantity and count.
        m.submodules.levels = levels = RmwMemory(shape=self._word, depth=s.rows * p.window_ticks)
        r = request[2]
        quantity, count = Signal(p.quantity_bits + 1), Signal(p.count_bits + 1)
        updates = r["add"] | r["remove"] | r["change"]
        m.d.comb += [
            levels.address.eq(Cat(request[0]["offset"], rows[0])),
            quantity.eq(levels.old.quantity + r["delta"]),
            count.eq(
                levels.old.count + Cat(r["add"] | r["remove"], r["remove"].replicate(p.count_bits))
            ),
            levels.new.quantity.eq(Mux(r["zero"], 0, quantity[:-1])),
            levels.new.count.eq(Mux(r["zero"], 0, count[:-1])),
            levels.write.eq(updates | r["zero"]),
        ]
        opened, emptied = Signal(), Signal()
        m.d.sync += [
            opened.eq(r["add"] & (levels.old.count == 0)),
            emptied.eq((r["remove"] & (levels.old.count == 1)) | r["zero"]),
            self.overflow.eq(updates & (quantity[-1] | (r["add"] & count[-1]))),
            self.overflow_book.eq(r["book"]),
        ]

        # Cycle 3: the leaf.
        leaf_shape = data.StructLayout({"bits": s.leaf_bits})
        m.submodules.leaves = leaves = RmwMemory(shape=leaf_shape, depth=s.rows * s.leaves)
        bit = Signal(s.leaf_bits)
        m.d.sync += bit.eq(Const(1, s.leaf_bits) << r["offset"][:bit_bits])
        old, new = leaves.old.bits, leaves.new.bits
        zero = request[3]["zero"]
        m.d.comb += [
            leaves.address.eq(Cat(request[1]["offset"][bit_bits:], rows[1])),
            new.eq(Mux(zero, 0, (old & ~bit) | Mux(opened, bit, 0))),
            leaves.write.eq(opened | emptied),
        ]
        leaf_set, leaf_clear = Signal(), Signal()
        m.d.sync += [
            leaf_set.eq(opened),
            leaf_clear.eq(emptied & (zero | ~(old & ~bit).any())),
        ]

        # Cycle 4: the summary, read and written back within the cycle.
        summary_shape = data.StructLayout({"bits": s.leaves})
        summaries: Any = Memory(shape=summary_shape, depth=s.rows, init=[])
        m.submodules.summaries = summaries
        read, write = summaries.read_port(domain="comb"), summaries.write_port()
        leaf_bit = Signal(s.leaves)
        m.d.sync += leaf_bit.eq(Const(1, s.leaves) << request[3]["offset"][bit_bits:])
        m.d.comb += [
            read.addr.eq(rows[4]),
            write.addr.eq(rows[4]),
            write.data.bits.eq((read.data.bits & ~leaf_bit) | Mux(leaf_set, leaf_bit, 0)),
            write.en.eq(leaf_set | leaf_clear),
        ]

        # The answer to peek.
        old3, old4 = view(self._word), view(self._word)
        leaf4 = Signal(s.leaf_bits)
        m.d.sync += [
            old3.eq(levels.old),
            old4.eq(old3),
            leaf4.eq(old),
            self.level_quantity.eq(old4.quantity),
            self.level_count.eq(old4.count),
            self.leaf.eq(leaf4),
            self.summary.eq(read.data.bits),
            self.peeked.eq(request[4]["peek"]),
        ]
        return m
