# amaranth: UnusedElaboratable=no
"""Proof of gateware.common.stream_buffer: it is a queue with two places.

By induction, so for streams of any length and any stalls: what is on ``o``, and whether ``i`` is
ready, is what a ghost queue says, to which every transfer on ``i`` is added and from which every
transfer on ``o`` is taken. So nothing is lost, doubled or reordered. Apart from that, an offer on
``o`` stays as it is until it is taken, and ``i`` is ready whenever a place is free. Payloads have
two bits: they are moved whole. ``MUTANTS`` are the changes of the source that the proof is known to
refute.
"""

from pathlib import Path
from types import ModuleType

import pytest
from amaranth import Module, Signal, unsigned
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.common import stream_buffer
from tests.formal.prover import Refuted, mutated, prove, without_reset

pytestmark = pytest.mark.formal

STEPS = 8
MUTANTS = {
    "what is offered changes while it is stalled": ("with m.If(moves):", "with m.If(room):"),
    "takes one too many": ("moves | (room & ~self.i.valid)", "moves | room"),
    "forgets what waits": ("filled.eq(~room | self.i.valid)", "filled.eq(self.i.valid)"),
    "the later one overtakes": ("Mux(room, coming, spare)", "coming"),
    "what waits is written over": ("with m.If(room):", "with m.If(1):"),
    "gives twice": ("~filled | self.o.ready  #", "~filled | (self.o.ready & self.i.valid)  #"),
    "half the throughput": ("moves | (room & ~self.i.valid)", "moves & ~self.i.valid"),
}


class Claim(wiring.Component):
    """The buffer and a ghost queue."""

    payload: Signal
    valid: Signal
    ready: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        super().__init__({"payload": In(2), "valid": In(1), "ready": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Keep the ghost queue, and compare."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.module.StreamBuffer(shape=unsigned(2))
        m.d.comb += [
            dut.i.payload.eq(self.payload),
            dut.i.valid.eq(self.valid),
            dut.o.ready.eq(self.ready),
        ]
        first, second, count = Signal(2), Signal(2), Signal(range(3))
        comes, goes = self.valid & dut.i.ready, dut.o.valid & self.ready
        m.d.sync += count.eq(count + comes - goes)
        with m.If(goes):
            m.d.sync += first.eq(second)
        with m.If(comes & (count - goes == 0)):
            m.d.sync += first.eq(self.payload)
        with m.If(comes & (count - goes == 1)):
            m.d.sync += second.eq(self.payload)
        m.d.comb += [
            Assert(count <= dut.PLACES, "more than fit"),
            Assert(dut.o.valid == (count != 0), "lost or doubled"),
            Assert((count == 0) | (dut.o.payload == first), "not the next one"),
            Assert(
                dut.i.ready == (count != dut.PLACES), "ready does not say whether there is room"
            ),
            # What carries the induction: the second place holds the second payload.
            Assert((count != dut.PLACES) | (dut.spare == second), "what waits has changed"),
        ]
        stalled, offered = Signal(), Signal(2)
        m.d.sync += [stalled.eq(dut.o.valid & ~self.ready), offered.eq(dut.o.payload)]
        m.d.comb += Assert(~stalled | (dut.o.valid & (dut.o.payload == offered)), "offer changed")
        return m


def test_the_buffer_is_a_queue_with_two_places(tmp_path: Path) -> None:
    prove(Claim(stream_buffer), steps=2, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(stream_buffer, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
