"""Row cache: the best levels of every book side, updated in place.

A *row* is one side of one book. Its cache holds the best levels exactly; every level that is not in
it is strictly worse than the row's ``bound``. A level that lives beyond the cache is not seen here.
"""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.book.layouts import Shapes
from gateware.book.row_update import ROW_COMMAND, RowUpdate
from gateware.common.view import view
from hw.presets import BookParameters

__all__ = ["RowCache"]


class RowCache(wiring.Component):
    """Best levels of every row, both rows of a book at once.

    Timing
    ------
    ``book`` is sampled in cycle 0. The rows are valid in cycle 1, and with them the command on one
    of the two, whose effect is on the outputs in cycle ``LATENCY``. Commands for the same book
    must be at least ``INTERVAL`` cycles apart; different books can follow each other in every
    cycle.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    book : ``In(book)``
        Book to read.
    command, side, pk, delta, quantity, count, outside, base : ``In``
        In cycle 1. ``delta``: change of the level's quantity [lots], two's complement.
        ``quantity``, ``count``: of a new level. ``outside``: the order is outside the window.
        ``base``: best price of the window to come, for set_base and start_move.
    moving : ``In(1)``
        In cycle 1: a window move of this row is under way and ``base`` is its target.
    evicting : ``In(1)``
        With moving: the old window has not been left yet.
    state : ``Out(state)``
        In cycle 1: of the book.
    inside : ``Out(1)``
        In cycle 1: ``pk`` lies in the window of its row. The first order of an empty row brings the
        window along.
    meta, levels : ``Out(meta)``, ``Out(level)`` each
        In cycle 2: the row of ``side`` before the command.
    other_levels : ``Out(level)`` each
        In cycle 2: the levels of the other row.
    other_meta : ``Out(meta)``
        In cycle 2: the rest of the other row.
    best : 2 x ``Out(level)``
        In cycle 3: best level of bid (0) and ask (1) after the command.
    known, deferred : ``Out(2)``
        In cycle 3: there is a best level; there is one but the cache does not hold it.
    invalid : ``Out(1)``
        In cycle 3: the book is invalid.
    overflow : ``Out(1)``
        In cycle 3: a cached level's quantity or count did not fit; the book is invalid.
    after : ``Out(meta)``
        In cycle 3: the row of ``side`` after the command.
    dropped : ``Out(1)``
        In cycle 3: a level fell out of the cache.
    """

    LATENCY: Final = 3
    INTERVAL: Final = 2

    book: Value
    command: data.View
    side: Value
    pk: Value
    delta: Value
    quantity: Value
    count: Value
    outside: Value
    base: Value
    moving: Value
    evicting: Value
    state: data.View
    inside: Value
    meta: data.View
    levels: Any
    other_levels: Any
    best: Any
    other_meta: data.View
    invalid: Value
    overflow: Value
    known: Value
    deferred: Value
    after: data.View
    dropped: Value

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = p = parameters
        self.shapes = s = Shapes(parameters)
        super().__init__(
            {
                "book": In(s.book),
                "command": In(ROW_COMMAND),
                "side": In(s.side),
                "pk": In(s.pk),
                "delta": In(s.delta),
                "quantity": In(s.quantity),
                "count": In(s.count),
                "outside": In(1),
                "base": In(s.pk),
                "moving": In(1),
                "evicting": In(1),
                "state": Out(s.state),
                "inside": Out(1),
                "meta": Out(s.meta),
                "other_meta": Out(s.meta),
                "levels": Out(s.level).array(p.cached_levels),
                "other_levels": Out(s.level).array(p.cached_levels),
                "best": Out(s.level).array(2),
                "known": Out(2),
                "deferred": Out(2),
                "invalid": Out(1),
                "overflow": Out(1),
                "after": Out(s.meta),
                "dropped": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, depth = self.shapes, self.parameters.cached_levels

        # The inputs of `update` are the registers of stage 2; its outputs are written to the
        # memories and forwarded to stage 0.
        m.submodules.update = update = RowUpdate(parameters=self.parameters)
        book1, book2, side2, active2 = Signal(s.book), Signal(s.book), Signal(), Signal()
        state2, new_state, writes = view(s.state), view(s.state), Signal(2)
        other_levels = [view(s.level, name=f"p2_other{j}") for j in range(depth)]
        other_meta = view(s.meta)
        m.d.sync += [book1.eq(self.book), book2.eq(book1), side2.eq(self.side)]
        m.d.sync += active2.eq(Value.cast(self.command).any())

        # Stage 0: read both rows; take what stage 2 is about to write to them.
        rows, metas = [], []
        for i, name in enumerate(("bid", "ask")):
            rows.append(
                [
                    self._stored(m, f"{name}{j}", s.level, book2, update.new_levels[j], writes[i])
                    for j in range(depth)
                ]
            )
            metas.append(self._stored(m, f"{name}_meta", s.meta, book2, update.new_meta, writes[i]))
        state1 = self._stored(m, "state", s.state, book2, new_state, active2)

        # Stage 1: compare with both rows, then keep the side that the command is about.
        self._compare(m, rows, metas, update)
        self._locate(m, metas, update)
        m.d.comb += self.state.eq(state1)
        m.d.sync += [
            state2.eq(state1),
            Value.cast(update.meta).eq(self._of_side(metas)),
            Value.cast(other_meta).eq(self._of_side(metas[::-1])),
            update.command.eq(self.command),
            update.pk.eq(self.pk),
            update.delta.eq(self.delta),
            update.quantity.eq(self.quantity),
            update.count.eq(self.count),
            update.outside.eq(self.outside),
        ]
        for j in range(depth):
            pair = [rows[0][j], rows[1][j]]
            m.d.sync += [
                Value.cast(update.levels[j]).eq(self._of_side(pair)),
                Value.cast(other_levels[j]).eq(self._of_side(pair[::-1])),
            ]

        # Stage 2: the shift network; then the outputs.
        command, new = update.command, update.new_meta
        m.d.comb += [
            writes.eq(Mux(active2, Cat(~side2 | command.reset, side2 | command.reset), 0)),
            new_state.invalid.eq(
                (state2.invalid & ~command.reset) | command.invalidate | update.overflow
            ),
            new_state.complete.eq(Mux(command.reset, command.complete, state2.complete)),
            self.meta.eq(update.meta),
            self.other_meta.eq(other_meta),
            *(self.levels[j].eq(update.levels[j]) for j in range(depth)),
            *(self.other_levels[j].eq(other_levels[j]) for j in range(depth)),
        ]
        known = new.valid[0]
        other_known = other_meta.valid[0] & ~command.reset
        deferred = ~known & new.more
        other_deferred = ~other_meta.valid[0] & other_meta.more & ~command.reset
        best, other = Value.cast(update.new_levels[0]), Value.cast(other_levels[0])
        m.d.sync += [
            self.after.eq(new),
            self.dropped.eq(update.dropped),
            self.overflow.eq(update.overflow),
            self.invalid.eq(new_state.invalid),
            self.known.eq(Mux(side2, Cat(other_known, known), Cat(known, other_known))),
            self.deferred.eq(
                Mux(side2, Cat(other_deferred, deferred), Cat(deferred, other_deferred))
            ),
            Value.cast(self.best[0]).eq(Mux(side2, other, best)),
            Value.cast(self.best[1]).eq(Mux(side2, best, other)),
        ]
        return m

    def _stored(
        self,
        m: Module,
        name: str,
        shape: data.StructLayout,
        book2: Value,
        new: data.View,
        write: Value,
    ) -> Any:
        """Return the register of stage 1 that holds one part of the book's rows."""
        memory: Any = Memory(shape=shape, depth=self.parameters.books, init=[])
        m.submodules[name] = memory
        read, port = memory.read_port(domain="comb"), memory.write_port()
        m.d.comb += [
            read.addr.eq(self.book),
            port.addr.eq(book2),
            port.data.eq(new),
            port.en.eq(write),
        ]
        row = view(shape, name=f"p1_{name}")
        passed_on = write & (self.book == book2)
        m.d.sync += Value.cast(row).eq(Mux(passed_on, Value.cast(new), Value.cast(read.data)))
        return row

    def _of_side(self, pair: list[data.View]) -> Value:
        return Mux(self.side, Value.cast(pair[1]), Value.cast(pair[0]))

    def _compare(
        self,
        m: Module,
        rows: list[list[data.View]],
        metas: list[data.View],
        update: RowUpdate,
    ) -> None:
        """Stage 1: find where in the cache the price stands."""
        worse, same, single, reachable = [], [], [], []
        for levels, meta in zip(rows, metas, strict=True):
            worse.append(Cat(v & (self.pk > e.pk) for v, e in zip(meta.valid, levels, strict=True)))
            same.append(Cat(v & (self.pk == e.pk) for v, e in zip(meta.valid, levels, strict=True)))
            single.append(Cat(e.count == 1 for e in levels))
            reachable.append((self.pk <= meta.bound) | ~meta.more)
        m.d.sync += [
            update.worse.eq(Mux(self.side, worse[1], worse[0])),
            update.same.eq(Mux(self.side, same[1], same[0])),
            update.single.eq(Mux(self.side, single[1], single[0])),
            update.reachable.eq(Mux(self.side, reachable[1], reachable[0]) | self.command.append),
        ]

    def _locate(self, m: Module, metas: list[data.View], update: RowUpdate) -> None:
        """Stage 1: find where in the window the price stands."""
        s, quarter = self.shapes, self.parameters.window_ticks // 4
        ahead, first_base = Signal(len(self.pk) + 1), Signal(s.pk)
        grain = (s.leaf_bits - 1).bit_length()  # windows begin at the edge of a bitmap word
        near = ~(self.moving & self.evicting & ahead[s.offset_bits :].any())
        firsts, insides, betters = [], [], []
        for i, meta in enumerate(metas):  # both, so that the side is only needed at the end
            offset = Signal(len(self.pk) + 1, name=f"offset{i}")
            m.d.comb += offset.eq(self.pk - meta.base)
            firsts.append(~meta.valid[0] & ~meta.more & ~self.moving)
            insides.append(firsts[i] | (~offset[s.offset_bits :].any() & near))
            betters.append(offset[-1] & ~firsts[i])
        first = Mux(self.side, firsts[1], firsts[0])
        m.d.comb += [
            ahead.eq(self.pk - self.base),
            first_base.eq(
                Mux(
                    self.pk < quarter,
                    0,
                    Cat(Const(0, grain), (self.pk - quarter)[grain : len(self.pk)]),
                )
            ),
            self.inside.eq(Mux(self.side, insides[1], insides[0])),
        ]
        m.d.sync += [
            update.better.eq(Mux(self.side, betters[1], betters[0]) | (self.moving & ahead[-1])),
            update.rebase.eq(first & self.command.insert),
            update.base.eq(Mux(self.command.set_base, self.base, first_base)),
        ]
