"""Print the time to solution of solvers and peers on Ising problems; JSON comes last.

A run of a solver is one call with fixed numbers of replicas and sweeps, the same for all instances;
p is the share of runs that reach the target, and TTS(99 %) = t ln(0.01) / ln(1 - p) the time after
which one of repeated runs has reached it with 99 %. Intervals are percentiles of resampled runs.
All is classical computation. The peers are dwave-samplers (annealing and path integrals, a process
for each core) and a plain ballistic bifurcation in NumPy.
"""

import argparse
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
from dwave.samplers import PathIntegralAnnealingSampler, SimulatedAnnealingSampler
from scipy.sparse import csr_array, triu

from gpu.ising.anneal import Annealer, quantum_schedule, schedule
from gpu.ising.bifurcation import bifurcate
from gpu.ising.files import read_graph
from gpu.ising.problem import Ising
from host.folders import cache_directory, data_directory
from tests.benchmarks.__main__ import cpu

__all__ = ["main", "spin_glass", "time_to_solution"]

#: Best known cuts; what the energy of a problem of the G-set is compared with.
_CUTS: Final = {"G22": 13359, "G39": 2408, "G55": 10299}
_NEAR: Final = 0.999  # of the best
_READS: Final = 10  # of a peer, in each process

Run = Callable[[Ising, int], float]


def spin_glass(n: int) -> Ising:
    """Return the Sherrington-Kirkpatrick problem: couplings of +1 and -1, always the same ones."""
    upper = np.triu(np.random.Generator(np.random.PCG64(0)).integers(0, 2, (n, n)) * 2 - 1, 1)
    return Ising(csr_array(upper + upper.T), np.zeros(n, dtype=np.int64))


def time_to_solution(
    seconds: Sequence[float], reached: Sequence[bool], *, resamples: int = 2000
) -> tuple[float, float, float]:
    """Return TTS(99 %) and the ends of its 95 % interval [s]; infinite where no run reached it.

    Where every run did, it is the mean time of a run.
    """

    def one(times: Any, hits: Any) -> float:
        p, mean = float(np.mean(hits)), float(np.mean(times))
        if p == 0:
            return math.inf
        return mean if p == 1 else mean * max(math.log(0.01) / math.log(1 - p), 1.0)

    times, hits = np.asarray(seconds), np.asarray(reached)
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(times), (resamples, len(times)))
    low, high = np.percentile(
        [one(times[k], hits[k]) for k in picks], (2.5, 97.5), method="nearest"
    )
    return one(times, hits), float(low), float(high)


def _dwave(sampler: Any, problem: Ising, seed: int, reads: int, sweeps: int) -> float:
    edges = triu(problem.couplings).tocoo()
    pairs = zip(edges.coords[0].tolist(), edges.coords[1].tolist(), strict=True)
    couplings = dict(zip(pairs, (-edges.data).tolist(), strict=True))
    fields = dict(enumerate((-problem.fields).tolist()))
    found = sampler().sample_ising(
        fields, couplings, num_reads=reads, num_sweeps=sweeps, seed=seed % 2**31
    )
    return float(found.first.energy) + problem.offset


def _numpy_bifurcation(problem: Ising, seed: int) -> float:
    """Bifurcate as plainly as NumPy can (Goto 2021)."""
    n, j = problem.size, problem.couplings.toarray().astype(np.float32)
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(-0.1, 0.1, (n, 32)).astype(np.float32) for _ in range(2))
    c = np.float32(0.5 / np.sqrt((j**2).sum() / (n - 1)))
    for k in range(500):
        y += -(1 - np.float32(k / 500)) * x + c * (j @ x)
        x += y
        y[np.abs(x) > 1] = 0
        np.clip(x, -1, 1, out=x)
    s = np.sign(x)
    return float((-(s * (j @ s)).sum(axis=0) / 2).min()) + problem.offset


def solvers(annealer: Annealer, pool: ProcessPoolExecutor, workers: int) -> Mapping[str, Run]:
    """Return what is compared, by name: a run returns the lowest energy that it found."""

    def ours(problem: Ising, seed: int) -> float:
        betas = schedule(problem, 1000)
        return min(annealer.solve(problem, replicas=16 * workers, seed=seed, betas=betas).energies)

    def quantum(problem: Ising, seed: int) -> float:
        transverse, beta = quantum_schedule(problem, 1000)
        found = annealer.solve_quantum(
            problem, replicas=16 * workers, seed=seed, transverse=transverse, beta=beta
        )
        return min(found.energies)

    def peer(sampler: Any, sweeps: int) -> Run:
        def run(problem: Ising, seed: int) -> float:
            seeds = [seed * workers + k for k in range(workers)]
            jobs = [pool.submit(_dwave, sampler, problem, one, _READS, sweeps) for one in seeds]
            return min(job.result() for job in jobs)

        return run

    return {
        "sa": ours,
        "sqa": quantum,
        "bsb": lambda p, s: min(bifurcate(p, replicas=32, steps=500, seed=s).energies),
        "dwave sa": peer(SimulatedAnnealingSampler, 1000),
        "dwave sqa": peer(PathIntegralAnnealingSampler, 1000),
        "numpy bsb": _numpy_bifurcation,
    }


def _problems(
    data: Path, names: Sequence[str], glass: int
) -> dict[str, tuple[Ising, float | None]]:
    """Return problems with the best energy that is known, or None."""
    found: dict[str, tuple[Ising, float | None]] = {
        name: (read_graph(data / "gset" / f"{name}.txt.xz"), -2.0 * _CUTS[name]) for name in names
    }
    if glass:
        found[f"SK{glass}"] = (spin_glass(glass), None)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ising", description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--graphs", nargs="*", default=list(_CUTS), choices=list(_CUTS))
    parser.add_argument("--glass", type=int, default=2000, help="spins of the dense one; 0: none")
    parser.add_argument("--solvers", nargs="*", help="some of them only")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    data = data_directory()
    if data is None:
        parser.error("no captures: no folder TICKGATE_DATA, nor ../shared/data")
    load = os.getloadavg()[0]
    annealer = Annealer(cache_directory(), threads=options.threads)
    report: dict[str, Any] = {}
    with ProcessPoolExecutor(options.threads) as pool:
        runs = solvers(annealer, pool, options.threads)
        chosen = {name: runs[name] for name in options.solvers or runs}
        for name, (problem, known) in _problems(data, options.graphs, options.glass).items():
            dense = problem.couplings.nnz > problem.size**2 // 20
            able = {k: run for k, run in chosen.items() if dense or "bsb" not in k}
            report[name] = _compare(name, problem, known, able, options.repeats)
    if load > 0.5:
        print(f"the machine was busy when this began: load {load:.2f}")
    machine = {"cpu": cpu(), "cores": os.cpu_count(), "load": load}
    print(json.dumps({"machine": machine, "repeats": options.repeats, "instances": report}))
    return 0


def _compare(
    name: str, problem: Ising, known: float | None, able: Mapping[str, Run], repeats: int
) -> dict[str, Any]:
    """Run all solvers in turn; return what each reached, and print it."""
    found: dict[str, list[tuple[float, float]]] = {solver: [] for solver in able}
    for seed in range(repeats):
        for solver, run in able.items():
            start = time.perf_counter()
            energy = run(problem, seed)
            found[solver].append((time.perf_counter() - start, energy))
    lowest = min(energy for runs in found.values() for _, energy in runs)
    best = lowest if known is None else known
    # A cut c has the energy -2 c.
    target = _NEAR * best
    result: dict[str, Any] = {"target": target, "lowest": lowest, "solvers": {}}
    for solver, runs in found.items():
        seconds, energies = zip(*runs, strict=True)
        hits = [energy <= target for energy in energies]
        tts, low, high = time_to_solution(seconds, hits)
        result["solvers"][solver] = {
            "best": min(energies), "p_success": float(np.mean(hits)), "tts99_s": tts,
            "tts99_interval_s": [low, high], "seconds": float(np.mean(seconds)),
        }  # fmt: skip
        share = f"p {np.mean(hits):4.2f}  TTS {tts:8.3f} s ({low:.3f} to {high:.3f})"
        print(f"{name:8} {solver:10} best {min(energies):8.0f} of {best:8.0f}  {share}", flush=True)
    return result


if __name__ == "__main__":
    raise SystemExit(main())
