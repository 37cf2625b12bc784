"""Print the rates of an arithmetic Asian on kernels, numba and QuantLib; JSON comes last.

All three walk 252 fixings with the geometric average as control. Kernels and numba are in single
precision with Philox 4x32-10, on the same threads; QuantLib is in double precision with a
generator of its own (Mersenne Twister), on one thread.
"""

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from gpu.backend import choose
from gpu.kernels import CHUNK
from host.folders import cache_directory
from tests.benchmarks.__main__ import cpu
from tests.benchmarks.numba_asian import sums_with_numba
from tests.benchmarks.quantlib_asian import price_with_quantlib
from tests.gpu.asian import FIXINGS, asian


def seconds(function: Callable[[], Any]) -> float:
    """Return how long a call takes [s]."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(*, chunks: int, samples: int, repeats: int, threads: int) -> dict[str, Any]:
    """Return the rates of all [path steps/s] and their ratios, medians of interleaved repeats."""
    task = asian(chunks * CHUNK)
    backend, peer = choose("native", cache_directory(), threads=threads), sums_with_numba(threads)
    ours, theirs = (sums(task).sum(axis=0) / task.paths for sums in (backend.gbm_sums, peer))
    # The same words on both sides: the means differ by rounding alone.
    if not all(math.isclose(a, b, rel_tol=1e-4) for a, b in zip(ours, theirs, strict=True)):
        raise RuntimeError(f"kernels and numba disagree: {ours} and {theirs}")
    work = task.paths * FIXINGS
    jobs: dict[str, tuple[Callable[[], Any], int]] = {
        "native": (lambda: backend.gbm_sums(task), work),
        "numba": (lambda: peer(task), work),
        "quantlib": (lambda: price_with_quantlib(FIXINGS, samples), samples * FIXINGS),
    }
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, (job, steps) in jobs.items():
            rates[name].append(steps / seconds(job))
    middle = {name: statistics.median(found) for name, found in rates.items()}
    ratios = {f"native/{name}": middle["native"] / middle[name] for name in ("numba", "quantlib")}
    return {"path_steps_per_s": middle, "all": rates, "ratios": ratios}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.compute", description=__doc__)
    parser.add_argument("--chunks", type=int, default=100, help=f"of {CHUNK} paths")
    parser.add_argument("--samples", type=int, default=50_000, help="paths of QuantLib")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = vars(parser.parse_args(arguments))
    load = os.getloadavg()[0]
    result = compare(**options)
    for name, rate in result["path_steps_per_s"].items():
        print(f"{name:10} {rate / 1e6:10.1f} M path steps/s")
    if load > 0.5:
        print(f"the machine was busy when this began: load {load:.2f}")
    machine = {"cpu": cpu(), "cores": os.cpu_count(), "load": load}
    ratios = result.pop("ratios")
    print(json.dumps({"machine": machine, **options, **result, "ratios": ratios}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
