"""The kernel of baskets on the processor against its twin in NumPy, and tasks it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from gpu.basket_task import BasketPayoff
from gpu.basket_twin import basket_paths
from gpu.kernels import CHUNK
from gpu.native import LEVELS
from gpu.twin import NumpyBackend
from tests.gpu.baskets import basket_task
from tests.gpu.machines import native

EVERY_LEVEL = pytest.mark.parametrize("level", range(len(LEVELS)))
BOUND = 3e-6  # of the sum of the amounts: rounding of three steps and of 32 summands


@EVERY_LEVEL
@pytest.mark.parametrize("payoff", BasketPayoff)
@pytest.mark.parametrize("assets", [1, 2, 4, 5, 32])
@pytest.mark.parametrize("antithetic", [False, True])
def test_every_path_stays_within_its_bound(
    level: int, payoff: BasketPayoff, assets: int, antithetic: bool
) -> None:
    given = basket_task(payoff, assets=assets, antithetic=antithetic, call=antithetic)
    difference = np.abs(native(level).basket_paths(given) - basket_paths(given))
    assert difference.max() < BOUND * given.total


@EVERY_LEVEL
@pytest.mark.parametrize("paths", [1, CHUNK + 1])
def test_the_sums_are_those_of_the_paths(level: int, paths: int) -> None:
    given = basket_task(BasketPayoff.SUM, paths=paths, assets=3)
    y, x = native(level).basket_paths(given).astype(np.float64).T
    found = native(level).basket_sums(given)
    expected = [y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum()]
    np.testing.assert_allclose(found.sum(axis=0), expected, rtol=1e-12)
    np.testing.assert_allclose(found, NumpyBackend().basket_sums(given), rtol=1e-5, atol=1e-2)


def test_what_cannot_be_is_refused() -> None:
    given = basket_task(BasketPayoff.SUM)
    for changed, text in (
        ({"paths": 0}, "paths must be from 1 to 2\\^40 - 1, not 0"),
        ({"fixings": 0}, "fixings must be from 1 to 2\\^27 - 1, not 0"),
        ({"seed": 2**64}, "seed must be from 0 to 2\\^64 - 1"),
        ({"amounts": (1.0,) * 33}, "assets must be from 1 to 32, not 33"),
        ({"drifts": (0.0,)}, "5 assets need as many shares, drifts and rows that grow"),
        ({"factors": ((1.0,),) * 5}, "rows that grow"),
        ({"strike": float("nan")}, "every number must be finite"),
    ):
        with pytest.raises(ValueError, match=text):
            replace(given, **changed)
