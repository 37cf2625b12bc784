# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.breaker.price_window: no price that counts is missed, and no other counts.

Bounded, from reset, with items, ends of buckets and ``empty`` free in every cycle. Beside the
component the buckets of one instrument, a free constant, are kept as registers and by the plain
rule: every bucket has the price that stands when it begins, whether an item comes in it or not.
``STEPS`` cycles see a bucket through the whole window and out of it. Assumes prices of two bits and
windows of four buckets: what compares them and what hands them on is the same for more.
``MUTANTS`` are the changes of the source that the proof is known to refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Final
from unittest.mock import patch

import pytest
from amaranth import Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk.breaker import price_window
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset

BITS: Final = 2
BUCKETS: Final = 4
#: An item, a window of buckets that end, another item, and what it finds.
STEPS: Final = BUCKETS + 7
MUTANTS: Final = {
    "the standing price is left out": (
        "self.price > read.data.highest, self.price > self.before",
        "self.price > read.data.highest, 1",
    ),
    "the lowest is that of the bucket before": (
        "self.price < read.data.lowest, self.price < self.before",
        "self.price < read.data.lowest, 1",
    ),
    "a bucket never begins": (
        "m.d.sync += [opened.eq(0), place.eq(place.rotate_left(1))]",
        "m.d.sync += [place.eq(place.rotate_left(1))]",
    ),
    "an item in the cycle of the end is lost": ("closed.eq(opening)", "closed.eq(0)"),
    "the window is too short": (
        "with m.If(self.empty):\n            m.d.sync += closed.eq(0)",
        "with m.If(self.empty | place[n - 2]):\n            m.d.sync += closed.eq(0)",
    ),
    "the bucket under way is its own past": ("with m.If(place[n]):", "with m.If(0):"),
    "a bucket of others": ("closed.bit_select(self.instrument, 1)", "closed.any()"),
    "empty keeps what has ended": (
        "with m.If(self.empty):\n            m.d.sync += closed.eq(0)",
        "with m.If(0):\n            m.d.sync += closed.eq(0)",
    ),
    "empty keeps the bucket under way": (
        "with m.If(self.empty):\n            m.d.sync += opened.eq(0)",
        "with m.If(0):\n            m.d.sync += opened.eq(0)",
    ),
    "noise is kept": ("write.en.eq(self.valid & place[n])", "write.en.eq(place[n])"),
    "lows of what does not count": (
        "read.data.lowest, (1 << self.price_bits) - 1",
        "read.data.lowest, 0",
    ),
}


class Claim(wiring.Component):
    """Any items, and one instrument that is watched."""

    valid: Signal
    instrument: Signal
    price: Signal
    before: Signal
    next_bucket: Signal
    empty: Signal
    watched: Signal

    def __init__(self, module: ModuleType) -> None:
        self.made = module.PriceWindow(instruments=2, price_bits=BITS)
        members = self.made.signature.members
        inputs = {n: In(m.shape) for n, m in members.items() if m.flow is wiring.In}
        super().__init__({**inputs, "watched": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Keep the buckets of the watched instrument, and compare."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.made
        for name in ("valid", "instrument", "price", "before", "next_bucket", "empty"):
            m.d.comb += getattr(dut, name).eq(getattr(self, name))
        first, watched = Signal(init=1), Signal()
        m.d.sync += [first.eq(0), watched.eq(self.watched)]
        assume(m, first | (watched == self.watched))
        comes = self.valid & (self.instrument == self.watched)
        known, stands = Signal(), Signal(BITS)
        assume(m, ~comes | (self.before == Mux(known, stands, self.price)))
        with m.If(comes):
            m.d.sync += [known.eq(1), stands.eq(self.price)]
        highest, lowest = self._buckets(m, comes, known, stands)
        for n in range(dut.LATENCY - 1):  # half the buckets are gathered in a cycle less
            later = [Signal(name=f"comes{n}"), *(Signal(BITS, name=f"{x}{n}") for x in "hl")]
            m.d.sync += [a.eq(b) for a, b in zip(later, (comes, highest, lowest), strict=True)]
            comes, highest, lowest = later
        with m.If(comes):
            m.d.comb += [
                Assert(dut.highest == highest, "highest"),
                Assert(dut.lowest == lowest, "lowest"),
            ]
        return m

    def _buckets(self, m: Module, comes: Value, known: Value, stands: Value) -> tuple[Value, Value]:
        """Return the extremes of all buckets, with the price that comes."""
        # Of each bucket, the newest first: whether anything stood in it, and its extremes.
        stood = [Signal(name=f"stood{n}") for n in range(BUCKETS)]
        highs = [Signal(BITS, name=f"high{n}") for n in range(BUCKETS)]
        lows = [Signal(BITS, name=f"low{n}") for n in range(BUCKETS)]
        high = Mux(comes & (~stood[0] | (self.price > highs[0])), self.price, highs[0])
        low = Mux(comes & (~stood[0] | (self.price < lows[0])), self.price, lows[0])
        standing, has = Mux(comes, self.price, stands), known | comes
        m.d.sync += [highs[0].eq(high), lows[0].eq(low), stood[0].eq(has)]
        with m.If(self.empty | self.next_bucket):
            m.d.sync += [highs[0].eq(standing), lows[0].eq(standing)]
        for n in range(1, BUCKETS):
            with m.If(self.empty):
                m.d.sync += stood[n].eq(0)
            with m.Elif(self.next_bucket):
                newer = (has, high, low) if n == 1 else (stood[n - 1], highs[n - 1], lows[n - 1])
                m.d.sync += [stood[n].eq(newer[0]), highs[n].eq(newer[1]), lows[n].eq(newer[2])]
        top, bottom = high, low
        for n in range(1, BUCKETS):
            top = Mux(stood[n] & (highs[n] > top), highs[n], top)
            bottom = Mux(stood[n] & (lows[n] < bottom), lows[n], bottom)
        return top, bottom


def test_the_extremes_are_those_of_all_prices_that_stood(tmp_path: Path) -> None:
    with patch.object(price_window, "WINDOW_BUCKETS", BUCKETS):
        prove(Claim(price_window), steps=STEPS, folder=tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(price_window, *MUTANTS[name])
    with patch.object(mutant, "WINDOW_BUCKETS", BUCKETS), pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
