"""Tests of gpu.portfolio.allocation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu.portfolio.allocation import (
    black_litterman,
    hierarchical_risk_parity,
    most_diversified,
    risk_budget,
)


def covariance_of(seed: int, n: int) -> NDArray[np.float64]:
    """Return the covariance of a random market."""
    rng = np.random.default_rng(seed)
    loads = rng.normal(1, 0.6, (n, 3)) * rng.uniform(0.2, 3, (n, 1))
    return loads @ loads.T + np.diag(rng.uniform(0.1, 4, n))


@pytest.mark.parametrize(("seed", "n"), [(0, 2), (1, 12), (2, 150)])
def test_each_name_adds_its_share_of_the_risk(seed: int, n: int) -> None:
    covariance = covariance_of(seed, n)
    share = np.random.default_rng(seed).uniform(0.01, 1, n)
    for budget in (None, share):
        weights = risk_budget(covariance, budget)
        parts = weights * (covariance @ weights)
        expected = np.full(n, 1 / n) if budget is None else budget / budget.sum()
        assert np.allclose(parts / parts.sum(), expected, rtol=1e-6)
        assert weights.sum() == pytest.approx(1)
        assert (weights > 0).all()


def test_risk_parity_of_two_names_is_in_inverse_proportion_to_their_deviations() -> None:
    weights = risk_budget(np.array([[0.04, 0.03], [0.03, 0.09]]))
    assert weights == pytest.approx([0.6, 0.4])


@pytest.mark.parametrize("seed", range(3))
def test_no_portfolio_is_more_diversified(seed: int) -> None:
    covariance = covariance_of(seed, 8)
    deviation = np.sqrt(np.diag(covariance))

    def ratio(weights: NDArray[np.float64]) -> float:
        return float(weights @ deviation / np.sqrt(weights @ covariance @ weights))

    best = most_diversified(covariance)
    others = np.random.default_rng(seed).dirichlet(np.full(8, 0.5), 20_000)
    assert ratio(best) >= max(ratio(w) for w in others)
    # Every name that is held is as correlated with the portfolio, and no other one is less.
    correlation = covariance @ best / deviation
    held = best > 1e-9
    assert np.ptp(correlation[held]) < 1e-9
    assert (correlation[~held] >= correlation[held].max() - 1e-9).all()


def test_the_hierarchy_halves_the_budget_between_clusters() -> None:
    # Two pairs that have nothing to do with each other: first between the pairs, then within.
    pair = np.array([[1.0, 0.9], [0.9, 1.0]])
    covariance = np.block([[pair, np.zeros((2, 2))], [np.zeros((2, 2)), 4 * pair]])
    mixed = np.array([0, 2, 1, 3])
    weights = hierarchical_risk_parity(covariance[np.ix_(mixed, mixed)])
    assert weights == pytest.approx([0.4, 0.1, 0.4, 0.1])
    assert hierarchical_risk_parity(np.array([[2.0]])).tolist() == [1.0]


def test_the_hierarchy_of_independent_names_is_inverse_variance_where_halves_are_pairs() -> None:
    variance = np.array([1.0, 2.0, 4.0, 8.0])
    weights = hierarchical_risk_parity(np.diag(variance))
    assert weights == pytest.approx(1 / variance / (1 / variance).sum())


def test_views_are_the_generalised_least_squares_of_prior_and_opinion() -> None:
    covariance = covariance_of(5, 4)
    market = np.array([0.4, 0.3, 0.2, 0.1])
    views = np.array([[1.0, -1, 0, 0], [0, 0, 1, 0]])
    expected, uncertainty = np.array([0.5, 2.0]), np.array([0.3, 0.8])
    mean, total = black_litterman(
        covariance, market, aversion=2.5, views=views, expected=expected, uncertainty=uncertainty
    )
    prior, spread = 2.5 * covariance @ market, 0.05 * covariance
    # The textbook's form, with inverses.
    inverse = np.linalg.inv(spread)
    precision = inverse + views.T @ np.diag(1 / uncertainty) @ views
    posterior = np.linalg.solve(precision, inverse @ prior + views.T @ (expected / uncertainty))
    assert np.allclose(mean, posterior)
    assert np.allclose(total, covariance + np.linalg.inv(precision))


def test_unusable_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="2 positive shares"):
        risk_budget(np.eye(2), np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="positive definite"):
        risk_budget(np.ones((2, 2)))
    with pytest.raises(ValueError, match="variances must be positive"):
        most_diversified(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="variances must be positive"):
        hierarchical_risk_parity(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="shapes must be"):
        black_litterman(
            np.eye(2), np.ones(2), aversion=1, views=np.eye(2), expected=np.ones(1),
            uncertainty=np.ones(1),
        )  # fmt: skip
