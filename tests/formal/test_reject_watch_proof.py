# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.reject_watch: too many rejects trip, and only they.

Bounded, from reset, with every input free in every cycle: beside the component all outcomes since
``clear`` are counted in one step, as the contract says it; what that gives shows ``LATENCY`` cycles
later, and stays. Three outcomes: a watch holds nothing else than these and what is on its way
through its stages, so that ``STEPS`` cycles reach every state of it. ``MUTANTS`` are the changes
of the source that the proof is known to refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk import reject_watch
from tests.formal.prover import Refuted, mutated, prove, without_reset

pytestmark = pytest.mark.formal

DEPTH: Final = 3
STEPS: Final = 14
MUTANTS: Final = {
    "one reject too many": ("total >= bounds[1]", "total > bounds[1]"),
    "the limit of another cycle": ("total >= bounds[1]", "total >= bounds[0]"),
    "a limit of 0 never trips": (
        "self.limit | (self.limit == 0)",
        "Mux(self.limit == 0, 3, self.limit)",
    ),
    "a limit of 0 trips without a reject": ("self.limit | (self.limit == 0)", "self.limit"),
    "a window of 0 sees nothing": ("(n < self.window) | (n == 0)", "(n < self.window)"),
    "a window too long": ("(n < self.window) | (n == 0)", "(n <= self.window)"),
    "a limit above the window never trips": ("Mux(least > window, window, least)", "least"),
    "a good outcome is forgotten": (
        "Mux(self.outcome, Cat",
        "Mux(self.outcome & self.rejected, Cat",
    ),
    "every cycle is an outcome": ("Mux(self.outcome, Cat", "Mux(1, Cat"),
    "clear leaves the outcomes": ("Mux(self.clear, 0, history)", "history"),
    "clear leaves the trip": ("[self.trip.eq(0), total.eq(0)", "[total.eq(0)"),
    "clear leaves what is under way": (
        "total.eq(0), *(group.eq(0) for group in groups)",
        "total.eq(0)",
    ),
    "the trip ends by itself": (
        "m.d.sync += self.trip.eq(1)",
        "m.d.sync += self.trip.eq(~self.trip)",
    ),
    "the limit starts as 0": ("Signal.like(self.limit, init=1)", "Signal.like(self.limit)"),
    "the oldest outcome is lost": ("Cat(self.rejected, kept)", "Cat(self.rejected, kept[:-2])"),
}  # fmt: skip


class Claim(wiring.Component):
    """Any outcomes under any limits."""

    outcome: Signal
    rejected: Signal
    limit: Signal
    window: Signal
    clear: Signal

    def __init__(self, module: ModuleType) -> None:
        self.made = module.RejectWatch(depth=DEPTH)
        members = self.made.signature.members
        super().__init__({n: In(m.shape) for n, m in members.items() if m.flow is wiring.In})

    def elaborate(self, platform: object) -> Module:
        """Count in one step, and wait."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.made
        for name in ("outcome", "rejected", "limit", "window", "clear"):
            m.d.comb += getattr(dut, name).eq(getattr(self, name))
        latest, now = Signal(DEPTH), Signal(DEPTH)
        m.d.comb += now.eq(Mux(self.clear, 0, latest))
        with m.If(self.outcome):
            m.d.comb += now.eq(Cat(self.rejected, Mux(self.clear, 0, latest)))
        m.d.sync += latest.eq(now)
        over = Signal()
        m.d.comb += over.eq(self._counted(now) >= self._needed())
        assert dut.LATENCY == 4
        # What was found in the last three cycles, and whether it has tripped before them.
        found, tripped = Signal(3), Signal()
        m.d.sync += [
            found.eq(Cat(over, Mux(self.clear, 0, found))),
            tripped.eq(~self.clear & (tripped | found[-1])),
        ]
        m.d.comb += Assert(dut.trip == tripped, "trip")
        return m

    def _counted(self, latest: Value) -> Value:
        """Return the rejects among the last outcomes: of the smallest window at least one."""
        rejects: Value = Const(0)
        for n in range(DEPTH):
            inside = (n == 0) | (self.window > n)
            rejects = rejects + (latest[n] & inside)
        return rejects

    def _needed(self) -> Value:
        """Return how many trip."""
        window = Mux(self.window > 1, self.window, 1)
        most = Mux(window > DEPTH, DEPTH, window)
        limit = Mux(self.limit > 1, self.limit, 1)
        return Mux(limit > most, most, limit)


def test_too_many_rejects_trip_and_only_they(tmp_path: Path) -> None:
    prove(Claim(reject_watch), steps=STEPS, folder=tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(reject_watch, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
