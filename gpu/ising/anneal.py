"""Simulated annealing of many replicas at a time, on vectors and threads.

Kirkpatrick, Gelatt and Vecchi (1983), "Optimization by simulated annealing", Science 220. Each
replica offers every spin a flip, in order, once a sweep (Metropolis); each keeps what the spins of
the others do to every spin, so that an offer costs one comparison.
"""

import ctypes
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu.ising.problem import Ising
from gpu.kernels import anneal_source
from gpu.native import LEVELS, feature_level, find_compiler, load_library, usable_processors

__all__ = ["Annealer", "Found", "quantum_schedule", "schedule"]

#: Couplings and fields are single floats in the kernel; sums of integers below this are exact.
_EXACT = 1 << 24


@dataclass(frozen=True, eq=False)
class Found:
    """States that a solver ended with, scored apart from it.

    Parameters
    ----------
    spins : ndarray of int8, shape (replicas, n)
        +1 and -1.
    energies : tuple of int or float
        Of each, as the problem has it.
    """

    spins: NDArray[np.int8]
    energies: tuple[float | int, ...]

    @property
    def best(self) -> int:
        """Index of the lowest energy."""
        return min(range(len(self.energies)), key=self.energies.__getitem__)


def schedule(problem: Ising, sweeps: int) -> NDArray[np.float64]:
    """Return inverse temperatures that grow by a constant factor, shape (sweeps,).

    At the first one a spin that all others hold flips every other time; at the last one a spin that
    the least coupling holds flips once in a hundred (the range that the peer dwave-samplers takes).

    Raises
    ------
    ValueError
        If there is no sweep, or nothing holds any spin.
    """
    if sweeps < 1:
        raise ValueError(f"sweeps must be at least 1, not {sweeps}")
    sizes = abs(problem.couplings)
    hold = np.asarray(sizes.sum(axis=1)).ravel() + np.abs(problem.fields)
    numbers = np.concatenate((sizes.data, np.abs(problem.fields)))
    if not (numbers := numbers[numbers > 0]).size:
        raise ValueError("every state has the same energy: no coupling and no field")
    hot, cold = math.log(2) / (2 * hold.max()), math.log(100) / (2 * numbers.min())
    return np.geomspace(hot, max(cold, hot), sweeps)


def quantum_schedule(problem: Ising, sweeps: int) -> tuple[NDArray[np.float64], float]:
    """Return transverse fields that fall in even steps, shape (sweeps,), and the temperature.

    Both are in units of the root mean square of what the others do to a spin; the numbers are from
    trials on G14 and G43 of the G-set with 8 slices.

    Raises
    ------
    ValueError
        As ``schedule``.
    """
    if sweeps < 1:
        raise ValueError(f"sweeps must be at least 1, not {sweeps}")
    squares = float((problem.couplings.astype(np.float64) ** 2).sum())
    unit = math.sqrt(
        (squares + float((problem.fields.astype(np.float64) ** 2).sum())) / problem.size
    )
    if not unit:
        raise ValueError("every state has the same energy: no coupling and no field")
    return np.linspace(0.75 * unit, 0.0125 * unit, sweeps), 20 / unit


class Annealer:
    """The kernel on the processor.

    Parameters
    ----------
    cache : Path
        Folder of compiled libraries.
    threads : int
        0 takes as many as the process may use. No result depends on it.
    level : int, optional
        Index into ``LEVELS``; the highest that the processor can run if absent.

    Raises
    ------
    CompilerError
        If there is no C++ compiler or it fails.
    """

    def __init__(self, cache: Path, *, threads: int = 0, level: int | None = None) -> None:
        compiler = find_compiler()
        options = LEVELS[feature_level(cache, compiler) if level is None else level]
        self._library = load_library(anneal_source("cpu"), compiler, options, cache)
        self._threads = threads or usable_processors()

    def solve(
        self,
        problem: Ising,
        *,
        replicas: int,
        seed: int,
        betas: NDArray[np.float64],
        first: int = 0,
    ) -> Found:
        """Anneal from random states.

        Parameters
        ----------
        problem : Ising
            Couplings are rounded to single floats for the search; the energies are exact.
        replicas : int
            States.
        seed : int
            Key of the random numbers, 64 bits.
        betas : ndarray, shape (sweeps,)
            Inverse temperature of each sweep.
        first : int
            Number of the first replica: a replica depends on seed and number alone.

        Raises
        ------
        ValueError
            If a count is not positive, the seed has no 64 bits, or a number is too large.
        """
        if replicas < 1 or not len(betas):
            raise ValueError(f"replicas and sweeps must be positive, not {replicas}, {len(betas)}")
        return self._run("anneal_replicas", problem, betas, replicas, seed, first)

    def solve_quantum(
        self, problem: Ising, *, replicas: int, seed: int, transverse: NDArray[np.float64],
        beta: float, slices: int = 8, first: int = 0,
    ) -> Found:  # fmt: skip
        """Anneal a path integral from random states, all slices alike: quantum-inspired.

        Martonak, Santoro and Tosatti (2002), "Quantum annealing by the path-integral Monte Carlo
        method", Physical Review B 66: ``slices`` copies at ``beta / slices`` each, neighbours in a
        ring bound by ``-log(tanh(beta transverse / slices)) / 2``. A replica's state is the best
        slice that the end of a sweep of the second half had.

        Parameters
        ----------
        problem, replicas, seed, first
            As of ``solve``.
        transverse : ndarray, shape (sweeps,)
            Transverse field of each sweep, positive [energy].
        beta : float
            Inverse temperature of the whole.
        slices : int
            At least 2.

        Raises
        ------
        ValueError
            As ``solve``, or if a field or the temperature is not positive.
        """
        if replicas < 1 or slices < 2 or not len(transverse):
            counts = f"{replicas}, {slices}, {len(transverse)}"
            raise ValueError(
                f"replicas and sweeps must be positive, slices at least 2, not {counts}"
            )
        if not beta > 0 or not (transverse > 0).all():
            raise ValueError("beta and every transverse field must be positive")
        bonds = -np.log(np.tanh(beta * transverse / slices)) / 2
        more = ctypes.c_float(beta / slices), ctypes.c_uint(slices)
        return self._run("quantum_replicas", problem, bonds, replicas, seed, first, *more)

    def _run(
        self, entry: str, problem: Ising, sweeps: NDArray[np.float64], replicas: int, seed: int,
        first: int, *more: Any,
    ) -> Found:  # fmt: skip
        if not 0 <= seed < 1 << 64:
            raise ValueError(f"seed must be from 0 to 2^64 - 1, not {seed}")
        matrix = problem.couplings.sorted_indices()
        sums = np.asarray(abs(matrix).sum(axis=1)).ravel() + np.abs(problem.fields)
        if sums.max() >= _EXACT:
            raise ValueError(f"what holds a spin must add up to less than 2^24, not {sums.max():g}")
        spins = np.empty((replicas, problem.size), dtype=np.int8)
        rows, columns = matrix.indptr.astype(np.uint32), matrix.indices.astype(np.uint32)
        couplings, external = matrix.data.astype(np.float32), problem.fields.astype(np.float32)
        each = sweeps.astype(np.float32)
        getattr(self._library, entry)(
            ctypes.c_uint(problem.size), _at(rows), _at(columns), _at(couplings), _at(external),
            _at(each), ctypes.c_uint(len(each)), ctypes.c_uint(first), ctypes.c_uint(replicas),
            ctypes.c_uint64(seed), ctypes.c_uint(self._threads), _at(spins), *more,
        )  # fmt: skip
        return Found(spins, tuple(problem.energy(state) for state in spins))


def _at(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
