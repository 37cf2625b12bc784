"""Tests of gpu.ising.problem and gpu.ising.exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from gpu.ising.exact import lowest
from gpu.ising.problem import Ising, Qubo, cut_of, max_cut
from tests.gpu.ising.problems import plain_energy, random_problem, states


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 9), floats=st.booleans())
def test_energies_and_conversions_agree_in_every_state(seed: int, n: int, *, floats: bool) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n, floats=floats)
    qubo = problem.qubo()
    back = qubo.ising()
    for spins in states(n)[:: max(1, 2**n // 40)]:
        expected = plain_energy(problem, spins)
        bits = (spins + 1) // 2
        assert problem.energy(spins) == pytest.approx(expected, abs=1e-9)
        assert qubo.value(bits) == pytest.approx(expected, abs=1e-9)
        assert back.energy(spins) == pytest.approx(expected, abs=1e-9)
        if not floats:
            assert isinstance(problem.energy(spins), int)
            assert back.exact
            assert problem.energy(spins) == qubo.value(bits) == back.energy(spins) == expected


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 7), floats=st.booleans())
def test_a_dense_matrix_is_the_problem_that_it_says(seed: int, n: int, *, floats: bool) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, n)) if floats else rng.integers(-7, 8, (n, n))
    qubo = Qubo.from_dense(matrix, 3)
    ising = qubo.ising()
    for spins in states(n):
        bits = (spins + 1) // 2
        expected = bits @ matrix @ bits + 3
        assert qubo.value(bits) == pytest.approx(expected, abs=1e-9)
        assert ising.energy(spins) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 11, 13, 14])
@pytest.mark.parametrize("floats", [False, True])
def test_the_exact_solver_finds_the_lowest_energy(n: int, *, floats: bool) -> None:
    problem = random_problem(np.random.default_rng(n), n, floats=floats)
    # Through another form: all bits at once against the whole matrix.
    qubo = problem.qubo()
    bits = np.arange(1 << n)[:, None] >> np.arange(n) & 1
    values = np.einsum("si,ij,sj->s", bits, qubo.pairs.toarray(), bits) + bits @ qubo.linear
    assert problem.energy(lowest(problem)) == pytest.approx(values.min() + qubo.offset, abs=1e-9)


def test_a_cut_is_the_weight_between_the_sides() -> None:
    problem = max_cut(4, [0, 1, 2, 3], [1, 2, 3, 0], [1, 2, 3, 5])
    assert cut_of(problem, [1, 1, 1, 1]) == 0
    assert cut_of(problem, [1, -1, 1, -1]) == 11
    assert cut_of(problem, [1, 1, -1, -1]) == 7
    assert cut_of(problem, lowest(problem)) == 11
    assert cut_of(max_cut(2, [0], [1], [0.25]), [1, -1]) == 0.25


def test_what_is_no_problem_is_refused() -> None:
    with pytest.raises(ValueError, match="spin 1 has"):
        Ising(csr_array(np.diag([0, 1])), np.zeros(2))
    with pytest.raises(ValueError, match=r"those of \(0, 1\) differ"):
        Ising(csr_array(np.array([[0, 1], [2, 0]])), np.zeros(2))
    with pytest.raises(ValueError, match="must be finite"):
        Ising(csr_array(np.array([[0, np.inf], [np.inf, 0]])), np.zeros(2))
    with pytest.raises(ValueError, match="from 0 to 1"):
        Ising.from_edges(2, [0], [2], [1])
    with pytest.raises(ValueError, match="shapes must be"):
        Ising(csr_array((2, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="2 of \\+1 or -1"):
        Ising.from_edges(2, [0], [1], [1]).energy([1, 0])
    with pytest.raises(ValueError, match="2 of 0 or 1"):
        Qubo.from_dense(np.eye(2)).value([1, 2])
    with pytest.raises(ValueError, match="above the diagonal"):
        Qubo(csr_array(np.eye(2)), np.zeros(2))
    with pytest.raises(ValueError, match="at most 24 spins"):
        lowest(Ising.from_edges(25, [0], [1], [1]))
