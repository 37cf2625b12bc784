# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.breaker.breaker_actions: what trips is in force, and ends as it may.

Bounded, from reset, with trips of changes, visits, clears and restarts free in every cycle.
What the outside must keep to is assumed: the time does not go back, a visit is at least
``RELEASE_LATENCY + 1`` cycles after the one before and holds its inputs, and what trips in a visit
is not calm. For one instrument, a free constant, ghosts remember its trips and its visits:

* a trip is in the masks at once, or one cycle later if it is of a visit, and has its cancel;
* a halt ends only with ``clear``, in a cycle without a trip, and only after a visit that began
  after the last trip found nothing that halts; and then it does end;
* widen and reduce end only if ``hold`` has passed since their last trip, with a calm visit;
* what is not watched is halted; after ``restart`` nothing is watched until a visit says so.

``STEPS`` cycles see a trip, two visits, and the end. ``MUTANTS`` are the changes of the source that
the proof is known to refute.
"""

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk.breaker import breaker_actions
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset
from tests.gateware.risk.breaker_traffic import BREAKER

PARAMETERS: Final = replace(BREAKER, tick_bits=8, time_bits=16)
STEPS: Final = 14
SPACE: Final = breaker_actions.BreakerActions.RELEASE_LATENCY + 1
MASKS: Final = ("widened", "reducing", "halted")
MUTANTS: Final = {
    "a clear wins over a trip": (
        "(self._latches[g] & ~ends) | trips",
        "(self._latches[g] | trips) & ~ends",
    ),
    "a halt that stands is cleared": ("self.clear & ~tripping", "self.clear"),
    "a halt ends by itself": ("ends = self.clear & ~tripping if", "ends = ~tripping if"),
    "a halt is never cleared": ("ends = self.clear & ~tripping if", "ends = 0 if"),
    "a visit that began before the trip": ("own & ~self._moved[g], 0)", "own, 0)"),
    "trips of visits are lost": ("sets[0] | sets[1]\n", "sets[0]\n"),
    "of two trips at once one is lost": ("sets[0] | sets[1]\n", "sets[0] ^ sets[1]\n"),
    "a trip is late": (
        "self.halted.eq(self._latches[2] | first[2] | ~self.watched)",
        "self.halted.eq(self._latches[2] | ~self.watched)",
    ),
    "what is not watched is open": ("first[2] | ~self.watched)", "first[2])"),
    "a restart watches": ("m.d.sync += self.watched.eq(0)", "m.d.sync += self.watched.eq(-1)"),
    "cancels for ever": ("trips & ~self._latches[g]),", "trips | self._latches[g]),"),
    "no hold": ("(elapsed >= self.hold)", "(elapsed >= 0)"),
    "a trip does not begin the hold anew": (
        "Mux(moved, self.now, seen)",
        "Mux(moved, read.data[name], seen)",
    ),
    "a visit that is not calm": ("calm.eq(~moved & ~self.near[g])", "calm.eq(~moved)"),
    "a trip since the visit": ("own & ~self._moved[g]).any()", "own).any()"),
    "noise as a visit": (
        '(self.ended if source == "visit" else 1)',
        '(1 if source == "visit" else 1)',
    ),
}


class Claim(wiring.Component):
    """Any trips, visits and clears; one instrument that is watched."""

    change: Any
    visit: Any
    watched: Signal
    ended: Signal
    instrument: Signal
    near: Signal
    hold: Signal
    time: Signal
    now: Signal
    clear: Signal
    restart: Signal

    def __init__(self, module: ModuleType) -> None:
        self.made = module.BreakerActions(parameters=PARAMETERS)
        members = self.made.signature.members
        inputs = {n: m for n, m in members.items() if m.flow is wiring.In}
        super().__init__({**inputs, "watched": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Remember trips and visits of the watched instrument."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.made
        for name, member in dut.signature.members.items():
            if member.flow is wiring.In:
                m.d.comb += getattr(dut, name).eq(getattr(self, name))
        inputs: Any = self
        self._outside(m)
        own = self.ended & (self.instrument == self.watched)
        masks = [getattr(dut, name).bit_select(self.watched, 1) for name in MASKS]
        open_now = Signal()  # watched by the last visit
        with m.If(self.restart):
            m.d.sync += open_now.eq(0)
        with m.Elif(own):
            m.d.sync += open_now.eq(inputs.watch)
        m.d.comb += Assert(open_now | masks[2], "not watched, not halted")
        for g, mask in enumerate(masks):
            fast, visit = self._trips(self.change, g), self._trips(self.visit, g)
            trips = fast | (visit & self.ended)
            tripped, was, on = (Signal(name=f"{n}{g}") for n in ("tripped", "was", "on"))
            halt = g == 2
            # Without what is not watched, which the mask of halts has in it.
            force = Mux(open_now, mask, on) if halt else mask
            m.d.sync += [tripped.eq(trips), was.eq(force), on.eq(force | trips)]
            m.d.comb += Assert(~(fast | tripped) | mask, "a trip is not in force")
            fell = was & ~force & (open_now if halt else 1)
            if halt:
                self._halts(m, dut, trips, own, visit, fell)
            else:
                self._holds(m, g, trips, own, fell)
        return m

    def _trips(self, verdict: Any, grade: int) -> Value:
        """Say whether a source trips the watched instrument."""
        trips: Value = verdict.grades[grade] & (verdict.instrument == self.watched)
        return trips

    def _outside(self, m: Module) -> None:
        """Assume what the parts around keep to."""
        first, since = Signal(init=1), Signal(range(SPACE + 1), init=SPACE)
        kept: list[Value] = [self.instrument, self.hold, self.time]
        with m.If(self.ended):
            m.d.sync += since.eq(0)
        with m.Elif(since != SPACE):
            m.d.sync += since.eq(since + 1)
        m.d.sync += first.eq(0)
        before = [Signal(len(v), name=f"before{n}") for n, v in enumerate((*kept, self.now))]
        m.d.sync += [b.eq(v) for b, v in zip(before, (*kept, self.now), strict=True)]
        still = Cat(b == v for b, v in zip(before, kept, strict=False)).all()
        watched = Signal()
        m.d.sync += watched.eq(self.watched)
        assume(m, first | (watched == self.watched))
        assume(m, ~self.ended | (since == SPACE))
        assume(m, first | self.ended | still)
        assume(m, first | (before[-1] <= self.now))
        assume(m, self.time <= self.now)
        assume(m, ~self.ended | (self.visit.instrument == self.instrument))
        assume(m, ~self.ended | ((self.visit.grades[:2] & ~self.near) == 0))
        # A visit sees no time before the one that ended last.
        ended_at = Signal(16)
        with m.If(self.ended):
            m.d.sync += ended_at.eq(self.now)
        assume(m, ~self.ended | (self.time >= ended_at))

    def _halts(
        self, m: Module, dut: Any, trips: Value, own: Value, visit: Value, fell: Value
    ) -> None:
        """Say when a halt ends, and that it is cancelled once."""
        # Visits of the instrument that ended since its last trip, and found nothing that halts.
        calm, cleared, may = Signal(range(3), init=2), Signal(), Signal()
        latched, cancels = Signal(), Signal()
        with m.If(trips):
            m.d.sync += calm.eq(0)
        with m.Elif(own & (calm != 2)):
            m.d.sync += calm.eq(calm + 1)
        clears = self.clear.bit_select(self.watched, 1) & ~trips
        m.d.sync += [cleared.eq(clears), may.eq(calm == 2)]
        m.d.comb += [
            Assert(~fell | (cleared & may), "a halt ended"),
            Assert(dut.cancel.bit_select(self.watched, 1) == cancels, "cancel"),
        ]
        m.d.sync += cancels.eq(trips & ~latched)
        with m.If(trips):
            m.d.sync += latched.eq(1)
        with m.Elif(clears & (calm == 2)):
            m.d.sync += latched.eq(0)
        halted = dut.halted.bit_select(self.watched, 1)
        fast, seen = self._trips(self.change, 2), dut.watched.bit_select(self.watched, 1)
        m.d.comb += Assert(halted == (latched | fast | ~seen), "halted")

    def _holds(self, m: Module, grade: int, trips: Value, own: Value, fell: Value) -> None:
        """Say when widen or reduce ends."""
        last, then = Signal(16, name=f"last{grade}"), Signal(16, name=f"then{grade}")
        calm, tripped = Signal(name=f"calm{grade}"), Signal(name=f"since{grade}")
        with m.If(trips):
            m.d.sync += [last.eq(self.now), tripped.eq(1)]
        with m.If(own):
            m.d.sync += [calm.eq(~self.near[grade] & ~trips), tripped.eq(trips)]
        m.d.sync += then.eq(self.now)
        held = then - last >= self.hold
        m.d.comb += Assert(~fell | (calm & ~tripped & held), "an action ended too soon")


def test_actions_begin_at_once_and_end_when_they_may(tmp_path: Path) -> None:
    prove(Claim(breaker_actions), steps=STEPS, folder=tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(breaker_actions, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
