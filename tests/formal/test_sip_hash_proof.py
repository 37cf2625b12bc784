# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.sip_hash: it is SipHash-2-4 as it was published, in constant time.

Beside the component runs the hash as its paper writes it: whole rounds, four named words, one
message word after the other. By induction, so for ever, for every key and message of full width,
with a ``start`` in any cycle: the states are the same, and the tag comes ``LATENCY`` cycles after
the last ``start`` and not at any other time. ``MUTANTS`` are the changes of the source that the
proof is known to refute, with one key and one message.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Cat, Const, Module, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk import sip_hash
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset

pytestmark = pytest.mark.formal

MUTANTS: Final = {
    "a rotation of the first half": ("b.rotate_left(13)", "b.rotate_left(12)"),
    "a rotation of the second half": ("d.rotate_left(21)", "d.rotate_left(16)"),
    "halves in the wrong order": ("second = self._step[0]", "second = ~self._step[0]"),
    "no turn of the half words": ("sum_a.rotate_left(32)", "sum_a"),
    "the halves do not change places": ("a.eq(sum_c ^ leaves)", "a.eq(sum_a ^ leaves)"),
    "the first word never leaves": ("[leaves.eq(self._words[0]), ", "["),
    "the second word never enters": (", enters.eq(self._words[1])]", "]"),
    "no length": ("enters.eq(_LENGTH)", "enters.eq(0)"),
    "no mark of the end": (", mixed.eq(0xFF)", ""),
    "the mark of the 128-bit tag": ("mixed.eq(0xFF)", "mixed.eq(0xEE)"),
    "three rounds at the end": ("(3 * 2 + 4)", "(3 * 2 + 3)"),
    "a word a round late": ("m.Case(7)", "m.Case(9)"),
    "the first word is forgotten": ("^ constants ^ first", "^ constants"),
    "the same half of the key twice": (
        "Cat(self.key, self.key)",
        "Cat(*[self.key[:_WORD]] * 4)",
    ),
    "a word is left out of the tag": ("a ^ b ^ c ^ d", "a ^ b ^ c"),
    "it ends the hash that began anew": ("last & ~self.start", "last"),
    "it does not begin anew": ("self._step.eq(0),", ""),
    "it never ends": ("self._busy.eq(~last)", "self._busy.eq(1)"),
}
_TEXT: Final = b"somepseudorandomlygeneratedbytes"
_INITIAL: Final = [int.from_bytes(_TEXT[n : n + 8], "big") for n in range(0, 32, 8)]
_KEY: Final = Const(0x0F1E2D3C4B5A69788796A5B4C3D2E1F0, 128)
#: Two for each of 10 rounds.
_CYCLES: Final = 20


def first_half(v: Sequence[Value]) -> Sequence[Value]:
    """Return the state in the middle of a SipRound, as figure 2.1 of the paper has it."""
    v0 = (v[0] + v[1])[:64]
    v2 = (v[2] + v[3])[:64]
    return v0.rotate_left(32), v[1].rotate_left(13) ^ v0, v2, v[3].rotate_left(16) ^ v2


def second_half(v: Sequence[Value]) -> Sequence[Value]:
    """Return the state after a SipRound, of that in its middle."""
    v2 = (v[2] + v[1])[:64]
    v0 = (v[0] + v[3])[:64]
    return v0, v[1].rotate_left(17) ^ v2, v2.rotate_left(32), v[3].rotate_left(21) ^ v0


class Claim(wiring.Component):
    """Any key, any message, a start in any cycle."""

    start: Signal
    key: Signal
    message: Signal

    def __init__(self, module: ModuleType, *, fixed: bool = False) -> None:
        self.module, self.fixed = module, fixed
        super().__init__({"start": In(1), "key": In(128), "message": In(128)})
        self.v = tuple(Signal(64, name=f"v{n}") for n in range(4))
        self.words = tuple(Signal(64, name=f"m{n}") for n in range(2))
        self.middle = tuple(Signal(64, name=f"middle{n}") for n in range(4))
        self.busy, self.told, self.age = Signal(), Signal(), Signal(range(_CYCLES + 1))

    def elaborate(self, platform: object) -> Module:
        """Hash with whole rounds, one every second cycle, and compare."""
        m = Module()
        without_reset(m)
        if self.fixed:
            time = Signal(8)
            m.d.sync += time.eq(time + 1)
            starts = (time == 0) | (time == _CYCLES)
            assume(m, (self.key == _KEY) & (self.message == ~_KEY) & (self.start == starts))
        dut = self.module.SipHash()
        m.submodules.dut = dut
        m.d.comb += [
            dut.start.eq(self.start),
            dut.key.eq(self.key),
            dut.message.eq(self.message),
        ]
        halves = zip(self.middle, first_half(self.v), strict=True)
        m.d.comb += [middle.eq(half) for middle, half in halves]
        with m.If(self.busy):
            m.d.sync += self.age.eq(self.age + 1)
            with m.If(self.age[0]):
                self._round(m)
            with m.If(self.age == _CYCLES - 1):
                m.d.sync += [self.busy.eq(0), self.told.eq(1)]
        with m.If(self.start):
            key = (self.key[:64], self.key[64:])
            m.d.sync += [
                *(v.eq(_INITIAL[n] ^ key[n % 2]) for n, v in enumerate(self.v[:3])),
                self.v[3].eq(_INITIAL[3] ^ key[1] ^ self.message[:64]),
                Cat(self.words).eq(self.message),
                self.busy.eq(1),
                self.told.eq(0),
                self.age.eq(0),
            ]
        self._compare(m, dut)
        return m

    def _round(self, m: Module) -> None:
        """End a round; after the second one of a word, it leaves and the next one enters."""
        v0, v1, v2, v3 = second_half(self.middle)
        m.d.sync += [v.eq(new) for v, new in zip(self.v, (v0, v1, v2, v3), strict=True)]
        words = (*self.words, Const(16 << 56, 64))
        with m.Switch(self.age[1:]):
            for n in range(3):
                with m.Case(2 * n + 1):
                    m.d.sync += self.v[0].eq(v0 ^ words[n])
                    m.d.sync += self.v[3].eq(v3 ^ words[n + 1]) if n < 2 else self.v[2].eq(v2 ^ 255)

    def _compare(self, m: Module, dut: Any) -> None:
        """Assert what is promised, and what carries the induction."""
        fresh = Signal()
        m.d.sync += fresh.eq(self.busy & (self.age == _CYCLES - 1) & ~self.start)
        v0, v1, v2, v3 = self.v
        m.d.comb += [
            Assert(dut.done == fresh, "done at another time"),
            Assert(~self.told | (dut.tag == v0 ^ v1 ^ v2 ^ v3), "another tag"),
            Assert(dut._busy == self.busy, "busy at another time"),
            Assert(~self.busy | (dut._step == self.age), "another step"),
            Assert(~self.busy | ((self.age < _CYCLES) & ~self.told), "it does not end"),
            Assert(~self.busy | (Cat(dut._words) == Cat(self.words)), "other words"),
        ]
        for n, word in enumerate(dut._state):
            # The component has v0 and v2 exchanged in the middle of a round.
            with m.If(self.busy & self.age[0]):
                m.d.comb += Assert(word == self.middle[n ^ 2 if n in (0, 2) else n], f"middle {n}")
            with m.Elif(self.busy | self.told):
                m.d.comb += Assert(word == self.v[n], f"state {n}")


def test_it_is_the_published_hash(tmp_path: Path) -> None:
    prove(Claim(sip_hash), steps=1, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(sip_hash, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant, fixed=True), steps=2 * _CYCLES + 2, folder=tmp_path)
