# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.limit_tables: a commit changes every limit at once, or none.

By induction, so for any use of any length, from memories with any content. A ghost keeps what three
fields of three tables must be, two of them of rows that are free constants: staged and active, with
the rules of the docstring written down once more. In every cycle the rows that are read are those
of the ghost's last commit, about one moment for all three; the bus shows the ghost's staging copy;
``fault``, ``ready`` and ``limits_changed`` are what the rules say. Since the watched rows are free,
and other words of a row are memories like these, that holds for all of them.

Tables of two rows (of four addresses) and of one, with fields of two and three bits: the walk over
rows and words is the same for more. ``MUTANTS`` are the changes of the source that the proof is
known to refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk import limit_tables
from hw.registers import Register
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset
from tests.gateware.risk.bench import NARROW

pytestmark = pytest.mark.formal

#: More than clearing and copying take together, so that the induction sees a whole turn.
STEPS: Final = 28
#: Address of the first row, bits, rows that there are, rows that the map has: of each table.
TABLES: Final = {
    "venue": (0x100, 3, 2, 4),
    "account": (0x200, 2, 2, 4),
    "windows": (0x300, 3, 1, 1),
}
LIMITS: Final = {
    table: {
        "size": Register(
            name="size", address=address, access="limit", width=bits, unit="none", doc="A limit.",
            count=count, block="risk", table=table,
        )
    }
    for table, (address, bits, _, count) in TABLES.items()
}  # fmt: skip
MUTANTS: Final = {
    "a commit in spite of a fault": ("self.ready & ~self.fault & ~asked", "self.ready & ~asked"),
    "a commit right behind a write": ("& ~self.fault & ~asked", "& ~self.fault"),
    "a commit while copying": ("self.commit & self.ready & ~", "self.commit & ~"),
    "a commit with a forget": ("~asked & ~self.forget)", "~asked)"),
    "a write while copying is lost in silence": (
        "good.eq(asked & self.ready & ~lost",
        "good.eq(asked & ~lost",
    ),
    "a row too many is another row": ("missing=False)) for w", "missing=True)) for w"),
    "a wide value is cut": ("wide.eq(Cat(over).any())", "wide.eq(0)"),
    "a refused write is kept": ("_putting | good, self._put", "_putting | 1, self._put"),
    "a forget keeps the fault": ("self.fault.eq(0)", "self.fault.eq(self.fault)"),
    "a forget copies nothing": ("| (self.forget & self.ready)", ""),
    "a commit is not copied back": (
        "return self.limits_changed | (self.forget & self.ready)",
        "return self.forget & self.ready",
    ),
    "writes what is in force": ("_store_half.eq(~self._active)", "_store_half.eq(self._active)"),
    "copies the wrong way": ("self.ready ^ self._active,", "~self._active,"),
    "copies one row too few": ("self._walk_row[:b].all()", "self._walk_row[: b // 2].all()"),
    "copies one word too few": (
        "self._walking.eq(~self._walk[-1])",
        "self._walking.eq(~self._walk[-2])",
    ),
    "ready before the last word is written": (
        "self._fetched, self._putting).any()",
        "self._fetched).any()",
    ),
    "half of the memories is cleared": ("self._clearing.eq(again)", "self._clearing.eq(0)"),
    "what is there is copied, not cleared": ("Mux(self._clearing, 0, self._word)", "self._word"),
    "rows are shown before they are clear": ("Mux(self._clearing, 0, read.data)", "read.data"),
    "a row of the staging copy": ("Cat(*index, self._active)", "Cat(*index, ~self._active)"),
    "a read misses the write just before it": ("echoes.eq(newest | older)", "echoes.eq(older)"),
    "a read misses the write before that": ("echoes.eq(newest | older)", "echoes.eq(newest)"),
    "a read takes any write for its own": ("good & (wrote[0] == self.address)", "good"),
    "a read prefers the older write": ("Mux(newest, self._put", "Mux(~older, self._put"),
    "a read shows what is copied": ("Mux(shown, Mux(", "Mux(1, Mux("),
}  # fmt: skip


class Claim(wiring.Component):
    """Any use of the tables; one row of each is watched."""

    def __init__(self, module: ModuleType) -> None:
        self.made = module.LimitTables(parameters=NARROW, limits=LIMITS)
        self.inputs = [n for n, p in self.made.signature.members.items() if p.flow is wiring.In]
        members = {n: In(self.made.signature.members[n].shape) for n in self.inputs}
        super().__init__({**members, "watched": In(2)})

    def elaborate(self, platform: object) -> Module:
        """Keep the ghost, and compare."""
        m = Module()
        without_reset(m)
        self.dut: Any = self.made
        assert self.dut.clear_cycles + self.dut.copy_cycles < STEPS
        m.submodules.dut = self.inside = self.dut.elaborate(platform)
        m.d.comb += [getattr(self.dut, name).eq(getattr(self, name)) for name in self.inputs]
        watched, first = Signal(2), Signal(init=1)
        given: Any = self
        m.d.sync += [watched.eq(given.watched), first.eq(0)]
        assume(m, first | (watched == given.watched))
        self.rows = {"venue": given.watched[0], "account": given.watched[1], "windows": None}
        self._rules(m)
        self._fields(m)
        self._sound(m)
        return m

    def _rules(self, m: Module) -> None:
        """Say which writes and commits are refused, and when the tables are ready."""
        given: Any = self
        dut = self.dut
        stb = Signal()
        self.wrote, self.data = Signal(16), Signal(32)
        m.d.sync += [stb.eq(given.w_stb), self.wrote.eq(given.address), self.data.eq(given.w_data)]
        named, misfit = [], []
        for base, bits, rows, count in TABLES.values():
            for row in range(count):
                here = self.wrote == base + 4 * row
                named.append(here)
                misfit.append(here & ((self.data >= 1 << bits) | (row >= rows)))
        self.good, self.takes, fault = Signal(), Signal(), Signal()
        bad, left = Signal(), Signal(range(64), init=dut.clear_cycles)
        close = stb & Cat(named).any()
        m.d.comb += [
            bad.eq(close & (Cat(misfit).any() | (left != 0))),
            self.good.eq(close & ~bad),
            self.takes.eq(given.commit & (left == 0) & ~fault & ~close & ~given.forget),
        ]
        m.d.sync += fault.eq(~given.forget & (fault | bad))
        with m.If(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Elif(self.takes | given.forget):
            m.d.sync += left.eq(dut.copy_cycles)
        m.d.comb += [
            Assert(left <= max(dut.copy_cycles, dut.clear_cycles), "left"),
            Assert(dut.ready == (left == 0), "ready"),
            Assert(dut.fault == fault, "fault"),
            Assert(dut.limits_changed == self.takes, "limits_changed"),
        ]

    def _fields(self, m: Module) -> None:
        """Keep each watched field, staged and active."""
        given: Any = self
        dut = self.dut
        read, reads = Signal(32), []
        for table, (base, bits, rows, _) in TABLES.items():
            row: Any = self.rows[table]
            address = base + (row << 2) if rows > 1 else base
            staged, active, now = Signal(bits), Signal(bits), Signal(bits)
            kept = Signal(bits)  # a write is in the memory two cycles after it is judged
            shown, looked = Signal(bits), Signal(init=1)
            mine = self.good & (self.wrote == address)
            m.d.comb += now.eq(Mux(mine, self.data, staged))
            m.d.sync += [
                staged.eq(Mux(given.forget, active, now)),
                kept.eq(staged),
                active.eq(Mux(self.takes, staged, active)),
                shown.eq(active),
                looked.eq(getattr(given, f"{table}_select") == row if rows > 1 else 1),
            ]
            field = getattr(dut, table).size
            m.d.comb += Assert(~looked | (field == shown), f"{table} is as at the last commit")
            with m.If(given.address == address):
                m.d.comb += read.eq(Mux(dut.ready, now, 0))
            reads.append(given.address == address)
            self._stored(m, table, Cat(row) if rows > 1 else Cat(), kept, active)
        told, asked = Signal(32), Signal()
        spare = Cat(given.address == base + 4 * row
                    for base, _, _, count in TABLES.values() for row in range(count))  # fmt: skip
        m.d.sync += [told.eq(read), asked.eq(Cat(reads).any() | ~spare.any() | ~dut.ready)]
        m.d.comb += Assert(~asked | (dut.r_data == told), "r_data")

    def _stored(self, m: Module, table: str, row: Value, kept: Value, active: Value) -> None:
        """Say what the memories hold: it carries the induction."""
        dut = self.dut
        bits = (dut._depth - 1).bit_length()
        place = Const(dut._firsts[list(TABLES).index(table)], bits) | row
        held: list[Value] = []
        for half in range(2):
            in_force = dut._active if half else ~dut._active
            own = getattr(self.inside.submodules, f"{table}_0").read_port(domain="comb")
            copy = self.inside.submodules.every.read_port(domain="comb")
            m.d.comb += [own.addr.eq(Cat(row, in_force)), copy.addr.eq(Cat(place, in_force))]
            held.append(own.data)
            with m.If(~dut._clearing):
                m.d.comb += Assert(own.data == copy.data, "both memories hold the same")
        idle, used = held
        with m.If(dut._clearing):
            m.d.comb += Assert((kept == 0) & (active == 0), "nothing is kept before all is clear")
        with m.Else():
            m.d.comb += Assert(used == active, "active")
        with m.If(dut.ready):
            m.d.comb += Assert(idle == kept, "staging")

    def _sound(self, m: Module) -> None:
        """Say which states of the machine there are: it carries the induction."""
        dut = self.dut
        busy = dut._walking | dut._fetched | dut._putting
        one_hot = [dut._walk == 1 << n for n in range(len(dut._walk))]
        m.d.comb += [
            Assert(~dut._clearing | busy | dut._storing, "clearing"),
            Assert(~dut._clearing | ~dut.ready, "not ready before all is clear"),
            Assert(~dut._walking | Cat(one_hot).any(), "one word is copied at a time"),
        ]


def test_a_commit_changes_every_limit_at_once_or_none(tmp_path: Path) -> None:
    prove(Claim(limit_tables), steps=STEPS, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(limit_tables, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
