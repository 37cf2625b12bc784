"""One interface for all solvers: a problem, a budget of time, a seed; the best state, a trace."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gpu.ising.anneal import Annealer, Found, quantum_schedule, schedule
from gpu.ising.bifurcation import bifurcate
from gpu.ising.exact import lowest
from gpu.ising.problem import Ising

__all__ = ["SOLVERS", "Solution", "solve"]

#: Names of the solvers.
SOLVERS: Final = ("sa", "sqa", "bsb", "dsb", "exact")
_REPLICAS: Final = 32
_SWEEPS: Final = 1000
_STEPS: Final = 500


@dataclass(frozen=True, eq=False)
class Solution:
    """The best state that was found.

    Parameters
    ----------
    spins : ndarray of int8, shape (n,)
        +1 and -1.
    energy : int or float
        Of the problem, scored apart from the solver.
    bound : int or float or None
        No state is below it; None where the solver proves nothing.
    trace : tuple of (float, int or float)
        When a better state was known, and its energy [s].
    seconds : float
        That the solver took.
    rounds : int
        How often it began anew.
    """

    spins: NDArray[np.int8]
    energy: float | int
    bound: float | int | None
    trace: tuple[tuple[float, float | int], ...]
    seconds: float
    rounds: int


def solve(
    problem: Ising, solver: str, *, budget: float, seed: int, cache: Path,
    clock: Callable[[], float] = time.perf_counter, sweeps: int | None = None,
) -> Solution:  # fmt: skip
    """Solve again and again, each time from other random states, while the budget lasts.

    Parameters
    ----------
    problem : Ising
        What is minimised.
    solver : str
        One of ``SOLVERS``.
    budget : float
        No round begins later than this; the first one always does [s].
    seed : int
        Key of all random numbers, 64 bits.
    cache : Path
        Folder of compiled kernels.
    clock : callable
        Returns seconds.
    sweeps : int, optional
        Sweeps or steps of a round.

    Raises
    ------
    ValueError
        If there is no such solver, or it cannot take the problem.
    CompilerError
        If the solver needs a C++ compiler and there is none.
    """
    if solver not in SOLVERS:
        raise ValueError(f"solver must be one of {', '.join(SOLVERS)}, not {solver}")
    if not 0 <= seed < 1 << 64:
        raise ValueError(f"seed must be from 0 to 2^64 - 1, not {seed}")
    start = clock()
    if solver == "exact":
        spins = lowest(problem)
        energy, took = problem.energy(spins), clock() - start
        return Solution(spins, energy, energy, ((took, energy),), took, 1)
    attempt = _attempt(problem, solver, seed, cache, sweeps)
    best: Found | None = None
    trace: list[tuple[float, float | int]] = []
    rounds = 0
    while not rounds or clock() - start < budget:
        found = attempt(rounds)
        rounds += 1
        if best is None or found.energies[found.best] < best.energies[best.best]:
            best = found
            trace.append((clock() - start, found.energies[found.best]))
    assert best is not None
    spins = best.spins[best.best].copy()
    return Solution(spins, best.energies[best.best], None, tuple(trace), clock() - start, rounds)


def _attempt(
    problem: Ising, solver: str, seed: int, cache: Path, sweeps: int | None
) -> Callable[[int], Found]:
    """Return what a round does, by its number."""
    if solver == "sa":
        annealer, betas = Annealer(cache), schedule(problem, sweeps or _SWEEPS)
        return lambda n: annealer.solve(
            problem, replicas=_REPLICAS, seed=seed, betas=betas, first=n * _REPLICAS
        )
    if solver == "sqa":
        annealer = Annealer(cache)
        transverse, beta = quantum_schedule(problem, sweeps or _SWEEPS // 2)
        return lambda n: annealer.solve_quantum(
            problem, replicas=_REPLICAS, seed=seed, transverse=transverse, beta=beta,
            first=n * _REPLICAS,
        )  # fmt: skip
    rounds = np.random.SeedSequence(seed)

    def round_of(_: int) -> Found:
        (child,) = rounds.spawn(1)
        return bifurcate(
            problem, replicas=_REPLICAS, steps=sweeps or _STEPS,
            seed=int(child.generate_state(1, np.uint64)[0]),
            kind="ballistic" if solver == "bsb" else "discrete",
        )  # fmt: skip

    return round_of
