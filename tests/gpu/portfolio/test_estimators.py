"""Tests of gpu.portfolio.estimators."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf as other_ledoit_wolf
from sklearn.covariance import oas

from gpu.portfolio.estimators import (
    bayes_stein,
    clipped,
    constant_correlation,
    ledoit_wolf,
    oracle_approximating,
    sample_covariance,
)


@pytest.mark.parametrize("shape", [(30, 10), (10, 30), (500, 4)])
def test_shrinkage_towards_the_identity_is_that_of_another_library(shape: tuple[int, int]) -> None:
    returns = np.random.default_rng(1).standard_t(4, shape) @ np.diag(np.linspace(1, 3, shape[1]))
    for ours, theirs in ((ledoit_wolf, other_ledoit_wolf), (oracle_approximating, oas)):
        covariance, weight = ours(returns)
        expected, share = theirs(returns)
        assert np.allclose(covariance, expected, rtol=1e-10)
        assert weight == pytest.approx(share, rel=1e-10)
        assert np.linalg.eigvalsh(covariance)[0] > 0


def test_shrinkage_towards_the_mean_correlation_is_nearer_to_the_truth() -> None:
    rng, n, rows = np.random.default_rng(2), 20, 40
    truth = 0.4 * np.ones((n, n)) + 0.6 * np.eye(n)
    root = np.linalg.cholesky(truth)
    errors, weights = [], []
    for _ in range(50):
        returns = rng.standard_normal((rows, n)) @ root.T
        covariance, weight = constant_correlation(returns)
        weights.append(weight)
        plain = np.linalg.norm(sample_covariance(returns) - truth)
        errors.append(np.linalg.norm(covariance - truth) / plain)
    assert np.mean(errors) < 0.85
    assert 0.6 < np.mean(weights) <= 1.0


def test_the_weight_of_the_mean_correlation_is_the_sum_of_its_definition() -> None:
    x = np.random.default_rng(3).standard_t(5, (25, 4))
    x -= x.mean(axis=0)
    rows, n = x.shape
    s = x.T @ x / rows
    d = np.sqrt(np.diag(s))
    r = np.mean([s[i, j] / d[i] / d[j] for i in range(n) for j in range(n) if i != j])
    f = np.array([[s[i, i] if i == j else r * d[i] * d[j] for j in range(n)] for i in range(n)])

    def pair(i: int, j: int) -> float:
        return float(np.mean((x[:, i] * x[:, j] - s[i, j]) ** 2))

    def moment(i: int, j: int) -> float:
        return float(np.mean((x[:, i] ** 2 - s[i, i]) * (x[:, i] * x[:, j] - s[i, j])))

    pi = sum(pair(i, j) for i in range(n) for j in range(n))
    rho = sum(pair(i, i) for i in range(n)) + sum(
        r / 2 * (d[j] / d[i] * moment(i, j) + d[i] / d[j] * moment(j, i))
        for i in range(n) for j in range(n) if i != j
    )  # fmt: skip
    expected = np.clip((pi - rho) / ((f - s) ** 2).sum() / rows, 0, 1)
    assert constant_correlation(x)[1] == pytest.approx(expected, rel=1e-9)


def test_clipping_keeps_variances_and_what_is_no_noise() -> None:
    rng, n, rows = np.random.default_rng(4), 60, 150
    market = rng.standard_normal((rows, 1))
    returns = (market + 1.5 * rng.standard_normal((rows, n))) * np.linspace(0.5, 2, n)
    sample = sample_covariance(returns)
    cleaned, left = clipped(sample, rows)
    assert left == 1
    assert np.allclose(np.diag(cleaned), np.diag(sample))
    truth = np.outer(np.linspace(0.5, 2, n), np.linspace(0.5, 2, n)) * (
        np.ones((n, n)) + 2.25 * np.eye(n)
    )
    assert np.linalg.norm(cleaned - truth) < 0.8 * np.linalg.norm(sample - truth)
    noise, none = clipped(sample_covariance(rng.standard_normal((4000, 50))), 4000)
    assert none <= 1  # the largest eigenvalue falls on either side of the edge
    assert np.abs(noise - np.diag(np.diag(noise))).max() < 0.1


def test_means_are_shrunk_less_the_more_rows_there_are() -> None:
    mean, covariance = np.array([0.1, 0.2, 0.3]), np.diag([0.04, 0.09, 0.16])
    weights = [bayes_stein(mean, covariance, rows)[1] for rows in (10, 100, 1000)]
    assert weights == sorted(weights, reverse=True)
    few, weight = bayes_stein(mean, covariance, 10)
    anchor = (1 / np.diag(covariance)) @ mean / (1 / np.diag(covariance)).sum()
    distance = ((mean - anchor) ** 2 / np.diag(covariance)).sum()
    assert weight == pytest.approx(5 / (5 + 10 * distance))
    assert np.allclose(few, mean + weight * (anchor - mean))


def test_unusable_returns_are_refused_with_the_place() -> None:
    with pytest.raises(ValueError, match="not inf in row 1, column 0"):
        ledoit_wolf(np.array([[1.0, 2.0], [np.inf, 1.0]]))
    with pytest.raises(ValueError, match="t at least 2"):
        sample_covariance(np.ones((1, 3)))
    with pytest.raises(ValueError, match="column 1 never moves"):
        constant_correlation(np.array([[1.0, 2.0], [2.0, 2.0]]))
    with pytest.raises(ValueError, match="variances must be positive"):
        clipped(np.zeros((2, 2)), 9)
