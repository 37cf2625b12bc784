"""Tests of gpu.portfolio.critical_line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, minimize

from gpu.portfolio.constraints import InfeasibleError
from gpu.portfolio.critical_line import efficient_frontier
from gpu.portfolio.frontier import Frontier
from tests.gpu.portfolio.orlib import frontier, problem


def market(rng: np.random.Generator, n: int, days: int) -> tuple[NDArray[np.float64], ...]:
    """Return mean and covariance of random returns; singular if there are fewer days than names."""
    returns = rng.normal(0, 0.02, (days, n)) + rng.normal(0, 0.01, (days, 1))
    return rng.normal(0.001, 0.002, n), np.cov(returns, rowvar=False, ddof=1).reshape(n, n)


def gradients_agree(found: Frontier, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    """Check the conditions of Karush, Kuhn and Tucker at every corner."""
    for tolerance, weights in zip(found.tolerances, found.corners, strict=True):
        assert abs(weights.sum() - 1) < 1e-9
        assert (weights >= low - 1e-12).all()
        assert (weights <= high + 1e-12).all()
        if not np.isfinite(tolerance):
            continue
        gradient = found.covariance @ weights - tolerance * found.mean
        scale = 1e-7 * (np.abs(found.covariance).max() + tolerance * np.abs(found.mean).max())
        rising, falling = weights < high - 1e-9, weights > low + 1e-9
        # Weight can only move from what may fall to what may rise, and gains nothing by it.
        assert gradient[falling].max() <= gradient[rising].min() + scale


@pytest.mark.data
@pytest.mark.parametrize("number", range(1, 6))
def test_the_published_frontiers_are_met_at_all_their_points(data_dir: Path, number: int) -> None:
    returns, variances = frontier(data_dir, number)
    found = efficient_frontier(*problem(data_dir, number))
    # The last published return lies a little below that of the least variance.
    reachable = np.clip(returns, found.returns[-1], found.returns[0])
    assert np.abs(reachable - returns).max() < 5e-8
    assert len(returns) == 2000
    assert np.abs(found.variances_at(reachable) / variances - 1).max() < 1e-6


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32), n=st.integers(2, 12), days=st.integers(4, 60), tight=st.booleans()
)
def test_every_corner_is_optimal_under_any_bounds(
    seed: int, n: int, days: int, *, tight: bool
) -> None:
    rng = np.random.default_rng(seed)
    mean, covariance = market(rng, n, max(days, n + 2))
    low = rng.uniform(-0.3, 0.5 / n, n) if tight else np.zeros(n)
    high = rng.uniform(1.5 / n, 1.0, n) if tight else np.ones(n)
    found = efficient_frontier(mean, covariance, lower=low, upper=high)
    gradients_agree(found, low, high)
    assert (np.diff(found.tolerances) < 0).all()
    assert (np.diff(found.returns) <= 1e-15).all()
    assert (np.diff(found.variances) <= 1e-15).all()


@pytest.mark.parametrize("seed", range(4))
def test_portfolios_between_corners_are_those_of_a_general_solver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean, covariance = market(rng, 6, 200)
    found = efficient_frontier(mean, covariance, upper=0.5)

    def variance(w: NDArray[np.float64], /) -> float:
        return float(1e4 * w @ covariance @ w)

    for share in (0.1, 0.4, 0.77):
        wanted = found.returns[-1] + share * (found.returns[0] - found.returns[-1])
        rows = np.vstack((np.ones(6), 1e3 * mean))
        other = minimize(
            variance, np.full(6, 1 / 6),
            bounds=Bounds(np.zeros(6), np.full(6, 0.5)),
            constraints=LinearConstraint(rows, [1, 1e3 * wanted], [1, 1e3 * wanted]),
            method="SLSQP", options={"ftol": 1e-14, "maxiter": 1000},
        )  # fmt: skip
        assert found.variances_at(wanted)[0] == pytest.approx(other.fun / 1e4, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_best_sharpe_ratio_is_that_of_a_fine_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean, covariance = market(rng, 8, 200)
    found = efficient_frontier(mean + 0.001, covariance)
    best = found.most_sharpe(0.0005)
    ratio = (best @ found.mean - 0.0005) / np.sqrt(best @ covariance @ best)
    grid = np.linspace(found.returns[-1], found.returns[0], 20_001)
    others = (grid - 0.0005) / np.sqrt(found.variances_at(grid))
    assert ratio >= others.max() - 1e-12
    assert ratio == pytest.approx(others.max(), rel=1e-6)


def test_equal_means_leave_the_least_variance() -> None:
    _, covariance = market(np.random.default_rng(3), 9, 100)
    found = efficient_frontier(np.full(9, 0.01), covariance)
    least = efficient_frontier(np.arange(9.0), covariance)
    assert found.variances[-1] == pytest.approx(least.variances[-1], rel=1e-9)
    assert found.variances_at(0.01)[0] == pytest.approx(least.variances[-1], rel=1e-9)
    pairs = efficient_frontier(np.repeat([0.01, 0.02, 0.03], 3), covariance)
    best = efficient_frontier(np.arange(3.0), covariance[6:, 6:])
    assert pairs.variances_at(0.03)[0] == pytest.approx(best.variances[-1], rel=1e-6)


def test_assets_that_are_alike_and_singular_covariances_are_no_trouble() -> None:
    twin = efficient_frontier([0.1, 0.1], [[0.04, 0.04], [0.04, 0.04]])
    assert twin.variances[-1] == pytest.approx(0.04)
    one = efficient_frontier([0.1], [[0.04]])
    assert one.corners.tolist() == [[1.0]]
    assert one.at_returns([0.1]).tolist() == [[1.0]]
    fixed = efficient_frontier([0.1, 0.2], np.eye(2), lower=[0.5, 0.5], upper=[0.5, 0.5])
    assert fixed.least_variance.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({"lower": 0.6}, "lower bounds add up to 1.2"),
        ({"upper": 0.4}, "upper bounds add up to 0.8"),
        ({"lower": [0.5, 0.0], "upper": [0.4, 1.0]}, "bounds of asset 0 contradict"),
    ],
)
def test_bounds_without_a_portfolio_are_refused_with_the_reason(
    bounds: dict[str, float | list[float]], says: str
) -> None:
    with pytest.raises(InfeasibleError, match=says):
        efficient_frontier([0.1, 0.2], np.eye(2), **bounds)


def test_unusable_inputs_are_refused_with_the_place() -> None:
    with pytest.raises(ValueError, match=r"mean must be finite, not nan at \(1,\)"):
        efficient_frontier([0.1, np.nan], np.eye(2))
    with pytest.raises(ValueError, match="an eigenvalue is -1"):
        efficient_frontier([0.1, 0.2], [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match="two entries differ by 1"):
        efficient_frontier([0.1, 0.2], [[1.0, 1.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="shapes must be"):
        efficient_frontier([0.1, 0.2], np.eye(3))
    with pytest.raises(ValueError, match="returns must be from"):
        efficient_frontier([0.1, 0.2], np.eye(2)).at_returns(0.3)
    with pytest.raises(ValueError, match=r"no return is above 0\.3"):
        efficient_frontier([0.1, 0.2], np.eye(2)).most_sharpe(0.3)
