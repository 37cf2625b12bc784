# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.breaker.change_judge: a change across a threshold is found in one cycle.

For any change, limits, fences and row, from any state: the verdict one cycle later has exactly the
detectors whose formula exceeds its bound, and exactly the actions that the limits give those. So a
halt that is due is asked for in the next cycle; ``test_breaker_actions_proof`` says that it is then
in force. Two venues: every pair is compared by itself.

The comparisons of three numbers are proven alone, for prices of four bits, against wide sums; in
the judge they are replaced by these. ``MUTANTS`` are the changes of the source that the proofs are
known to refute.
"""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from unittest.mock import patch

import pytest
from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk.breaker import change_judge, comparing
from hw.breaker_detectors import BREAKER_DETECTORS
from tests.formal.prover import Refuted, mutated, prove, without_reset
from tests.gateware.risk.breaker_traffic import BREAKER

PARAMETERS: Final = replace(BREAKER, tick_bits=8, time_bits=16)
COMPARING_MUTANTS: Final = {
    "at the threshold": (
        "return ~_sum([_plus(a, width), _plus(b, width), _complement(c, width)], carry=0",
        "return ~_sum([_plus(a, width), _plus(b, width), _complement(c, width)], carry=1",
    ),
    "beyond the threshold": (
        "_complement(b, width), _complement(c, width)], carry=1",
        "_complement(b, width), _complement(c, width)], carry=0",
    ),
    "below by one more": (
        "found = _sum([_plus(a, width), _plus(b, width), _complement(c, width)], carry=1",
        "found = _sum([_plus(a, width), _plus(b, width), _complement(c, width)], carry=0",
    ),
    "below zero": ("Mux(found[-1], 0, found[: len(c)])", "found[: len(c)]"),
    "above the top": ("found[len(c) :].any()", "found[-1]"),
    "a carry is lost": ("(x & y) | (x & z) | (y & z)", "(x & y) | (x & z)"),
    "a sum that wraps": ("return ~_plus(value, width)", "return _plus(~value, width)"),
}
JUDGE_MUTANTS: Final = {
    "falls only": ("| sum_exceeds(bid.tick, ask.tick, edge.highs[w])", ""),
    "fences that are not there": ("stands\n                & (", "1\n                & ("),
    "what came just before": ("*zip(self.recent_fenced, self.recent, strict=True)", ""),
    "one change too many": ("self.count >= limits", "self.count > limits"),
    "a count that stands still": (" & ~limits.breaker_rate.all()", ""),
    "a price of one side": ("priced.eq(bid.known & ask.known)", "priced.eq(bid.known)"),
    "the depth of one side": (" | (ask.quantity < fences.floor)", ""),
    "a venue without an ask": ("v.bid_known & v.ask_known", "v.bid_known"),
    "an invalid venue": ("v.valid & v.bid_known", "v.bid_known"),
    "one of two venues": ("if a != b]", "if a < b]"),
    "what is not watched": ("self.valid & self.watched & limits", "self.valid & limits"),
    "without a change": ("self.valid & self.watched", "self.watched"),
    "a flag that says no": (" & limits.breaker_flags[0]", ""),
    "actions of another": ("grades_of(over, limits", "grades_of(over << 1, limits"),
}


class Claim(wiring.Component):
    """Any change."""

    change: Any
    row: Any
    limits: Any
    fences: Any
    recent: Any

    def __init__(self, module: ModuleType) -> None:
        self.made = module.ChangeJudge(parameters=PARAMETERS)
        members = self.made.signature.members
        inputs = {n: m for n, m in members.items() if m.flow is wiring.In}
        super().__init__(inputs)

    def elaborate(self, platform: object) -> Module:
        """Judge in one step."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.made
        for name in ("valid", "change", "limits", "fences", "fenced"):
            m.d.comb += getattr(dut, name).eq(getattr(self, name))
        for name in ("recent_fenced", "count", "watched"):
            m.d.comb += getattr(dut, name).eq(getattr(self, name))
        for mine, its in zip(self.recent, dut.recent, strict=True):
            m.d.comb += its.eq(mine)
        for v in range(PARAMETERS.venues):
            m.d.comb += dut.row[v].eq(self.row[v])
        inputs: Any = self
        counts = inputs.valid & inputs.watched & self.limits.breaker_flags[0]
        over, begun = Signal(len(BREAKER_DETECTORS)), Signal()
        m.d.comb += [over[BREAKER_DETECTORS.index(n)].eq(v) for n, v in self._found().items()]
        expected, grades = Signal.like(over), Signal(3)
        actions = self.limits.breaker_actions
        m.d.sync += [begun.eq(1), expected.eq(Mux(counts, over, 0))]
        for g in range(3):
            does = [actions[2 * d : 2 * d + 2] == g + 1 for d in range(len(over))]
            m.d.sync += grades[g].eq(
                counts & Cat(o & a for o, a in zip(over, does, strict=True)).any()
            )
        with m.If(begun):
            m.d.comb += [
                Assert(dut.verdict.over == expected, "detectors"),
                Assert(dut.verdict.grades == grades, "actions"),
            ]
        return m

    def _found(self) -> dict[str, Value]:
        """Return each detector's formula."""
        bid, ask, fences, limits = self.change.bid, self.change.ask, self.fences, self.limits
        priced, price = bid.known & ask.known, bid.tick + ask.tick
        inputs: Any = self
        every = [(inputs.fenced, fences)]
        every += [(inputs.recent_fenced[n], self.recent[n]) for n in range(2)]
        found: dict[str, Value] = {
            f"return{w}": priced
            & Cat(
                there & ((price < edges.lows[w]) | (price > edges.highs[w]))
                for there, edges in every
            ).any()
            for w in range(3)
        }
        found["spread"] = priced & (ask.tick > bid.tick + limits.spread_limit)
        depth = Mux(bid.quantity < ask.quantity, bid.quantity, ask.quantity)
        found["depth"] = priced & inputs.fenced & (depth < fences.floor)
        highest: Value = Const(0, 10)
        lowest: Value = Const(1023, 10)
        for v in range(PARAMETERS.venues):
            venue = self.row[v]
            usable = venue.valid & venue.bid_known & venue.ask_known
            total = venue.bid_tick + venue.ask_tick
            highest = Mux(usable & (total > highest), total, highest)
            lowest = Mux(usable & (total < lowest), total, lowest)
        found["divergence"] = highest > lowest + limits.divergence_limit
        most = Const((1 << len(inputs.count)) - 1)
        after = Mux(inputs.count == most, most, inputs.count + 1)
        found["rate"] = after > limits.breaker_rate
        return found


class Comparisons(wiring.Component):
    """Any three numbers."""

    a: Signal
    b: Signal
    c: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        super().__init__({"a": In(4), "b": In(4), "c": In(5)})

    def elaborate(self, platform: object) -> Module:
        """Compare with sums that have room."""
        m = Module()
        made: Any = self.module
        a, b, c = self.a, self.b, self.c
        m.d.comb += [
            Assert(made.sum_exceeds(a, b, c) == (a + b > c), "sum"),
            Assert(made.exceeds_sum(c, a, b) == (c > a + b), "wide"),
            Assert(made.exceeds_sum(a, b, c) == (a > b + c), "narrow"),
            Assert(made.sum_below(a, b, c) == Mux(a + b > c, a + b - c, 0), "below"),
            Assert(made.sum_above(a, b, c) == Mux(a + b + c > 31, 31, a + b + c), "above"),
        ]
        return m


def _prove(module: ModuleType, folder: Path, *, induction: bool = False) -> None:
    """Prove the judge, with plain comparisons."""
    plain = {
        "exceeds_sum": lambda a, b, c: a > b + c,
        "sum_exceeds": lambda a, b, c: a + b > c,
    }
    with ExitStack() as stack:
        for name, function in plain.items():
            stack.enter_context(patch.object(module, name, function))
        prove(Claim(module), steps=2, folder=folder, induction=induction)


def test_comparisons_are_exact(tmp_path: Path) -> None:
    prove(Comparisons(comparing), steps=1, folder=tmp_path)


@pytest.mark.parametrize("name", COMPARING_MUTANTS)
def test_the_proof_of_comparisons_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(comparing, *COMPARING_MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Comparisons(mutant), steps=1, folder=tmp_path)


def test_what_crosses_a_threshold_is_found_in_the_next_cycle(tmp_path: Path) -> None:
    _prove(change_judge, tmp_path)
    _prove(change_judge, tmp_path, induction=True)


@pytest.mark.parametrize("name", JUDGE_MUTANTS)
def test_the_proof_of_the_judge_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(change_judge, *JUDGE_MUTANTS[name])
    with pytest.raises(Refuted):
        _prove(mutant, tmp_path)
