"""Tests of gpu.ising.bifurcation and gpu.ising.solve."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from gpu.ising.bifurcation import Kind, bifurcate
from gpu.ising.exact import lowest
from gpu.ising.problem import Ising
from gpu.ising.solve import SOLVERS, solve
from tests.gpu.ising.problems import random_problem
from tests.gpu.machines import CACHE, needs_compiler

KINDS: tuple[Kind, ...] = ("ballistic", "discrete")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("floats", [False, True])
def test_it_finds_the_lowest_energy_of_small_problems(kind: Kind, *, floats: bool) -> None:
    found = 0
    for seed in range(20):
        problem = random_problem(np.random.default_rng(seed), 4 + seed % 12, floats=floats)
        if not problem.couplings.nnz:
            continue
        states = bifurcate(problem, replicas=64, steps=300, seed=seed, kind=kind)
        least = problem.energy(lowest(problem))
        assert min(states.energies) >= least - 1e-9
        found += states.energies[states.best] <= least + 1e-9
    assert found >= 18


@pytest.mark.parametrize("kind", KINDS)
def test_dense_spin_glasses_come_near_their_ground_energy(kind: Kind) -> None:
    n, rng = 400, np.random.default_rng(3)
    upper = np.triu(rng.choice([-1, 1], (n, n)), 1)
    problem = Ising(csr_array(upper + upper.T), np.zeros(n, dtype=np.int64))
    found = bifurcate(problem, replicas=32, steps=500, seed=1, kind=kind)
    # Parisi's -0.7632 n^1.5, and for finite size + 0.70 n^(5/6) (Boettcher 2010).
    expected = -0.7632 * n**1.5 + 0.70 * n ** (5 / 6)
    assert found.energies[found.best] < 0.97 * expected


def test_a_sparse_matrix_goes_the_way_of_the_dense_one() -> None:
    problem = random_problem(np.random.default_rng(4), 60, floats=False, density=0.03)
    one = bifurcate(problem, replicas=8, steps=100, seed=2)
    padded = Ising(csr_array(problem.couplings.toarray()), problem.fields, problem.offset)
    two = bifurcate(padded, replicas=8, steps=100, seed=2)
    assert one.energies == two.energies


def test_what_cannot_bifurcate_is_refused() -> None:
    with pytest.raises(ValueError, match="without couplings"):
        bifurcate(Ising.from_edges(2, [], [], np.zeros(0)), replicas=1, steps=1, seed=1)
    with pytest.raises(ValueError, match="must be positive"):
        bifurcate(Ising.from_edges(2, [0], [1], [1]), replicas=1, steps=0, seed=1)


@needs_compiler
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_keeps_its_budget_and_says_when_it_was_better(solver: str) -> None:
    problem = random_problem(np.random.default_rng(5), 16, floats=False)
    ticks = itertools.count()
    found = solve(
        problem, solver, budget=6.0, seed=3, cache=CACHE, sweeps=50,
        clock=lambda: float(next(ticks)),
    )  # fmt: skip
    assert found.energy == problem.energy(found.spins) == problem.energy(lowest(problem))
    assert found.bound == (found.energy if solver == "exact" else None)
    energies = [energy for _, energy in found.trace]
    assert energies == sorted(set(energies), reverse=True)
    assert energies[-1] == found.energy
    assert found.rounds == 1 if solver == "exact" else 2 <= found.rounds <= 6
    again = solve(problem, solver, budget=0.0, seed=3, cache=CACHE, sweeps=50)
    assert again.rounds == 1


def test_an_unknown_solver_or_seed_is_refused(tmp_path: Path) -> None:
    problem = Ising.from_edges(2, [0], [1], [1])
    with pytest.raises(ValueError, match="solver must be one of sa, sqa, bsb, dsb, exact"):
        solve(problem, "magic", budget=1.0, seed=0, cache=tmp_path)
    with pytest.raises(ValueError, match="seed must be"):
        solve(problem, "bsb", budget=1.0, seed=-1, cache=tmp_path)
