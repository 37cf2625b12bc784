"""Random problems, and the plainest way to score them."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gpu.ising.problem import Ising

__all__ = ["plain_energy", "random_problem", "states"]


def random_problem(
    rng: np.random.Generator, n: int, *, floats: bool, density: float = 0.6
) -> Ising:
    """Return a problem with couplings and fields of both signs."""
    pairs = [pair for pair in itertools.combinations(range(n), 2) if rng.random() < density]
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    if floats:
        return Ising.from_edges(
            n, first, second, rng.normal(size=len(pairs)), rng.normal(size=n), float(rng.normal())
        )
    couplings, fields = rng.integers(-5, 6, len(pairs)), rng.integers(-3, 4, n)
    return Ising.from_edges(n, first, second, couplings, fields, int(rng.integers(-9, 9)))


def plain_energy(problem: Ising, spins: Sequence[int] | NDArray[np.int8]) -> float:
    """Return the energy, term by term."""
    dense, energy = problem.couplings.toarray(), float(problem.offset)
    for i in range(problem.size):
        energy -= float(problem.fields[i]) * int(spins[i])
        for j in range(i):
            energy -= float(dense[i, j]) * int(spins[i]) * int(spins[j])
    return energy


def states(n: int) -> list[NDArray[np.int8]]:
    """Return every state of n spins."""
    return [np.array(s, dtype=np.int8) for s in itertools.product((1, -1), repeat=n)]
