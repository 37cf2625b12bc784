# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.kill_switch: a kill holds until an operator may and does clear it.

By induction, so for ever, with every input free in every cycle. Each claim is about one step, from
any state that is not both armed and killed:

* a cause, or a word of the host, in cycle k is in the outputs of cycle k + 1;
* a latch falls only with an arming of its scope (of an instrument: that names it), and not in a
  cycle in which a cause is present: a kill wins;
* the box becomes armed only with an arming of the scope 0, and is disarmed by every kill and by
  ``disarm``; it is never armed while killed;
* what is newly killed, and what the host kills, is cancelled.

Three members of each group. ``MUTANTS`` are the changes of the source that the proof is known to
refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Cat, Module, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk import kill_switch
from tests.formal.prover import Refuted, mutated, prove, without_reset

pytestmark = pytest.mark.formal

MEMBERS: Final = 3
STEPS: Final = 6
#: Scope bit that clears each group.
GROUPS: Final = {"venues": 2, "accounts": 2, "strategies": 2, "instruments": 3}
CAUSES: Final = (
    "kill_pin", "host_global", "deadman_expired", "loss_trip", "reject_trip", "breaker_kill",
)  # fmt: skip
MUTANTS: Final = {
    "an arming wins over a kill": (
        "killed.eq(kill | (self.killed & ~clears))",
        "killed.eq((kill | self.killed) & ~clears)",
    ),
    "the kill ends with its cause": ("kill | (self.killed & ~clears)", "kill"),
    "it is never cleared": ("(self.killed & ~clears)", "self.killed"),
    "any arming clears it": (
        "kill, clears, killed = present.any(), self._grants(Scope.CLEAR_KILL)",
        "kill, clears, killed = present.any(), self.granted",
    ),
    "armed while killed": (" & ~self.disarm & ~killed)", " & ~self.disarm & ~self.killed)"),
    "a kill leaves it armed": (" & ~self.disarm & ~killed)", " & ~self.disarm)"),
    "it is never disarmed": (" & ~self.disarm & ~killed)", " & ~killed)"),
    "an arming wins over a disarm": (
        "(self.armed | self._grants(Scope.ARM)) & ~self.disarm & ~killed",
        "((self.armed & ~self.disarm) | self._grants(Scope.ARM)) & ~killed",
    ),
    "any arming arms": ("self.armed | self._grants(Scope.ARM)", "self.armed | self.granted"),
    "a scope without an arming": ("self.granted & (self.granted_scope", "(self.granted_scope"),
    "causes are forgotten": ("self.causes[: len(_BOX)] | present", "present"),
    "causes stay": (
        "Mux(killed, self.causes[: len(_BOX)] | present, 0)",
        "self.causes[: len(_BOX)] | present",
    ),
    "an instrument is cleared unnamed": ("cleared & self.granted_instruments", "cleared"),
    "venues are cleared with instruments": (
        'if name == "instruments" else Scope.CLEAR_GROUPS',
        "if name else Scope.CLEAR_GROUPS",
    ),
    "a fault kills nothing": ("host | self.fault_instruments", "host"),
    "a fault is no cause": ("(fault | self.fault_instruments.any())", "fault"),
    "a group's kill ends": ("sets | (latch & ~cleared)", "sets"),
    "an arming wins over a group's kill": (
        "sets | (latch & ~cleared)",
        "(sets | latch) & ~cleared",
    ),
    "no cancels of the second kill": (
        "(kill & ~self.killed) | self.host_global",
        "(kill & ~self.killed)",
    ),
    "cancels without end": ("(kill & ~self.killed) | self.host_global", "kill"),
    "no cancels of a group": ("(sets & ~latch) | host", "host"),
    "no second cancels of a group": ("(sets & ~latch) | host", "sets & ~latch"),
    "the pin does nothing": (
        "Cat(getattr(self, name) for name in _BOX)",
        'Cat(getattr(self, name) & (name != "kill_pin") for name in _BOX)',
    ),
}


class Claim(wiring.Component):
    """Any words in any cycle."""

    def __init__(self, module: ModuleType) -> None:
        make: Any = module.KillSwitch
        self.made = make(instruments=MEMBERS, venues=MEMBERS, accounts=MEMBERS, strategies=MEMBERS)
        members = self.made.signature.members
        self.inputs = {name: m.shape for name, m in members.items() if m.flow is wiring.In}
        self.outputs = {name: m.shape for name, m in members.items() if m.flow is wiring.Out}
        super().__init__({name: In(shape) for name, shape in self.inputs.items()})

    def elaborate(self, platform: object) -> Module:
        """Keep inputs and outputs of the cycle before, and compare."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.made
        old: dict[str, Signal] = {}
        for name, shape in {**self.inputs, **self.outputs}.items():
            port = getattr(self if name in self.inputs else dut, name)
            old[name] = Signal(shape, name=f"old_{name}")
            m.d.sync += old[name].eq(port)
            if name in self.inputs:
                m.d.comb += getattr(dut, name).eq(port)
        first = Signal(init=1)
        m.d.sync += first.eq(0)
        with m.If(first):
            everything = Cat(getattr(dut, name) for name in self.outputs)
            m.d.comb += Assert(everything == 0, "something after reset")
        with m.Else():
            self._box(m, old)
            for name, bit in GROUPS.items():
                for n in range(MEMBERS):
                    self._member(m, old, name, bit, n)
        # Also of the first cycle of the induction.
        m.d.comb += Assert(~(dut.armed & dut.killed), "armed while killed")
        return m

    def _box(self, m: Module, old: dict[str, Signal]) -> None:
        dut, granted, scope = self.made, old["granted"], old["granted_scope"]
        clears, arms = granted & scope[1], granted & scope[0]
        kill = Signal()
        m.d.comb += kill.eq(0)
        for bit, cause in enumerate(CAUSES):
            with m.If(old[cause]):
                m.d.comb += [
                    kill.eq(1),
                    Assert(dut.causes[bit], "a cause is not told"),
                ]
            with m.Elif(dut.causes[bit]):
                m.d.comb += Assert(old["causes"][bit] & dut.killed, "a cause that was none")
            with m.Elif(old["causes"][bit]):
                m.d.comb += Assert(~dut.killed, "a cause was forgotten")
        fault, faults = old["causes"][6], old["fault_instruments"].any()
        m.d.comb += [
            Assert(~kill | dut.killed, "not killed"),
            Assert(~(dut.killed & ~old["killed"]) | kill, "killed without a cause"),
            Assert(~(old["killed"] & ~dut.killed) | (clears & ~kill), "cleared by nobody"),
            Assert(~(clears & ~kill) | ~dut.killed, "not cleared"),
            Assert(~(dut.armed & ~old["armed"]) | arms, "armed by nobody"),
            Assert(~(arms & ~dut.killed & ~old["disarm"]) | dut.armed, "not armed"),
            Assert(~(kill | old["disarm"]) | ~dut.armed, "not disarmed"),
            Assert(~(old["armed"] & ~dut.armed) | kill | old["disarm"], "disarmed by nobody"),
            Assert(
                dut.cancel_all == (old["host_global"] | (dut.killed & ~old["killed"])),
                "cancels of the box",
            ),
            Assert(dut.causes[6] == ((fault | faults) & dut.killed_instruments.any()), "faults"),
        ]

    def _member(self, m: Module, old: dict[str, Signal], name: str, bit: int, n: int) -> None:
        dut: Any = self.made
        is_, was = getattr(dut, f"killed_{name}")[n], old[f"killed_{name}"][n]
        host: Value = old[f"set_{name}"][n]
        sets, clears = host, old["granted"] & old["granted_scope"][bit]
        if name == "instruments":
            sets = sets | old["fault_instruments"][n]
            clears = clears & old["granted_instruments"][n]
        m.d.comb += [
            Assert(~sets | is_, f"not killed: {name}"),
            Assert(~(is_ & ~was) | sets, f"killed by nobody: {name}"),
            Assert(~(was & ~is_) | (clears & ~sets), f"cleared by nobody: {name}"),
            Assert(~(clears & ~sets) | ~is_, f"not cleared: {name}"),
            Assert(getattr(dut, f"cancel_{name}")[n] == (host | (is_ & ~was)), f"cancels: {name}"),
        ]


def test_a_kill_holds_until_it_is_cleared(tmp_path: Path) -> None:
    prove(Claim(kill_switch), steps=2, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(kill_switch, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
