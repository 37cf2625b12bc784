"""Limit tables: written by the host bit by bit, in force all at once."""

from collections.abc import Mapping
from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.common.choice import select
from gateware.risk.limit_words import LimitWord, limit_words, row_layout
from hw.limit_rows import limit_rows
from hw.registers import LIMITS, Register
from hw.risk_parameters import RiskParameters

__all__ = ["LimitTables", "row_layout"]

#: The table that has a second port, for a look in the background.
_MARKED: Final = "instrument"
#: Memories of fewer words than this are made of look-up tables: a block RAM answers too late.
_SHALLOW: Final = 128


def _firsts(words: list[LimitWord]) -> list[int]:
    """Return where each word's rows begin in a memory of all, at a multiple of their number."""
    firsts, end = [0] * len(words), 0
    for n in sorted(range(len(words)), key=lambda n: -words[n].rows):
        firsts[n], end = end, end + words[n].rows
    return firsts


class LimitTables(wiring.Component):
    """Two copies of every limit table: the staging copy is the host's, the active one in force.

    They are the halves of one set of memories, and one flip-flop says which is which: a commit
    turns it over, and then the new active copy is copied back, word by word. Each word has a memory
    of its own, so that a row is read at once; what the bus reads, and what is copied, comes from
    one memory that has all of them once more.

    Timing
    ------
    Rows: a select is sampled in cycle 0, the active row is there in cycle ``LATENCY``; so is a
    table of one row, that has no select. A commit in cycle k (``limits_changed`` is 1) holds for
    what is sampled in cycle k + 1 or later, in every table; what is sampled in cycle k or before
    reads the old rows. In the first cycles after a reset all rows are 0.

    Bus: ``r_data`` is valid ``LATENCY`` cycle after ``address``: the word in the staging copy, as
    it stands, with every write of an earlier cycle; 0 while not ``ready``, and for addresses of no
    limit or no row. The two words of a wide limit are read and written each by itself. A write is
    judged in the cycle after ``w_stb``; a commit in cycle k has in it every write before cycle
    k - 1. Writes to addresses of no limit are somebody else's, and ignored.

    Refused: a write that is judged while not ``ready``, to a row that the build does not have, or
    of a value with bits beyond the field (``fault`` is 1 from the next cycle on); and a commit
    while not ``ready``, with a fault, together with a ``forget``, or in the cycle after a write.
    ``refused`` shows it two cycles later.

    ``ready`` falls for ``clear_cycles`` after a reset, and for ``copy_cycles`` after a commit or a
    forget. ``fault`` falls in the cycle after a forget; a write that is refused later, while the
    forget is still copying, raises it again.

    Parameters
    ----------
    parameters : RiskParameters
        Size of the gate.
    limits : mapping of str to mapping of str to Register
        Fields by table, as ``hw.registers.LIMITS``.

    Members
    -------
    address, w_stb, w_data, r_data : ``In(16)``, ``In(1)``, ``In(32)``, ``Out(32)``
        Register bus; ``r_data`` can be ORed with that of other blocks.
    commit, forget : ``In(1)``
        For one cycle: put the staging copy in force; drop it, and the fault.
    limits_changed : ``Out(1)``
        A commit is carried out in this cycle.
    ready : ``Out(1)``
        Nothing is being cleared or copied.
    fault : ``Out(1)``
        A write was refused since the last forget.
    commits : ``Out(32)``
        Commits carried out since reset, modulo 2**32.
    refused : ``Out(32)``
        Writes and commits that were refused since reset; stops at its largest value.
    <table>_select : ``In(range(rows))`` for each table of more than one row
        The row to read.
    <table> : ``Out(row_layout(table))``
        That row of the active copy.
    mark_select, mark : ``In``, ``Out``
        As ``instrument_select`` and ``instrument``, for somebody else.

    Raises
    ------
    ValueError
        If a table of ``limits`` cannot be addressed, see ``limit_words``.
    """

    LATENCY: Final = 1

    address: Value
    r_data: Value
    w_stb: Value
    w_data: Value
    commit: Value
    forget: Value
    limits_changed: Value
    ready: Value
    fault: Value
    commits: Value
    refused: Value

    def __init__(
        self,
        *,
        parameters: RiskParameters,
        limits: Mapping[str, Mapping[str, Register]] = LIMITS,
    ) -> None:
        self.words = limit_words(parameters, limits)
        self._kept = [w for w in self.words if w.bits]
        self._most = max(w.rows for w in self.words)
        self._firsts = _firsts(self._kept)
        rows = sum(w.rows for w in self._kept)
        self._depth = 1 << (rows - 1).bit_length()
        #: For each read port its table.
        self._ports = {table: table for table in limits}
        if _MARKED in limits:
            self._ports["mark"] = _MARKED
        ports: dict[str, Any] = {}
        for port, table in self._ports.items():
            ports[port] = Out(row_layout(table, parameters, limits=limits[table]))
            rows = limit_rows(table, parameters)
            if rows > 1:
                ports[f"{port}_select"] = In(range(rows))
        bus = {"address": In(16), "r_data": Out(32), "w_stb": In(1), "w_data": In(32)}
        orders = {"commit": In(1), "forget": In(1), "limits_changed": Out(1)}
        state = {"ready": Out(1), "fault": Out(1), "commits": Out(32), "refused": Out(32)}
        super().__init__({**bus, **orders, **state, **ports})

    @property
    def clear_cycles(self) -> int:
        """Cycles after a reset until ``ready``."""
        return 2 * self.copy_cycles

    @property
    def copy_cycles(self) -> int:
        """Cycles for which ``ready`` is 0 after a commit or a forget."""
        return sum(w.rows for w in self._kept) + 3

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = len(self._kept)
        self._active = Signal()  # the half in force
        self._clearing = Signal(init=1)
        # What is copied: read in cycle 0, there in cycle 1, put in cycle 2, written in cycle 3.
        self._walking, self._fetched, self._putting = Signal(init=1), Signal(), Signal()
        self._storing = Signal()
        self._walk, self._walk_row = Signal(count, init=1), Signal(range(self._most))
        self._put, self._put_row = Signal(count), Signal(range(self._most))
        self._put_data, self._word = Signal(32), Signal(32)
        self._store, self._store_row = Signal(count), Signal(range(self._most))
        self._store_data, self._store_half = Signal(32), Signal()
        self._hits, self._row = Signal(len(self.words)), Signal(range(self._most))
        hits = Cat(self.address.matches(w.pattern(missing=False)) for w in self.words)
        m.d.comb += [self._hits.eq(hits), self._row.eq(self._asked_row())]
        self._kept_hits = Cat(self._hits[n] for n, w in enumerate(self.words) if w.bits)
        asked, good = self._judge(m)
        starts = self._order(m, asked, asked & ~good)
        self._copy(m, starts)
        self._load(m, good)
        self._memories(m)
        self._answer(m, good)
        return m

    def _judge(self, m: Module) -> tuple[Value, Value]:
        """Say whether a limit was written in the cycle before, and whether it can be kept."""
        asked, lost, wide, good = Signal(), Signal(), Signal(), Signal()
        named = Cat(self.address.matches(w.pattern(missing=True)) for w in self.words)
        m.d.sync += [asked.eq(self.w_stb & named.any()), lost.eq(~self._hits.any())]
        over = []
        for bits in sorted({w.bits for w in self.words} - {32}):
            narrow, beyond = Signal(name=f"narrow{bits}"), Signal(name=f"beyond{bits}")
            hits = [self._hits[n] for n, w in enumerate(self.words) if w.bits == bits]
            m.d.sync += [narrow.eq(Cat(hits).any()), beyond.eq(self.w_data[bits:].any())]
            over.append(narrow & beyond)
        m.d.comb += [wide.eq(Cat(over).any()), good.eq(asked & self.ready & ~lost & ~wide)]
        return asked, good

    def _order(self, m: Module, asked: Value, bad: Value) -> Value:
        """Carry out commits and forgets, count, and say when the copying starts."""
        refusals, total = Signal(2), Signal(33)
        m.d.comb += [
            self.limits_changed.eq(self.commit & self.ready & ~self.fault & ~asked & ~self.forget),
            total.eq(self.refused + refusals),
        ]
        m.d.sync += [
            self.commits.eq(self.commits + self.limits_changed),
            refusals.eq(bad + (self.commit & ~self.limits_changed)),
            self.refused.eq(Mux(total[-1], 2**32 - 1, total[:32])),
        ]
        with m.If(self.forget):
            m.d.sync += self.fault.eq(0)
        with m.Elif(bad):
            m.d.sync += self.fault.eq(1)
        with m.If(self.limits_changed):
            m.d.sync += self._active.eq(~self._active)
        return self.limits_changed | (self.forget & self.ready)

    def _copy(self, m: Module, starts: Value) -> None:
        """Walk through every row of every word, after a reset twice: once for each half."""
        by_rows: dict[int, list[Value]] = {}
        for n, word in enumerate(self._kept):
            by_rows.setdefault(word.index_bits, []).append(self._walk[n])
        last = Cat(Cat(of).any() & self._walk_row[:b].all() for b, of in by_rows.items()).any()
        m.d.sync += [self._fetched.eq(self._walking), self._putting.eq(self._fetched)]
        ahead, done = Cat(self._walking, self._fetched, self._putting).any(), Signal()
        m.d.comb += done.eq(self._storing & ~ahead)
        again = done & self._clearing & ~self._active
        with m.If(done):
            m.d.sync += [
                self._active.eq(self._active | self._clearing),
                self._clearing.eq(again),
                self.ready.eq(~again),
            ]
        with m.If(starts | again):
            m.d.sync += [self.ready.eq(0), self._walking.eq(1)]
            m.d.sync += [self._walk.eq(1), self._walk_row.eq(0)]
        with m.Elif(self._walking & last):
            m.d.sync += [
                self._walking.eq(~self._walk[-1]),
                self._walk.eq(Cat(Const(0, 1), self._walk)),
                self._walk_row.eq(0),
            ]
        with m.Elif(self._walking):
            m.d.sync += self._walk_row.eq(self._walk_row + 1)

    def _load(self, m: Module, good: Value) -> None:
        """Choose what is written: zeros, a copied word, or the host's, if it can be kept."""
        fetched, fetched_row = Signal.like(self._walk), Signal.like(self._walk_row)
        m.d.sync += [fetched.eq(self._walk), fetched_row.eq(self._walk_row)]
        with m.If(self._fetched):
            m.d.sync += [
                self._put.eq(fetched), self._put_row.eq(fetched_row),
                self._put_data.eq(Mux(self._clearing, 0, self._word)),
            ]  # fmt: skip
        with m.Else():
            m.d.sync += [
                self._put.eq(self._kept_hits), self._put_row.eq(self._row),
                self._put_data.eq(self.w_data),
            ]  # fmt: skip
        m.d.sync += [
            self._store.eq(Mux(self._putting | good, self._put, 0)),
            self._store_row.eq(self._put_row), self._store_half.eq(~self._active),
            self._store_data.eq(self._put_data),
            self._storing.eq(self._putting),
        ]  # fmt: skip

    def _asked_row(self) -> Value:
        """Return the row that the address says."""
        rows = [
            (self._hits[n], self.address[w.row_low : w.row_low + w.index_bits])
            for n, w in enumerate(self.words)
            if w.rows > 1
        ]
        return select(rows or [(Const(0), Const(0))])

    def _memories(self, m: Module) -> None:
        """Keep every word in a memory of its own, and all of them in one."""
        for n, word in enumerate(self._kept):
            depth = 2 * word.rows
            attrs = {"ram_style": "distributed"} if depth < _SHALLOW else {}
            memory: Any = Memory(shape=unsigned(word.bits), depth=depth, init=[], attrs=attrs)
            m.submodules[f"{word.table}_{word.low}"] = memory
            write = memory.write_port()
            m.d.comb += [
                write.addr.eq(Cat(self._store_row[: word.index_bits], self._store_half)),
                write.data.eq(self._store_data),
                write.en.eq(self._store[n]),
            ]
            self._show(m, word, memory)
        self._gather(m)

    def _gather(self, m: Module) -> None:
        """Keep all words in one memory more, for the bus and for copying."""
        memory: Any = Memory(shape=unsigned(32), depth=2 * self._depth, init=[])
        m.submodules.every = memory
        write, look = memory.write_port(), memory.read_port()
        here = Signal(range(self._depth))
        m.d.comb += [
            here.eq(self._place(self._kept_hits, self._row)),
            write.addr.eq(Cat(self._place(self._store, self._store_row), self._store_half)),
            write.data.eq(self._store_data),
            write.en.eq(self._store.any()),
            look.addr.eq(
                Cat(
                    Mux(self.ready, here, self._place(self._walk, self._walk_row)),
                    self.ready ^ self._active,
                )
            ),
        ]
        found = Signal()
        m.d.sync += found.eq(self._kept_hits.any() | ~self.ready)
        m.d.comb += self._word.eq(Mux(found, look.data, 0))

    def _place(self, words: Value, row: Value) -> Value:
        """Return where a row of the one word that is chosen is, in the memory of all."""
        bits = (self._depth - 1).bit_length()
        firsts: list[tuple[Value, Value]] = [
            (words[n], Const(first, bits)) for n, first in enumerate(self._firsts)
        ]
        return (select(firsts) | row)[:bits]

    def _show(self, m: Module, word: LimitWord, memory: Any) -> None:
        """Lead a word of the active copy to every read port of its table."""
        for port in (p for p, table in self._ports.items() if table == word.table):
            read = memory.read_port(domain="comb")
            index = [getattr(self, f"{port}_select")] if word.rows > 1 else []
            field = Value.cast(getattr(self, port))[word.low : word.low + word.bits]
            m.d.comb += read.addr.eq(Cat(*index, self._active))
            m.d.sync += field.eq(Mux(self._clearing, 0, read.data))

    def _answer(self, m: Module, good: Value) -> None:
        """Answer a read; the last two writes are not in the memories yet."""
        wrote = [Signal(16, name=f"wrote{n}") for n in range(2)]
        kept, echoes, shown = Signal(), Signal(), Signal()
        echo = Signal(32, reset_less=True)
        newest, older = good & (wrote[0] == self.address), kept & (wrote[1] == self.address)
        m.d.sync += [
            wrote[0].eq(self.address), wrote[1].eq(wrote[0]), kept.eq(good),
            echoes.eq(newest | older), echo.eq(Mux(newest, self._put_data, self._store_data)),
            shown.eq(self.ready),
        ]  # fmt: skip
        m.d.comb += self.r_data.eq(Mux(shown, Mux(echoes, echo, self._word), 0))
