"""Every kernel on a GPU against its twin in NumPy; skipped where there is none."""

import numpy as np
import pytest

from gpu.backend import BackendError, CupyBackend
from gpu.basket_task import BasketPayoff
from gpu.basket_twin import basket_paths
from gpu.kernels import CHUNK
from gpu.model_twin import model_paths
from gpu.task import GBM_PAYOFFS, Payoff
from gpu.twin import NumpyBackend, gbm_paths
from tests.gpu.baskets import basket_task
from tests.gpu.machines import task
from tests.gpu.processes import CASES, model_task


@pytest.fixture(scope="module")
def cupy() -> CupyBackend:
    try:
        return CupyBackend()
    except BackendError as error:
        # Few machines have a GPU; make gpu-check is for those, and fails without one.
        pytest.skip(str(error))


@pytest.mark.parametrize("payoff", GBM_PAYOFFS)
@pytest.mark.parametrize("antithetic", [False, True])
def test_every_path_stays_within_its_bound(
    cupy: CupyBackend, payoff: Payoff, antithetic: bool
) -> None:
    given = task(payoff, antithetic=antithetic)
    bound = 5e-4 if payoff == Payoff.KNOCK_OUT else 1e-4
    assert np.abs(cupy.gbm_paths(given) - gbm_paths(given)).max() < bound


@pytest.mark.parametrize(("name", "payoff"), CASES)
def test_every_path_of_a_model_stays_within_its_bound(
    cupy: CupyBackend, name: str, payoff: Payoff
) -> None:
    given = [model_task(name, payoff, antithetic=True)]
    assert np.abs(cupy.model_paths(given) - model_paths(given)).max() < 1e-3
    sums = cupy.model_sums(given), NumpyBackend().model_sums(given)
    np.testing.assert_allclose(*sums, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("payoff", BasketPayoff)
def test_every_path_of_a_basket_stays_within_its_bound(
    cupy: CupyBackend, payoff: BasketPayoff
) -> None:
    given = basket_task(payoff, antithetic=True)
    assert np.abs(cupy.basket_paths(given) - basket_paths(given)).max() < 3e-6 * given.total
    sums = cupy.basket_sums(given), NumpyBackend().basket_sums(given)
    np.testing.assert_allclose(*sums, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("paths", [1, CHUNK - 1, CHUNK + 1, 3 * CHUNK])
def test_the_sums_of_every_chunk_are_those_of_the_twin(cupy: CupyBackend, paths: int) -> None:
    given = task(Payoff.ARITHMETIC, paths=paths, steps=3)
    found, twin = cupy.gbm_sums(given), NumpyBackend().gbm_sums(given)
    np.testing.assert_allclose(found, twin, rtol=1e-5, atol=1e-2)


def test_a_launch_repeats_itself_bit_for_bit(cupy: CupyBackend) -> None:
    given = task(Payoff.ARITHMETIC, paths=9 * CHUNK + 7)
    assert (cupy.gbm_sums(given) == cupy.gbm_sums(given)).all()
