"""The kernel of models on the processor against its twin in NumPy."""

from dataclasses import replace

import numpy as np
import pytest

from gpu.kernels import CHUNK
from gpu.model_task import Output
from gpu.model_twin import model_paths
from gpu.native import LEVELS
from gpu.task import Payoff
from gpu.twin import NumpyBackend
from tests.gpu.machines import levels, native
from tests.gpu.processes import CASES, model_task

EVERY_LEVEL = pytest.mark.parametrize("level", range(len(LEVELS)))

# Rounding of a path of 30 steps in single precision at a price of 100. A path whose variance lies
# within rounding of the branch of the scheme may take the other branch: of 90,000 steps none did.
BOUND = 1e-3


@EVERY_LEVEL
@pytest.mark.parametrize(("name", "payoff"), CASES)
@pytest.mark.parametrize("antithetic", [False, True])
def test_every_path_stays_within_its_bound(
    level: int, name: str, payoff: Payoff, antithetic: bool
) -> None:
    given = model_task(name, payoff, antithetic=antithetic, call=antithetic)
    assert np.abs(native(level).model_paths([given]) - model_paths([given])).max() < BOUND


@EVERY_LEVEL
@pytest.mark.parametrize("output", [Output.DELTA, Output.VEGA])
@pytest.mark.parametrize("payoff", [Payoff.EUROPEAN, Payoff.ARITHMETIC, Payoff.GEOMETRIC])
def test_derivatives_along_the_path_are_those_of_the_twin(
    level: int, payoff: Payoff, output: Output
) -> None:
    given = replace(model_task("black-scholes", payoff, antithetic=True), output=output)
    difference = np.abs(native(level).model_paths([given]) - model_paths([given]))
    # They jump at the strike: a path within rounding of it may lie on the other side.
    assert np.sort(difference.ravel())[-3] < BOUND
    assert given.paths == len(difference)


def test_a_mix_is_the_weighted_sum_of_its_tasks() -> None:
    one, two = model_task("kou", Payoff.ARITHMETIC), model_task("merton", Payoff.LOOKBACK_FIXED)
    mixed = [replace(one, weight=0.25), replace(two, weight=-2.0)]
    apart = 0.25 * model_paths([one]) - 2.0 * model_paths([two])
    np.testing.assert_allclose(model_paths(mixed), apart, rtol=1e-12, atol=1e-12)
    for level in levels():
        assert np.abs(native(level).model_paths(mixed) - apart).max() < BOUND


@EVERY_LEVEL
@pytest.mark.parametrize("paths", [1, CHUNK + 1])
def test_the_sums_are_those_of_the_paths(level: int, paths: int) -> None:
    given = [model_task("bates", Payoff.ARITHMETIC, paths=paths)]
    y, x = native(level).model_paths(given).astype(np.float64).T
    found = native(level).model_sums(given)
    expected = [y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum()]
    assert found.shape == (-(-paths // CHUNK), 5)
    np.testing.assert_allclose(found.sum(axis=0), expected, rtol=1e-12)
    np.testing.assert_allclose(found, NumpyBackend().model_sums(given), rtol=1e-5, atol=1e-2)


def test_no_bit_depends_on_the_number_of_threads() -> None:
    given = [model_task("bates", Payoff.LOOKBACK_FLOATING, paths=5 * CHUNK + 3)]
    one, two = (native(0, threads).model_sums(given) for threads in (1, 2))
    assert (one == two).all()
