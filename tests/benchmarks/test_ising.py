"""Tests of the benchmark of solvers of Ising problems."""

import json
import math

import pytest

from gpu.ising.exact import lowest
from tests.benchmarks.ising import main, spin_glass, time_to_solution
from tests.gpu.machines import needs_compiler


def test_time_to_solution_is_that_of_repeated_runs() -> None:
    tts, low, high = time_to_solution([2.0] * 10, [True] * 5 + [False] * 5)
    assert tts == pytest.approx(2 * math.log(0.01) / math.log(0.5))
    assert low < tts < high
    assert time_to_solution([2.0, 4.0], [True, True]) == (3.0, 2.0, 4.0)
    assert time_to_solution([2.0, 4.0], [False, False]) == (math.inf, math.inf, math.inf)
    # One run is needed at least, however good it is.
    assert time_to_solution([2.0] * 1000, [True] * 999 + [False])[0] == 2.0


def test_the_spin_glass_is_always_the_same_one() -> None:
    problem = spin_glass(12)
    assert problem.energy(lowest(problem)) == -28
    assert set(problem.couplings.data.tolist()) == {-1, 1}


@needs_compiler
@pytest.mark.data
@pytest.mark.usefixtures("data_dir")
def test_all_solvers_are_compared_on_a_small_problem(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["sa", "sqa", "bsb", "dwave sa", "numpy bsb"]
    options = ["--repeats", "2", "--graphs", "--glass", "40", "--threads", "2"]
    assert main([*options, "--solvers", *chosen]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["instances"]["SK40"]
    assert set(found["solvers"]) == set(chosen)
    assert all(one["best"] >= found["lowest"] for one in found["solvers"].values())
    assert found["solvers"]["sa"]["p_success"] > 0
    assert found["solvers"]["sa"]["tts99_s"] > 0
