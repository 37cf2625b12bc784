# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.deadman: silence expires it, and nothing but a refresh revives it.

By induction, so for ever, under any timeouts that change at any time. Timeouts of three bits in
units of four cycles: the counter is the same circuit at any width. ``MUTANTS`` are the changes of
the source that the proof is known to refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from amaranth import Cat, Const, Module, Signal
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk import deadman
from tests.formal.prover import Refuted, mutated, prove, without_reset

pytestmark = pytest.mark.formal

TIMEOUT_BITS: Final = 3
UNIT_BITS: Final = 2
STEPS: Final = 36  # from a refresh with the longest timeout to its end
MUTANTS: Final = {
    "alive after reset": ("Out(1, init=1)", "Out(1)"),
    "a cycle too long": ("~left[1:].any()", "~left.any()"),
    "a cycle too short": ("~left[1:].any()", "~left[2:].any()"),
    "a shorter timeout does not count": ("self.refresh | (left > whole)", "self.refresh"),
    "a longer timeout revives": ("(left > whole)", "(left != whole)"),
    "a refresh under a timeout of 0": ("never | (~self.refresh", "(~self.refresh"),
    "a refresh is no refresh": ("self.refresh | (left", "(left"),
    "it never counts": ("left - 1", "left"),
    "a unit of half the cycles": ("Const(0, self.unit_bits)", "Const(0, self.unit_bits - 1)"),
}


class Claim(wiring.Component):
    """Any timeouts, and a refresh in any cycle."""

    timeout: Signal
    refresh: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        super().__init__({"timeout": In(TIMEOUT_BITS), "refresh": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Count the silence, and keep the shortest timeout that it has met."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.module.Deadman(timeout_bits=TIMEOUT_BITS, unit_bits=UNIT_BITS)
        m.d.comb += [dut.timeout.eq(self.timeout), dut.refresh.eq(self.refresh)]
        bits = TIMEOUT_BITS + UNIT_BITS
        # Cycles since the refresh that counts, and the last cycle that it may last to.
        ever, silent, longest = Signal(), Signal(bits + 1), Signal(bits + 1)
        whole, now = Signal(bits), Signal(bits + 1)
        m.d.comb += [
            whole.eq(Cat(Const(0, UNIT_BITS), self.timeout)),
            now.eq(silent + whole),
        ]
        with m.If(~silent.all()):
            m.d.sync += silent.eq(silent + 1)
        with m.If(now < longest):
            m.d.sync += longest.eq(now)
        with m.If(self.refresh & (self.timeout != 0)):
            m.d.sync += [ever.eq(1), silent.eq(1), longest.eq(whole)]
        alive = ever & (silent <= longest)
        was, refreshed = Signal(init=1), Signal()
        m.d.sync += [was.eq(dut.expired), refreshed.eq(self.refresh & (self.timeout != 0))]
        m.d.comb += [
            Assert(~alive | ~dut.expired, "expired too early"),
            Assert(alive | dut.expired, "alive for too long"),
            Assert(~was | dut.expired | refreshed, "revived without a refresh"),
            # What carries the induction.
            Assert(longest <= (1 << bits) - 1, "longer than any timeout"),
            Assert(~alive | (dut._left == longest - silent + 1), "another number of cycles left"),
            Assert(alive | (dut._left == 0), "cycles left while expired"),
        ]
        return m


def test_silence_expires_it_and_nothing_but_a_refresh_revives_it(tmp_path: Path) -> None:
    prove(Claim(deadman), steps=2, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(deadman, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
