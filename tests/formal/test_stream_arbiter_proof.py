# amaranth: UnusedElaboratable=no
"""Proof of gateware.common.stream_arbiter: every payload once, and every input in its turn.

By induction, so for streams of any length and any stalls, for three inputs:

* in one cycle at most one input has a transfer, and ``o`` gives what a ghost queue holds, to which
  each transfer is added. So nothing is lost or doubled, and the payloads of one input stay in their
  order; an offer on ``o`` stays as it is until it is taken;
* while there is room and an input is valid, some input has a transfer;
* an input that is valid sees at most two transfers of others before its own, whichever input is
  watched.

Payloads have two bits: they are moved whole. ``MUTANTS`` are the changes of the source that the
proof is known to refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.common import stream_arbiter
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset

pytestmark = pytest.mark.formal

INPUTS: Final = 3
STEPS: Final = 8
MUTANTS: Final = {
    "always the first one": ("near = valid & self.behind", "near = valid & 0"),
    "never comes round": ("first_of(near), first_of(valid)", "first_of(near), 0"),
    "all that are valid are ready": (
        "chosen[n] & buffer.i.ready) for",
        "i.valid & buffer.i.ready) for",
    ),
    "ready without room": ("i.ready.eq(chosen[n] & buffer.i.ready)", "i.ready.eq(chosen[n])"),
    "the payload of another": ("(chosen[n], Value.cast", "(chosen[n - 1], Value.cast"),
    "the turn goes on while it is stalled": (
        "with m.If(buffer.i.valid & buffer.i.ready):",
        "with m.If(buffer.i.valid):",
    ),
    "the same one again": ("chosen[:n].any()", "chosen[: n + 1].any()"),
    "sends what is not valid": ("buffer.i.valid.eq(valid.any())", "buffer.i.valid.eq(1)"),
}


class Claim(wiring.Component):
    """The arbiter, a ghost queue, and a watched input that waits."""

    payloads: Signal
    valid: Signal
    ready: Signal
    watched: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        ports = {"payloads": 2 * INPUTS, "valid": INPUTS, "ready": 1, "watched": INPUTS}
        super().__init__({name: In(width) for name, width in ports.items()})

    def elaborate(self, platform: object) -> Module:
        """Keep what must be on ``o``, count the transfers of others, and compare."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.module.StreamArbiter(shape=unsigned(2), inputs=INPUTS)
        m.d.comb += dut.o.ready.eq(self.ready)
        for n, i in enumerate(dut.sources):
            m.d.comb += [
                i.payload.eq(self.payloads.word_select(n, 2)),
                i.valid.eq(self.valid[n]),
            ]
        moves = Cat(i.valid & i.ready for i in dut.sources)
        self._compare(m, dut, moves)
        self._count(m, dut, moves)
        return m

    def _compare(self, m: Module, dut: Any, moves: Value) -> None:
        """Compare what goes with what has come."""
        o, buffer = dut.o, dut.buffer
        first, second, count, coming = Signal(2), Signal(2), Signal(range(3)), Signal(2)
        comes, goes = moves.any(), o.valid & self.ready
        for n in range(INPUTS):
            with m.If(moves[n]):
                m.d.comb += coming.eq(self.payloads.word_select(n, 2))
        m.d.sync += count.eq(count + comes - goes)
        with m.If(goes):
            m.d.sync += first.eq(second)
        with m.If(comes & (count - goes == 0)):
            m.d.sync += first.eq(coming)
        with m.If(comes & (count - goes == 1)):
            m.d.sync += second.eq(coming)
        stalled, offered = Signal(), Signal(2)
        m.d.sync += [stalled.eq(o.valid & ~self.ready), offered.eq(o.payload)]
        m.d.comb += [
            Assert((moves & (moves - 1)[:INPUTS]) == 0, "two at once"),
            Assert(count <= buffer.PLACES, "more than fit"),
            Assert(o.valid == (count != 0), "lost or doubled"),
            Assert((count == 0) | (o.payload == first), "not the next one"),
            Assert((count == buffer.PLACES) | ~self.valid.any() | comes, "a turn is lost"),
            Assert(~stalled | (o.valid & (o.payload == offered)), "offer changed"),
            # What carries the induction.
            Assert(buffer.i.ready == (count != buffer.PLACES), "room"),
            Assert((count != buffer.PLACES) | (buffer.spare == second), "what waits has changed"),
        ]

    def _count(self, m: Module, dut: Any, moves: Value) -> None:
        """Count the transfers of others while the watched input waits."""
        watched, behind = self.watched, dut.behind
        first, before = Signal(init=1), Signal(INPUTS)
        m.d.sync += [first.eq(0), before.eq(watched)]
        assume(m, (watched != 0) & ((watched & (watched - 1)[:INPUTS]) == 0))
        assume(m, first | (watched == before))
        waits, others = (watched & self.valid).any(), Signal(range(INPUTS + 1))
        with m.If(~waits | (moves & watched).any()):
            m.d.sync += others.eq(0)
        with m.Elif(moves.any()):
            m.d.sync += others.eq(others + (others != INPUTS))
        # What carries the induction: the inputs from the last one's turn up to the watched one, not
        # counting either, are all that may still go first.
        ahead = (watched - 1)[:INPUTS]
        near = (watched & behind).any()
        between = Mux(near, behind & ahead, behind | ahead)
        m.d.comb += [
            Assert(others < INPUTS, "an input waits for more than the others"),
            Assert((behind | (behind << 1))[:INPUTS] == behind, "not all behind one"),
            Assert(others + sum(between) < INPUTS, "more may go first than may"),
        ]


def test_every_payload_passes_once_and_every_input_has_its_turn(tmp_path: Path) -> None:
    prove(Claim(stream_arbiter), steps=2, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(stream_arbiter, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
