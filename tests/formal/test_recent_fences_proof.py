# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.breaker.recent_fences: no price that has just come is missed.

Bounded, from reset, with prices, selects and ``clear`` free in every cycle. Beside the component
all prices of one instrument, a free constant, of the last cycles are kept. Whenever the instrument
is selected,

* a price of each of the ``CYCLES`` cycles before makes a fence that is there, and not wider;
* a fence that is there is not narrower than that of some price of the ``OLDEST`` cycles before.

Assumes that how far the instrument may move does not change, no price in the first cycle, prices
of three bits, one window, and ``CYCLES`` of 4: tables are then emptied every second cycle.
``STEPS`` cycles see each of them filled, emptied and asked twice. ``MUTANTS`` are the changes of
the source that the proof is known to refute.
"""

from contextlib import ExitStack
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import pytest
from amaranth import Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk.breaker import layouts, recent_fences
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset

BITS: Final = 3
CYCLES: Final = 4
OLDEST: Final = 2 * CYCLES - 3
STEPS: Final = 14
#: What the component asks of its parameters; no build has prices so narrow.
PARAMETERS: Final[Any] = SimpleNamespace(instruments=2, tick_bits=BITS)
MUTANTS: Final = {
    "the price before is left out": ("self.fenced[0].eq(just)", "self.fenced[0].eq(0)"),
    "the price before, of another": ("& (self.instrument == self.select))", ")"),
    "two before is left out": ("Mux(again & higher, made.lows[w], low)", "low"),
    "two before, in spite of a lower one": (
        "Mux(again & lower, made.highs[w], high)",
        "Mux(again, made.highs[w], high)",
    ),
    "two before, of another": ("again = came & (whose == self.select)", "again = came"),
    "two before is not there": ("has.eq((held | again)", "has.eq((held)"),
    "the table that was emptied last is asked": (
        "Mux(asked, second, first)",
        "Mux(asked, first, second)",
    ),
    "emptied too soon": ("self.cycles - 3)", "self.cycles - 4)"),
    "never emptied": ("with m.If(empty | self.clear):", "with m.If(self.clear):"),
    "what was forgotten counts": ("with m.If(empty | self.clear):", "with m.If(empty):"),
    "extremes are not begun anew": (
        "higher.eq(fresh | (price > old.data.highest))",
        "higher.eq(price > old.data.highest)",
    ),
    "noise": ("came.eq(self.valid & ~self.clear)", "came.eq(~self.clear)"),
    "half the way": ("own.eq(self.bounds)", "own.eq(Value.cast(self.bounds) >> 1)"),
}


class Claim(wiring.Component):
    """Any prices, and one instrument that is watched."""

    select: Signal
    valid: Signal
    bid: Signal
    ask: Signal
    clear: Signal
    bound: Signal
    watched: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        bits = {"select": 1, "valid": 1, "bid": BITS, "ask": BITS, "clear": 1}
        bits |= {"bound": BITS + 1, "watched": 1}
        super().__init__({name: In(width) for name, width in bits.items()})

    def elaborate(self, platform: object) -> Module:
        """Keep the prices of the watched instrument, and compare."""
        m = Module()
        without_reset(m)
        dut: Any = self.module.RecentFences(parameters=PARAMETERS, cycles=CYCLES)
        m.submodules.dut = dut
        selected, first = Signal(), Signal(init=1)
        m.d.sync += [selected.eq(self.select), first.eq(0)]
        for name, constant in (("watched", self.watched), ("bound", self.bound)):
            before = Signal.like(constant, name=f"{name}_before")
            m.d.sync += before.eq(constant)
            assume(m, first | (before == constant))
        assume(m, ~first | ~self.valid)
        m.d.comb += [
            dut.select.eq(self.select),
            dut.bounds[0].eq(self.bound),
            dut.valid.eq(self.valid),
            dut.instrument.eq(selected),
            dut.bid.eq(self.bid),
            dut.ask.eq(self.ask),
            dut.clear.eq(self.clear),
        ]
        prices = self._prices(m, self.valid & (selected == self.watched))
        asked = ~first & (selected == self.watched)
        there = [asked & bit for bit in dut.fenced]
        for n, (came, price) in enumerate(prices[:CYCLES]):
            with m.If(asked & came):
                m.d.comb += Assert(self._within(dut, there, price), f"{n + 1} before")
        for bit, fences in zip(there, dut.fences, strict=True):
            low, high = self._no_narrower(prices, fences)
            m.d.comb += [Assert(~bit | low, "too high"), Assert(~bit | high, "too low")]
        return m

    def _prices(self, m: Module, comes: Value) -> list[tuple[Value, Value]]:
        """Return whether the watched instrument had a price, and which, newest first."""
        kept: list[tuple[Value, Value]] = []
        new: tuple[Value, Value] = comes, self.bid + self.ask
        for n in range(OLDEST):
            came, price = Signal(name=f"came{n}"), Signal(BITS + 1, name=f"price{n}")
            m.d.sync += [came.eq(Mux(self.clear, 0, new[0])), price.eq(new[1])]
            kept.append((came, price))
            new = came, price
        return kept

    def _within(self, dut: Any, there: list[Value], price: Value) -> Value:
        """Say whether a fence lets no price further from this one than may be."""
        low, high = Value.cast(0), Value.cast(0)
        for bit, fences in zip(there, dut.fences, strict=True):
            low |= bit & (fences.lows[0] + self.bound >= price)
            high |= bit & (fences.highs[0] <= price + self.bound)
        return low & high

    def _no_narrower(self, prices: list[tuple[Value, Value]], fences: Any) -> tuple[Value, Value]:
        """Say whether some price makes fences as narrow, for the low and the high."""
        low, high = fences.lows[0] == 0, fences.highs[0] == (1 << BITS + 1) - 1
        for came, price in prices:
            low |= came & (fences.lows[0] + self.bound <= price)
            high |= came & (fences.highs[0] >= price + self.bound)
        return low, high


def _prove(module: ModuleType, folder: Path) -> None:
    """Prove a module, with one window."""
    with ExitStack() as stack:
        for part in (layouts, module):
            stack.enter_context(patch.object(part, "BREAKER_WINDOWS", 1))
        prove(Claim(module), steps=STEPS, folder=folder)


def test_a_price_makes_a_fence_as_long_as_it_must_and_not_much_longer(tmp_path: Path) -> None:
    _prove(recent_fences, tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(recent_fences, *MUTANTS[name])
    with pytest.raises(Refuted):
        _prove(mutant, tmp_path)
