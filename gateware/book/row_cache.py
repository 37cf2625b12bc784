"""Row cache: the best levels of every book side, updated in place.

A *row* is one side of one book. Its cache holds the best levels exactly; every level that is not in
it is strictly worse than the row's ``bound``. A level that lives beyond the cache is not seen here.
"""

from itertools import pairwise
from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.book.layouts import Shapes
from gateware.book.row_update import ROW_COMMAND, RowUpdate
from gateware.common.choice import select
from gateware.common.view import view
from hw.presets import BookParameters

__all__ = ["RowCache"]


class RowCache(wiring.Component):
    """Best levels of every row, both rows of a book at once.

    Timing
    ------
    ``book`` is sampled in cycle 0. The rows are valid in cycle 2, and with them the command on one
    of the two, whose effect is on the outputs in cycle ``LATENCY``. Operations on the same book
    must be at least ``INTERVAL`` cycles apart; different books can follow each other in every
    cycle.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    book, valid : ``In(book)``, ``In(1)``
        Book to read; there is an operation on it.
    command, side, pk, delta, quantity, count, outside, base : ``In``
        In cycle 2. ``delta``: change of the level's quantity [lots], two's complement.
        ``quantity``, ``count``: of a new level. ``outside``: the order that is removed was outside
        the window. ``base``: best price of the window to come, for set_base and start_move.
    index : ``In(4)``
        In cycle 2: which level ``told`` is, from 0, the best; there may be none.
    moving : ``In(1)``
        In cycle 2: a window move of this row is under way and ``base`` is its target.
    evicting : ``In(1)``
        With moving: the old window has not been left yet.
    state : ``Out(state)``
        In cycle 2: of the book.
    inside : ``Out(1)``
        In cycle 3: ``pk`` lies in the window of its row. The first order of an empty row brings the
        window along.
    meta, levels : ``Out(meta)``, ``Out(level)`` each
        In cycle 3: the row of ``side`` before the command.
    other_meta : ``Out(meta)``
        In cycle 3: that of the other row.
    told, told_valid : 2 x ``Out(level)``, ``Out(2)``
        In cycle 3: the level at ``index`` of bid (0) and ask (1) before the command; there is one.
    best : 2 x ``Out(level)``
        In cycle 4: best level of bid (0) and ask (1) after the command.
    known, deferred : ``Out(2)``
        In cycle 4: there is a best level; there is one but the cache does not hold it.
    invalid : ``Out(1)``
        In cycle 4: the book is invalid.
    overflow : ``Out(1)``
        In cycle 4: a cached level's quantity or count did not fit; the book is invalid.
    after : ``Out(meta)``
        In cycle 4: the row of ``side`` after the command.
    dropped : ``Out(1)``
        In cycle 4: a level fell out of the cache.
    """

    LATENCY: Final = 4
    INTERVAL: Final = 2

    book: Value
    valid: Value
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
    index: Value
    state: data.View
    inside: Value
    meta: data.View
    levels: Any
    told: Any
    told_valid: Value
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
                "valid": In(1),
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
                "index": In(4),
                "state": Out(s.state),
                "inside": Out(1),
                "meta": Out(s.meta),
                "other_meta": Out(s.meta),
                "levels": Out(s.level).array(p.cached_levels),
                "told": Out(s.level).array(2),
                "told_valid": Out(2),
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

        # The inputs of `update` are the registers of stage 3; its outputs are written to the
        # memories and forwarded to stage 1.
        m.submodules.update = update = RowUpdate(parameters=self.parameters)
        book1, book2, book3 = (Signal(s.book, name=f"book{n}") for n in range(1, 4))
        valid1, valid2, side3, active3 = (Signal() for _ in range(4))
        writes = Signal(2)
        other_best, other_meta = view(s.level), view(s.meta)
        m.d.sync += [
            *(after.eq(before) for before, after in pairwise((self.book, book1, book2, book3))),
            valid1.eq(self.valid),
            valid2.eq(valid1),
            side3.eq(self.side),
            active3.eq(Value.cast(self.command).any()),
        ]
        # Which parts of the book that enters stage 1 are those that stage 3 is about to write. An
        # operation that changes nothing passes on what it read.
        passed_on = Signal(2)
        near = valid2 & (self.book == book2)
        wiped = self.command.reset
        m.d.sync += passed_on.eq(Mux(near, Cat(~self.side | wiped, self.side | wiped), 0))

        # Stage 1: read both rows; take what stage 3 is about to write to them.
        rows, metas = [], []
        for i, name in enumerate(("bid", "ask")):

            def stored(
                part: str, shape: data.StructLayout, new: data.View, i: int = i, name: str = name
            ) -> Any:
                ports = (book1, book3, writes[i], passed_on[i])
                return self._stored(m, name + part, shape, new, ports)

            rows.append([stored(str(j), s.level, update.new_levels[j]) for j in range(depth)])
            metas.append(stored("_meta", s.meta, update.new_meta))
        # Stage 2: compare with both rows, then keep the side that the command is about.
        self._compare(m, rows, metas, update)
        self._locate(m, metas, update)
        self._tell(m, rows, metas)
        meta3 = view(s.meta)
        m.d.comb += Value.cast(update.meta).eq(Value.cast(meta3))
        command3, outside3 = view(ROW_COMMAND, reset=True), Signal()
        m.d.sync += [
            Value.cast(meta3).eq(self._of_side(metas)),
            Value.cast(other_meta).eq(self._of_side(metas[::-1])),
            command3.eq(self.command),
            update.pk.eq(self.pk),
            update.delta.eq(self.delta),
            update.quantity.eq(self.quantity),
            update.count.eq(self.count),
            outside3.eq(self.outside),
        ]
        for j in range(depth):
            pair = [rows[0][j], rows[1][j]]
            level = view(s.level, name=f"p3_level{j}")
            m.d.comb += Value.cast(update.levels[j]).eq(Value.cast(level))
            m.d.sync += Value.cast(level).eq(self._of_side(pair))
            if j == 0:
                m.d.sync += Value.cast(other_best).eq(self._of_side(pair[::-1]))
        # Only now is it known where the price lies.
        m.d.comb += [
            update.command.eq(command3),
            update.command.leave.eq(command3.leave & ~self.inside),
            update.command.enter.eq(command3.enter & self.inside),
            update.outside.eq(Mux(command3.insert, ~self.inside, outside3)),
        ]

        # Stage 3: the shift network; then the outputs.
        command, new = update.command, update.new_meta
        m.d.comb += [
            writes.eq(Mux(active3, Cat(~side3 | command.reset, side3 | command.reset), 0)),
            self.meta.eq(update.meta),
            self.other_meta.eq(other_meta),
            *(self.levels[j].eq(update.levels[j]) for j in range(depth)),
        ]
        self._keep_state(m, [book1, book2, book3], [valid1, valid2], active3, command)
        bests, after4 = [view(s.level, name=f"p4_best{i}") for i in range(2)], view(s.meta)
        known = new.valid[0]
        other_known = other_meta.valid[0] & ~command.reset
        deferred = ~known & new.more
        other_deferred = ~other_meta.valid[0] & other_meta.more & ~command.reset
        best, other = Value.cast(update.new_levels[0]), Value.cast(other_best)
        m.d.sync += [
            self.dropped.eq(update.dropped),
            self.overflow.eq(update.overflow),
            self.known.eq(Mux(side3, Cat(other_known, known), Cat(known, other_known))),
            self.deferred.eq(
                Mux(side3, Cat(other_deferred, deferred), Cat(deferred, other_deferred))
            ),
            Value.cast(bests[0]).eq(Mux(side3, other, best)),
            Value.cast(bests[1]).eq(Mux(side3, best, other)),
            Value.cast(after4).eq(Value.cast(new)),
        ]
        m.d.comb += [
            Value.cast(self.after).eq(Value.cast(after4)),
            *(Value.cast(self.best[i]).eq(Value.cast(bests[i])) for i in range(2)),
        ]
        return m

    def _keep_state(
        self, m: Module, books: list[Value], valid: list[Value], active3: Value, command: data.View
    ) -> None:
        """Keep the state of each book.

        Whether a level overflows is known late in stage 3. So it counts from stage 4 on, where the
        state is written; an operation two stages behind looks at it in its own stage 2.
        """
        s = self.shapes
        memory: Any = Memory(shape=s.state, depth=self.parameters.books, init=[])
        m.submodules.state = memory
        read, write = memory.read_port(domain="comb"), memory.write_port()
        state2, state3, state4 = (view(s.state, name=f"state{n}") for n in range(2, 5))
        new3, written4 = view(s.state), view(s.state)
        book4, active4, valid3 = Signal(s.book), Signal(), Signal()
        two_ahead1, two_ahead2, three_ahead1 = Signal(), Signal(), Signal()
        m.d.comb += [
            read.addr.eq(books[0]),
            self.state.complete.eq(state2.complete),
            self.state.invalid.eq(state2.invalid | (two_ahead2 & self.overflow)),
            new3.invalid.eq((state3.invalid & ~command.reset) | command.invalidate),
            new3.complete.eq(Mux(command.reset, command.complete, state3.complete)),
            written4.complete.eq(state4.complete),
            written4.invalid.eq(state4.invalid | self.overflow),
            self.invalid.eq(written4.invalid),
            write.addr.eq(book4),
            write.data.eq(written4),
            write.en.eq(active4),
        ]
        m.d.sync += [
            valid3.eq(valid[1]),
            two_ahead1.eq(valid[1] & (self.book == books[1])),
            two_ahead2.eq(two_ahead1),
            three_ahead1.eq(valid3 & (self.book == books[2])),
            Value.cast(state2).eq(
                Mux(
                    two_ahead1,
                    Value.cast(new3),
                    Mux(three_ahead1, Value.cast(written4), Value.cast(read.data)),
                )
            ),
            Value.cast(state3).eq(Value.cast(self.state)),
            state4.eq(new3),
            active4.eq(active3),
            book4.eq(books[2]),
        ]

    def _stored(
        self,
        m: Module,
        name: str,
        shape: data.StructLayout,
        new: data.View,
        ports: tuple[Value, Value, Value, Value],
    ) -> Any:
        """Return the register of stage 2 that holds one part of the book's rows.

        ``ports``: book to read, book to write, whether to write, whether to take ``new``.
        """
        read_book, write_book, write, passed_on = ports
        memory: Any = Memory(shape=shape, depth=self.parameters.books, init=[])
        m.submodules[name] = memory
        read, port = memory.read_port(domain="comb"), memory.write_port()
        m.d.comb += [
            read.addr.eq(read_book),
            port.addr.eq(write_book),
            port.data.eq(new),
            port.en.eq(write),
        ]
        row = view(shape, name=f"p2_{name}")
        m.d.sync += Value.cast(row).eq(Mux(passed_on, Value.cast(new), Value.cast(read.data)))
        return row

    def _tell(self, m: Module, rows: list[list[data.View]], metas: list[data.View]) -> None:
        """Stage 2: select the level that is asked for."""
        for i, (levels, meta) in enumerate(zip(rows, metas, strict=True)):
            told = view(self.shapes.level, name=f"p3_told{i}")
            m.d.comb += self.told[i].eq(told)
            asked = [self.index == j for j in range(len(levels))]
            choices = list(zip(asked, map(Value.cast, levels), strict=True))
            m.d.sync += [
                Value.cast(told).eq(select(choices)),
                self.told_valid[i].eq((Cat(asked) & meta.valid).any()),
            ]

    def _of_side(self, pair: list[data.View]) -> Value:
        return Mux(self.side, Value.cast(pair[1]), Value.cast(pair[0]))

    def _compare(
        self,
        m: Module,
        rows: list[list[data.View]],
        metas: list[data.View],
        update: RowUpdate,
    ) -> None:
        """Stage 2: find where in the cache the price stands."""
        worse, same, alone, reachable = [], [], [], []
        for levels, meta in zip(rows, metas, strict=True):
            worse.append(Cat(v & (self.pk > e.pk) for v, e in zip(meta.valid, levels, strict=True)))
            here = Cat(v & (self.pk == e.pk) for v, e in zip(meta.valid, levels, strict=True))
            same.append(here)
            alone.append(here & Cat(e.count == 1 for e in levels))
            reachable.append((self.pk <= meta.bound) | ~meta.more)
        m.d.sync += [
            update.worse.eq(Mux(self.side, worse[1], worse[0])),
            update.same.eq(Mux(self.side, same[1], same[0])),
            update.alone.eq(Mux(self.side, alone[1], alone[0])),
            update.reachable.eq(Mux(self.side, reachable[1], reachable[0]) | self.command.append),
        ]

    def _locate(self, m: Module, metas: list[data.View], update: RowUpdate) -> None:
        """Stage 2: find where in the window the price stands."""
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
        ]
        m.d.sync += [
            self.inside.eq(Mux(self.side, insides[1], insides[0])),
            update.better.eq(Mux(self.side, betters[1], betters[0]) | (self.moving & ahead[-1])),
            update.rebase.eq(first & self.command.insert),
            update.base.eq(Mux(self.command.set_base, self.base, first_base)),
        ]
