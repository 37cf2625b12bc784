# amaranth: UnusedElaboratable=no
"""Proof of gateware.common.saturating: a counter counts exactly, and at its top it stays.

By induction, so for ever: from any value, an event adds what it must or leads to the largest value,
a cycle without an event changes nothing. Three bits, every amount that fits: the sum of two numbers
is the same for more. ``MUTANTS`` are the changes of the source that the proof is known to refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from amaranth import Module, Mux, Signal
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.common import saturating
from tests.formal.prover import Refuted, mutated, prove, without_reset

pytestmark = pytest.mark.formal

TOP: Final = 7
MUTANTS: Final = {
    "a counter that wraps": ("counter > top - amount", "0"),
    "too early": ("counter > top - amount", "counter > top - amount - 2"),
    "one too late": ("counter > top - amount", "counter > top - amount + 1"),
    "counts without an event": ("with m.If(when):", "with m.If(1):"),
}  # fmt: skip


class Claim(wiring.Component):
    """A counter for each amount, and what it was."""

    when: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        super().__init__({"when": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Count, and compare with the cycle before."""
        m = Module()
        without_reset(m)
        first, counted = Signal(init=1), Signal()
        m.d.sync += [first.eq(0), counted.eq(self.when)]
        for amount in range(1, TOP + 1):
            counter = Signal(range(TOP + 1), name=f"counter{amount}")
            before = Signal.like(counter, name=f"before{amount}")
            m.d.sync += before.eq(counter)
            self.module.count_saturating(m, counter, self.when, amount)
            total = before + amount * counted
            right = Mux(first, 0, Mux(total > TOP, TOP, total))
            m.d.comb += Assert(counter == right, f"another count of {amount}")
        return m


def test_a_counter_never_wraps(tmp_path: Path) -> None:
    prove(Claim(saturating), steps=1, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refuted):
        prove(Claim(mutated(saturating, *MUTANTS[name])), steps=9, folder=tmp_path)
