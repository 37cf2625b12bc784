"""Check the kernels on the GPU of this machine and measure them; a JSON object comes last.

Needs NumPy, CuPy and pytest, and no network. Runs the tests of ``tests/gpu``, then times the
arithmetic Asian of 252 fixings against array functions of CuPy, and writes what it found to
``docs/benchmarks``.
"""

import json
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from gpu.backend import BackendError, CupyBackend, import_cupy
from gpu.task import GbmTask
from tests.gpu.asian import FIXINGS, asian

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 5


def array_functions(cupy: Any, task: GbmTask) -> float:
    """Return the mean payoff as array functions find it, one step of all paths at a time."""
    generator = cupy.random.default_rng(task.seed)
    log = cupy.zeros(task.paths, dtype=cupy.float32)
    total = cupy.zeros_like(log)
    for _ in range(task.steps):
        normal = generator.standard_normal(task.paths, dtype=cupy.float32)
        log += cupy.float32(task.drift) + cupy.float32(task.vol) * normal
        total += cupy.exp(log)
    gain = cupy.maximum(total * cupy.float32(task.spot / task.steps) - task.strike, 0)
    return float(gain.mean(dtype=cupy.float64))


def rate(function: Any, work: int) -> float:
    """Return the median rate of some calls after one that warms up [path steps/s]."""
    function()
    rates = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()  # returns numbers of the host, so that the device is done
        rates.append(work / (time.perf_counter() - start))
    return statistics.median(rates)


def measure(backend: CupyBackend) -> dict[str, Any]:
    """Return rates and their ratio."""
    cupy = import_cupy()
    large, small = asian(2**26), asian(2**22)
    kernel = rate(lambda: backend.gbm_sums(large), large.paths * FIXINGS)
    arrays = rate(lambda: array_functions(cupy, small), small.paths * FIXINGS)
    found = {"path_steps_per_s": {"kernel": kernel, "cupy arrays": arrays}}
    return {**found, "ratios": {"kernel/cupy arrays": kernel / arrays}}


def main() -> int:
    """Run everything and return the exit code."""
    try:
        backend = CupyBackend()
    except BackendError as error:
        print(f"nothing to check: {error}", file=sys.stderr)
        return 1
    tests = [str(ROOT / "tests" / "gpu"), "--noconftest", "-q", "-p", "no:cacheprovider"]
    if code := pytest.main(tests):
        return int(code)
    versions = {name: version(name) for name in ("numpy", "pytest")}
    machine = {**backend.facts(), **versions, "python": platform.python_version()}
    report = {"machine": machine, **measure(backend)}
    folder = ROOT / "docs" / "benchmarks"
    folder.mkdir(exist_ok=True)
    name = machine["device"].lower().replace(" ", "-")
    (folder / f"{name}.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
