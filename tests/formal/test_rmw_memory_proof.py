# amaranth: UnusedElaboratable=no
"""Proof of gateware.common.rmw_memory: a request sees every write ahead of it.

By induction, so for streams of any length, for a memory of four words of two bits: forwarding
depends on the equality of addresses and moves words whole, so that neither size matters.
``MUTANTS`` are the changes of the source that the proof is known to refute. (Which of the two
forwarded writes wins is no such change: the spacing keeps both from holding at once.)
"""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from amaranth import Module, Signal, unsigned
from amaranth.hdl import Assert
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from gateware.common import rmw_memory
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset

pytestmark = pytest.mark.formal

MUTANTS = {
    "no forwarding over two cycles": ("                    ahead[2],", "                    0,"),
    "no forwarding over three cycles": ("Mux(ahead[3],", "Mux(0,"),
    "forwards whatever the address": ("address[1] == address[1 + d]", "address[1] == address[1]"),
    "forwards what was not written": ("& writes[1 + d]", ""),
    "writes to the wrong word": ("write.addr.eq(address[3])", "write.addr.eq(address[2])"),
    "never writes": ("write.en.eq(writes[3])", "write.en.eq(0)"),
}


class Claim(wiring.Component):
    """One word of the memory, watched through every request."""

    address: Signal
    write: Signal
    new: Signal
    watched: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        ports = {"address": In(2), "write": In(1), "new": In(2), "watched": In(2)}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Keep what the word must hold, and compare."""
        m = Module()
        without_reset(m)
        shape = data.StructLayout({"value": unsigned(2)})
        dut = self.module.RmwMemory(shape=shape, depth=4)
        inside: Any = dut.elaborate(platform)
        stored = inside.submodules.memory.read_port(domain="comb")
        m.submodules.dut = inside
        # The request whose word is out now, and the one behind it.
        now, behind = Signal(2), Signal(2)
        first, watched = Signal(init=1), Signal(2)
        assert dut.LATENCY == 2
        m.d.sync += [behind.eq(self.address), now.eq(behind), first.eq(0), watched.eq(self.watched)]
        m.d.comb += [
            dut.address.eq(self.address),
            dut.write.eq(self.write),
            dut.new.value.eq(self.new),
            stored.addr.eq(self.watched),
        ]
        assume(m, first | (watched == self.watched))
        assume(m, ~(self.write & (now == behind)))  # the spacing that the docstring asks for

        known, held, settled = Signal(), Signal(2), Signal(range(8))
        with m.If(self.write & (now == self.watched)):
            m.d.sync += [known.eq(1), held.eq(self.new), settled.eq(0)]
        with m.Elif(settled != 7):
            m.d.sync += settled.eq(settled + 1)
        with m.If(known & (now == self.watched)):
            m.d.comb += Assert(dut.old.value == held, "a request missed a write")
        # What carries the induction: a word written long ago is in the memory.
        with m.If(known & (settled == 7)):
            m.d.comb += Assert(stored.data == held, "a write was lost")
        return m


def test_a_request_sees_every_write_ahead_of_it(tmp_path: Path) -> None:
    prove(Claim(rmw_memory), steps=12, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    old, new = MUTANTS[name]
    mutant = mutated(rmw_memory, old, new)
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=12, folder=tmp_path)
