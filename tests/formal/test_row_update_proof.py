# amaranth: UnusedElaboratable=no
"""Proof of gateware.book.row_update: the cache stays exact, whatever the command.

The component is combinational, so one step proves it for ever: from *any* row that is well formed
and exact about *any* one level (the ghost) follows, for any command that the engine may give, a row
that is so again. Well formed: the valid levels are the first ones, strictly sorted, with at least
one order each, and none is worse than the bound where there may be more. Exact about a level: if
it is not worse than the bound, or there are no more, it is cached with its quantity and count if it
exists, and not cached if it does not; a level that is worse is not cached.

Three cached levels of 16-bit prices: the network is the same for every level but the first and
the last. ``MUTANTS`` are the changes of the source that the proof is known to refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.book import row_update
from gateware.book.layouts import Shapes
from tests.formal.prover import Refuted, assume, mutated, prove
from tests.gateware.bench import TINY

pytestmark = pytest.mark.formal

SHAPES: Final = Shapes(TINY)
DEPTH: Final = TINY.cached_levels
QUANTITY: Final = TINY.quantity_bits
COUNT: Final = TINY.count_bits
MUTANTS: Final = {
    "places what lies beyond the bound": (
        "c.insert & self.reachable & ~self.same.any()",
        "c.insert & ~self.same.any()",
    ),
    "places a level twice": (
        "c.insert & self.reachable & ~self.same.any()",
        "c.insert & self.reachable",
    ),
    "a level leaves with any of its orders": (
        "self.alone.any()",
        "self.same.any()",
    ),
    "an empty level stays": ("empties.eq(c.remove &", "empties.eq(c.change &"),
    "counts on change": (
        "c.insert | c.remove, c.remove.replicate",
        "c.insert | c.remove | c.change, c.remove.replicate",
    ),
    "shifts from the wrong place": (
        "ahead_worse = self.worse[j - 1]",
        "ahead_worse = self.worse[j]",
    ),
    "forgets that a level was dropped": (
        "(meta.more | self.dropped) & ~c.clear_more",
        "meta.more & ~c.clear_more",
    ),
    "drops without a full cache": (
        "self.dropped.eq(place & meta.valid[-1])",
        "self.dropped.eq(place & meta.valid[-2])",
    ),
    "the dropped level is the bound": (
        "Mux(self.worse[-2], self.pk, self.levels[-2].pk)",
        "self.levels[-1].pk",
    ),
    "an appended level leaves the bound": ("Mux(c.append, self.pk, meta.bound)", "meta.bound"),
    "overflow only of quantities": (
        "quantity[-1] | (count[-1] & c.insert)",
        "quantity[-1]",
    ),
    "reset keeps what was cached": ("Mux(c.reset, 0, valid)", "valid"),
}


class Claim(wiring.Component):
    """A row, a ghost level of it, and one command."""

    command: Any
    levels: Any
    meta: Any
    pk: Signal
    delta: Signal
    quantity: Signal
    count: Signal
    outside: Signal
    ghost: Signal
    ghost_quantity: Signal
    ghost_count: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        super().__init__(
            {
                "command": In(row_update.ROW_COMMAND),
                "levels": In(SHAPES.level).array(DEPTH),
                "meta": In(SHAPES.meta),
                "pk": In(SHAPES.pk),
                "delta": In(SHAPES.delta),
                "quantity": In(SHAPES.quantity),
                "count": In(SHAPES.count),
                "outside": In(1),
                "ghost": In(SHAPES.pk),
                "ghost_quantity": In(SHAPES.quantity),
                "ghost_count": In(SHAPES.count),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Assume the row before, assert the row after."""
        m = Module()
        m.submodules.dut = dut = self.module.RowUpdate(parameters=TINY)
        c, meta, levels = self.command, self.meta, self.levels
        valid = meta.valid
        worse = [valid[j] & (self.pk > levels[j].pk) for j in range(DEPTH)]
        same = [valid[j] & (self.pk == levels[j].pk) for j in range(DEPTH)]
        m.d.comb += [
            dut.command.eq(c),
            dut.meta.eq(meta),
            *(dut.levels[j].eq(levels[j]) for j in range(DEPTH)),
            *(getattr(dut, n).eq(getattr(self, n)) for n in ("pk", "delta", "quantity", "count")),
            dut.outside.eq(self.outside),
            dut.worse.eq(Cat(worse)),
            dut.same.eq(Cat(same)),
            dut.alone.eq(Cat(same[j] & (levels[j].count == 1) for j in range(DEPTH))),
            dut.reachable.eq((self.pk <= meta.bound) | ~meta.more | c.append),
        ]
        assume(m, well_formed(levels, meta))
        assume(m, exact(levels, meta, self.ghost, self.ghost_quantity, self.ghost_count))
        self._allow(m, Cat(same))

        # What becomes of the ghost, in numbers wide enough for anything.
        here = self.pk == self.ghost
        quantity, count = Signal(QUANTITY + 2), Signal(COUNT + 2)
        fits = Signal()
        m.d.comb += [
            quantity.eq(self.ghost_quantity),
            count.eq(self.ghost_count),
            fits.eq((quantity < 1 << QUANTITY) & (count < 1 << COUNT)),
        ]
        with m.If(c.reset):
            m.d.comb += [quantity.eq(0), count.eq(0)]
        with m.Elif(here & ~c.append & (c.insert | c.remove | c.change)):
            m.d.comb += [
                quantity.eq(self.ghost_quantity + self.delta.as_signed()),
                count.eq(self.ghost_count + c.insert - c.remove),
            ]
        was_cached = Cat(v & (e.pk == self.ghost) for v, e in zip(valid, levels, strict=True)).any()
        told = here & was_cached & ~fits
        # An overflow makes the book invalid: then nothing else is promised.
        with m.If(dut.overflow):
            m.d.comb += Assert(~here | ~was_cached | told, "overflow without reason")
        with m.Else():
            m.d.comb += [
                Assert(~told, "overflow not told"),
                Assert(well_formed(dut.new_levels, dut.new_meta), "not well formed"),
                Assert(
                    ~fits | exact(dut.new_levels, dut.new_meta, self.ghost, quantity, count),
                    "not exact",
                ),
            ]
        m.d.comb += [
            Assert(~dut.dropped | dut.new_meta.more, "dropped and forgotten"),
            Assert(~dut.dropped | meta.valid.all(), "dropped although there was room"),
        ]
        return m

    def _allow(self, m: Module, same: Value) -> None:
        """Assume what the engine sees to for every command."""
        c, meta = self.command, self.meta
        here, beyond = self.pk == self.ghost, meta.more & (self.ghost > meta.bound)
        cached = (self.pk <= meta.bound) | ~meta.more
        kinds = Cat(c.insert, c.remove, c.change, c.clear_more, c.reset)
        assume(m, (kinds & (kinds - 1)[: len(kinds)]) == 0)
        ghost, count, quantity = self.ghost, self.ghost_count, self.ghost_quantity
        allowed = [
            # An order that arrives brings its own quantity; the level is new or not.
            (c.insert & ~c.append, (self.delta == self.quantity) & (self.count == 1)),
            # An order that leaves or changes is in a level; the last one takes all with it.
            ((c.remove | c.change) & here, count != 0),
            ((c.remove | c.change) & cached, same.any()),
            (c.remove & here & (count == 1), self.delta.as_signed() == -quantity),
            # Quantities do not become negative.
            (c.remove & here, self.delta.as_signed() + quantity >= 0),
            (c.remove, self.delta.as_signed() <= 0),
            (c.change & here, self.delta.as_signed() + quantity >= 0),
            # What is appended is the best level beyond a cache with room.
            (c.append, c.insert & meta.more & ~meta.valid[-1] & (self.pk > meta.bound)),
            (c.append & beyond & (ghost < self.pk), count == 0),
            (
                c.append & here,
                (self.quantity == quantity) & (self.count == count) & (count != 0),
            ),
            (c.append, self.count != 0),
            (c.clear_more & beyond, count == 0),
        ]
        for condition, holds in allowed:
            assume(m, ~condition | holds)
        assume(m, (count != 0) | (quantity == 0))


def well_formed(levels: Any, meta: Any) -> Value:
    """Say whether a row is well formed."""
    valid = meta.valid
    claims: list[Value] = [~(~valid[j] & valid[j + 1]) for j in range(DEPTH - 1)]
    claims += [~valid[j + 1] | (levels[j].pk < levels[j + 1].pk) for j in range(DEPTH - 1)]
    claims += [~(valid[j] & meta.more) | (levels[j].pk <= meta.bound) for j in range(DEPTH)]
    claims += [~valid[j] | (levels[j].count != 0) for j in range(DEPTH)]
    return Cat(claims).all()


def exact(levels: Any, meta: Any, pk: Value, quantity: Value, count: Value) -> Value:
    """Say whether a row is exact about one level."""
    present = [meta.valid[j] & (levels[j].pk == pk) for j in range(DEPTH)]
    right = [
        ~present[j] | ((levels[j].quantity == quantity) & (levels[j].count == count))
        for j in range(DEPTH)
    ]
    reached = ~meta.more | (pk <= meta.bound)
    cached = Cat(present).any()
    return Cat(right).all() & Mux(reached, cached == (count != 0), ~cached)


def test_the_cache_stays_exact_whatever_the_command(tmp_path: Path) -> None:
    prove(Claim(row_update), steps=1, folder=tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(row_update, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=1, folder=tmp_path)
