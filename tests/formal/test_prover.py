# amaranth: UnusedElaboratable=no
"""Tests of the prover: it says what is false, and where, and does not take nothing for a proof."""

from pathlib import Path
from typing import Any

import pytest
from amaranth import Module, Signal
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In

from tests.formal.prover import Refuted, assume, prove, without_reset


class Counter(wiring.Component):
    """Count from 1 to 6 in a circle; ``below`` is what is claimed of it."""

    up: Signal

    def __init__(self, *, below: int, assumes: int = 1) -> None:
        self.below, self.assumes = below, assumes
        super().__init__({"up": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Count."""
        m = Module()
        without_reset(m)
        count = Signal(4, init=1)
        with m.If(self.up):
            m.d.sync += count.eq(count + 1)
            with m.If(count == 6):
                m.d.sync += count.eq(1)
        assume(m, self.up == self.assumes)
        m.d.comb += Assert(count < self.below, "counted too far")
        return m


class Remembering(wiring.Component):
    """A memory that nobody wrote to."""

    address: Signal

    def __init__(self) -> None:
        super().__init__({"address": In(2)})

    def elaborate(self, platform: object) -> Module:
        """Read it."""
        m = Module()
        memory: Any = Memory(shape=4, depth=4, init=[])
        m.submodules.memory = memory
        port = memory.read_port()
        m.d.comb += [port.addr.eq(self.address), Assert(port.data != 9, "it holds a 9")]
        return m


def test_a_true_claim_is_proven_for_ever(tmp_path: Path) -> None:
    prove(Counter(below=7), steps=1, folder=tmp_path, induction=True)


def test_a_failure_is_named_with_its_cycle(tmp_path: Path) -> None:
    prove(Counter(below=6), steps=5, folder=tmp_path)
    with pytest.raises(Refuted, match="counted too far: in cycle 5"):
        prove(Counter(below=6), steps=6, folder=tmp_path)


def test_what_holds_only_of_what_is_reached_is_no_induction(tmp_path: Path) -> None:
    prove(Counter(below=9), steps=20, folder=tmp_path)
    with pytest.raises(Refuted):
        prove(Counter(below=9), steps=1, folder=tmp_path, induction=True)


def test_assumptions_that_nothing_fulfils_prove_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="contradict"):
        prove(Counter(below=7, assumes=2), steps=2, folder=tmp_path)


def test_a_memory_starts_with_anything(tmp_path: Path) -> None:
    with pytest.raises(Refuted, match="it holds a 9"):
        prove(Remembering(), steps=2, folder=tmp_path)
