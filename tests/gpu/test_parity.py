"""Every kernel on the processor against its twin in NumPy."""

import numpy as np
import pytest

from gpu.kernels import CHUNK
from gpu.native import LEVELS
from gpu.task import GBM_PAYOFFS, Payoff
from gpu.twin import NumpyBackend, gbm_paths
from tests.gpu.machines import levels, native, task

EVERY_LEVEL = pytest.mark.parametrize("level", range(len(LEVELS)))

# Rounding of a path of 30 steps in single precision: prices up to some hundreds. The chance to
# touch a barrier multiplies the rounding of the logarithm by its distance over the variance.
BOUND = 1e-4
BOUND_AT_BARRIER = 5e-4


@EVERY_LEVEL
@pytest.mark.parametrize("payoff", GBM_PAYOFFS)
@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("call", [False, True])
def test_every_path_stays_within_its_bound(
    level: int, payoff: Payoff, antithetic: bool, call: bool
) -> None:
    given = task(payoff, antithetic=antithetic, call=call)
    difference = np.abs(native(level).gbm_paths(given) - gbm_paths(given))
    assert difference.max() < (BOUND_AT_BARRIER if payoff == Payoff.KNOCK_OUT else BOUND)


@EVERY_LEVEL
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 8])
def test_every_number_of_steps_that_is_left_over_is_walked(level: int, steps: int) -> None:
    given = task(Payoff.ARITHMETIC, steps=steps, paths=100)
    assert np.abs(native(level).gbm_paths(given) - gbm_paths(given)).max() < BOUND


@EVERY_LEVEL
@pytest.mark.parametrize("paths", [1, 15, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5])
def test_the_sums_are_those_of_the_paths(level: int, paths: int) -> None:
    given = task(Payoff.ARITHMETIC, paths=paths, steps=3)
    y, x = native(level).gbm_paths(given).astype(np.float64).T
    found = native(level).gbm_sums(given)
    expected = [y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum()]
    assert found.shape == (-(-paths // CHUNK), 5)
    np.testing.assert_allclose(found.sum(axis=0), expected, rtol=1e-12)
    twin = NumpyBackend().gbm_sums(given)
    np.testing.assert_allclose(found, twin, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("payoff", GBM_PAYOFFS)
def test_no_bit_depends_on_the_number_of_threads(payoff: Payoff) -> None:
    given = task(payoff, paths=7 * CHUNK + 3)
    one, *others = (native(0, threads).gbm_sums(given) for threads in (1, 2, 5))
    assert all((one == other).all() for other in others)


def test_levels_with_fused_multiply_add_agree_bit_for_bit() -> None:
    if 2 not in levels():
        # Not every processor has it: then there is one level with fused multiply-add, or none.
        pytest.skip("the processor has no AVX-512")
    given = task(Payoff.ARITHMETIC, paths=2 * CHUNK + 3)
    assert (native(1).gbm_sums(given) == native(2).gbm_sums(given)).all()


def test_a_seed_is_a_stream_of_its_own() -> None:
    first, second = (gbm_paths(task(Payoff.EUROPEAN, seed=seed, paths=50)) for seed in (1, 2**32))
    assert not np.isclose(first, second).all(axis=1).any()
