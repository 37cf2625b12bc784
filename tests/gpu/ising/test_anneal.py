"""Tests of gpu.ising.anneal."""

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu.ising.anneal import Annealer, quantum_schedule, schedule
from gpu.ising.exact import lowest
from gpu.ising.files import read_graph
from gpu.ising.problem import Ising, cut_of
from gpu.kernels import anneal_source
from gpu.native import find_compiler
from tests.gpu.ising.problems import plain_energy, random_problem, states
from tests.gpu.machines import CACHE, needs_compiler, needs_level
from tests.gpu.test_cuda import SHIM, ptx

pytestmark = needs_compiler

EACH = """
extern "C" void each_replica(unsigned spins, const unsigned *rows, const unsigned *columns,
    const float *couplings, const float *external, const float *betas, unsigned sweeps,
    unsigned first, unsigned replicas, Wide seed, float *memory, signed char *out)
{
    for (blockIdx.x = 0; blockIdx.x < replicas; ++blockIdx.x)
        anneal_replicas(spins, rows, columns, couplings, external, betas, sweeps, first, replicas,
                        seed, memory, out);
}
"""


def at(array: NDArray[Any]) -> ctypes.c_void_p:
    """Return the address of an array."""
    return ctypes.c_void_p(array.ctypes.data)


@pytest.mark.parametrize("floats", [False, True])
def test_it_finds_the_lowest_energy_of_small_problems(*, floats: bool) -> None:
    annealer = Annealer(CACHE)
    for seed in range(20):
        problem = random_problem(np.random.default_rng(seed), 3 + seed % 14, floats=floats)
        found = annealer.solve(problem, replicas=20, seed=seed, betas=schedule(problem, 200))
        least = problem.energy(lowest(problem))
        assert found.energies[found.best] == pytest.approx(least, abs=1e-9)
        assert min(found.energies) >= least - 1e-9


def test_states_do_not_depend_on_threads_or_on_who_else_there_is() -> None:
    problem = random_problem(np.random.default_rng(1), 60, floats=False)
    betas = schedule(problem, 40)
    whole = Annealer(CACHE, threads=1).solve(problem, replicas=50, seed=7, betas=betas)
    again = Annealer(CACHE, threads=3).solve(problem, replicas=50, seed=7, betas=betas)
    assert (whole.spins == again.spins).all()
    part = Annealer(CACHE).solve(problem, replicas=9, seed=7, betas=betas, first=21)
    assert (whole.spins[21:30] == part.spins).all()
    other = Annealer(CACHE).solve(problem, replicas=50, seed=8, betas=betas)
    assert (whole.spins != other.spins).any()


@pytest.mark.parametrize("level", range(3))
def test_a_sweep_flips_spins_with_the_probability_of_metropolis(level: int) -> None:
    needs_level(level)
    problem = Ising.from_edges(3, [0, 1, 0], [1, 2, 2], [1.0, -0.5, 0.3], [0.2, 0.0, -0.4])
    beta, replicas = 0.9, 60_000
    annealer = Annealer(CACHE, level=level)
    found = annealer.solve(problem, replicas=replicas, seed=3, betas=np.full(1, beta))
    all_states = np.array(states(3))
    energies = np.array([plain_energy(problem, s) for s in all_states])
    expected = np.full(8, 1 / 8)
    for i in range(3):
        flipped = (all_states * np.where(np.arange(3) == i, -1, 1)) @ [4, 2, 1]
        target = np.array([int(np.flatnonzero(all_states @ [4, 2, 1] == f)[0]) for f in flipped])
        accept = np.minimum(1, np.exp(-beta * (energies[target] - energies)))
        moved = np.zeros(8)
        np.add.at(moved, target, expected * accept)
        expected = expected * (1 - accept) + moved
    order = np.searchsorted(np.sort(all_states @ [4, 2, 1]), found.spins @ np.array([4, 2, 1]))
    share = np.bincount(order, minlength=8)[::-1] / replicas
    assert np.abs(share - expected[np.argsort(-(all_states @ [4, 2, 1]))]).max() < 0.008


def test_a_sweep_of_two_slices_has_the_probability_of_metropolis() -> None:
    problem = Ising.from_edges(2, [0], [1], [0.7], [0.2, -0.3])
    beta, replicas, field = 1.4, 60_000, 0.8
    found = Annealer(CACHE).solve_quantum(
        problem, replicas=replicas, seed=3, transverse=np.full(1, field), beta=beta, slices=2
    )
    bond = -np.log(np.tanh(beta * field / 2)) / 2
    # Both slices begin alike; in a ring of two each is beside the other twice.
    chances = {(s, s): 1 / 4 for s in map(tuple, np.array(states(2)).tolist())}
    for k in (0, 1):
        for i in (0, 1):
            moved: dict[Any, float] = {}
            for pair, chance in chances.items():
                spins = list(pair[k])
                spins[i] = -spins[i]
                flipped = tuple(spins) if k == 0 else pair[0], tuple(spins) if k else pair[1]
                rise = plain_energy(problem, spins) - plain_energy(problem, pair[k])
                cost = beta / 2 * rise + 4 * bond * pair[k][i] * pair[1 - k][i]
                accept = min(1.0, np.exp(-cost))
                moved[flipped] = moved.get(flipped, 0.0) + chance * accept
                moved[pair] = moved.get(pair, 0.0) + chance * (1 - accept)
            chances = moved
    expected: dict[Any, float] = {}
    for one, two in chances:
        better = plain_energy(problem, two) < plain_energy(problem, one) - 1e-9
        best = two if better else one
        expected[best] = expected.get(best, 0.0) + chances[one, two]
    for state, chance in expected.items():
        share = (found.spins == np.array(state)).all(axis=1).mean()
        assert share == pytest.approx(chance, abs=0.008)


def test_path_integrals_find_the_lowest_energy_whatever_the_threads() -> None:
    for seed in range(10):
        problem = random_problem(np.random.default_rng(seed), 4 + seed, floats=bool(seed % 2))
        transverse, beta = quantum_schedule(problem, 200)
        found = [
            Annealer(CACHE, threads=threads).solve_quantum(
                problem, replicas=20, seed=seed, transverse=transverse, beta=beta
            )
            for threads in (1, 2)
        ]
        assert (found[0].spins == found[1].spins).all()
        least = problem.energy(lowest(problem))
        assert found[0].energies[found[0].best] == pytest.approx(least, abs=1e-9)


@pytest.mark.data
def test_the_g_set_is_cut_nearly_as_well_as_is_known(data_dir: Path) -> None:
    for name, known in (("G1", 11624), ("G22", 13359), ("G43", 6660)):
        problem = read_graph(data_dir / "gset" / f"{name}.txt.xz")
        found = Annealer(CACHE).solve(problem, replicas=32, seed=1, betas=schedule(problem, 1000))
        best = cut_of(problem, found.spins[found.best])
        assert 0.999 * known <= best <= known


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_the_kernel_compiles_for_a_gpu(architecture: str) -> None:
    status, text = ptx(anneal_source("cuda"), architecture)
    assert status == 0, text
    for entry in ("anneal_replicas", "quantum_replicas"):
        assert f".visible .entry {entry}(" in text


def test_the_scalar_lane_anneals_as_the_vectors_do(tmp_path: Path) -> None:
    problem = random_problem(np.random.default_rng(2), 40, floats=False)
    betas, replicas = schedule(problem, 60), 64
    shown = Annealer(CACHE).solve(problem, replicas=replicas, seed=5, betas=betas)
    (tmp_path / "k.cpp").write_text(SHIM + anneal_source("cuda") + EACH, encoding="utf-8")
    command = [find_compiler(), "-std=c++17", "-O2", "-shared", "-fPIC", "-o", "k.so", "k.cpp"]
    subprocess.run(command, cwd=tmp_path, check=True)
    matrix = problem.couplings.sorted_indices()
    arrays = [
        matrix.indptr.astype(np.uint32), matrix.indices.astype(np.uint32),
        matrix.data.astype(np.float32), problem.fields.astype(np.float32),
        betas.astype(np.float32),
    ]  # fmt: skip
    out = np.empty((replicas, problem.size), dtype=np.int8)
    memory = np.empty((3, problem.size, replicas), dtype=np.float32)
    ctypes.CDLL(str(tmp_path / "k.so")).each_replica(
        ctypes.c_uint(problem.size), *(at(a) for a in arrays), ctypes.c_uint(len(betas)),
        ctypes.c_uint(0), ctypes.c_uint(replicas), ctypes.c_uint64(5), at(memory), at(out),
    )  # fmt: skip
    # Parity is statistical: where a logarithm is rounded another way, a replica goes its own way.
    assert (out == shown.spins).all(axis=1).mean() > 0.9


def test_what_cannot_be_annealed_is_refused() -> None:
    problem = Ising.from_edges(2, [0], [1], [1])
    with pytest.raises(ValueError, match="no coupling and no field"):
        schedule(Ising.from_edges(2, [], [], np.zeros(0)), 5)
    with pytest.raises(ValueError, match="sweeps must be at least 1"):
        schedule(problem, 0)
    with pytest.raises(ValueError, match="must be positive"):
        Annealer(CACHE).solve(problem, replicas=0, seed=1, betas=np.ones(3))
    with pytest.raises(ValueError, match="seed must be"):
        Annealer(CACHE).solve(problem, replicas=1, seed=-1, betas=np.ones(3))
    large = Ising.from_edges(2, [0], [1], [1 << 24])
    with pytest.raises(ValueError, match="less than 2\\^24"):
        Annealer(CACHE).solve(large, replicas=1, seed=1, betas=np.ones(3))
    with pytest.raises(ValueError, match="slices at least 2"):
        Annealer(CACHE).solve_quantum(
            problem, replicas=1, seed=1, transverse=np.ones(3), beta=1.0, slices=1
        )
    with pytest.raises(ValueError, match="transverse field must be positive"):
        Annealer(CACHE).solve_quantum(problem, replicas=1, seed=1, transverse=np.zeros(3), beta=1.0)
    with pytest.raises(ValueError, match="sweeps must be at least 1"):
        quantum_schedule(problem, 0)
    with pytest.raises(ValueError, match="no coupling and no field"):
        quantum_schedule(Ising.from_edges(2, [], [], np.zeros(0)), 5)
