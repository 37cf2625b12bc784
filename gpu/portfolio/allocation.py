"""Portfolios by rules of their own: risk budgets, most diversification, hierarchy, views."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist

from gpu.portfolio.critical_line import efficient_frontier
from gpu.portfolio.estimators import split_covariance

__all__ = ["black_litterman", "hierarchical_risk_parity", "most_diversified", "risk_budget"]

_Array = NDArray[np.float64]
_STEPS: Final = 200
_SMALL: Final = 1e-13


def risk_budget(covariance: _Array, budget: _Array | None = None) -> _Array:
    """Return the long-only weights of which each adds its share to the variance, shape (n,).

    They minimise ``x' covariance x / 2 - sum(budget log x)`` (Spinu 2013, "An algorithm for
    computing risk parity weights"), here by damped Newton steps, and are then scaled to 1. Equal
    shares are risk parity.

    Parameters
    ----------
    covariance : ndarray, shape (n, n)
        Positive definite.
    budget : ndarray, shape (n,), optional
        Positive shares; equal ones if absent.

    Raises
    ------
    ValueError
        If a share is not positive, or the covariance not positive definite.
    """
    n = len(covariance)
    share = np.full(n, 1 / n) if budget is None else np.asarray(budget, dtype=np.float64)
    if share.shape != (n,) or not (share > 0).all():
        raise ValueError(f"budget must be {n} positive shares, not {budget}")
    if np.linalg.eigvalsh(covariance)[0] <= 0:
        raise ValueError("covariance must be positive definite: some portfolio has no risk at all")
    share = share / share.sum()
    deviation, scaled = split_covariance(covariance)
    x = np.sqrt(share / scaled.sum(axis=1).clip(min=1e-3))
    for _ in range(_STEPS):
        gradient = scaled @ x - share / x
        step = np.linalg.solve(scaled + np.diag(share / x**2), gradient)
        decrement = float(gradient @ step)
        if decrement < _SMALL:
            break
        # Full steps near the end; before, as far as the logarithm allows.
        length = float((np.abs(step) / x).max())
        x = x - (step if decrement < 0.05 and length < 0.5 else step / (1 + length))
    weights = x / deviation
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def most_diversified(covariance: _Array) -> _Array:
    """Return the long-only weights with the highest diversification ratio, shape (n,).

    The ratio is that of the mean deviation of the names to the deviation of the portfolio
    (Choueifaty and Coignard 2008, "Toward maximum diversification", Journal of Portfolio
    Management 35): the least variance of the correlation matrix, scaled by the deviations.

    Raises
    ------
    ValueError
        If a variance is not positive.
    """
    deviation, correlation = split_covariance(covariance)
    found = efficient_frontier(np.zeros(len(deviation)), correlation)
    weights = found.least_variance / deviation
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def hierarchical_risk_parity(covariance: _Array) -> _Array:
    """Return the weights of hierarchical risk parity, shape (n,).

    Lopez de Prado (2016), "Building diversified portfolios that outperform out of sample",
    Journal of Portfolio Management 42: names in the order of a single-linkage tree of the distances
    ``sqrt((1 - correlation) / 2)``; the budget is halved again and again, in inverse proportion to
    the variances of both halves.

    Raises
    ------
    ValueError
        If a variance is not positive.
    """
    deviation, correlation = split_covariance(covariance)
    n = len(deviation)
    if n == 1:
        return np.ones(1)
    distance = np.sqrt((1 - np.clip(correlation, -1, 1)) / 2)
    np.fill_diagonal(distance, 0.0)
    # The tree is of the distances between whole columns of that matrix, as in the paper.
    order = leaves_list(linkage(pdist(distance), "single"))
    weights = np.ones(n)
    groups = [order]
    while groups:
        group = groups.pop()
        if len(group) < 2:
            continue
        left, right = group[: len(group) // 2], group[len(group) // 2 :]
        risks = [_inverse_variance_risk(covariance[np.ix_(half, half)]) for half in (left, right)]
        share = 1 - risks[0] / sum(risks)
        weights[left] *= share
        weights[right] *= 1 - share
        groups += [left, right]
    return weights


def _inverse_variance_risk(covariance: _Array) -> float:
    """Return the variance of weights in inverse proportion to the variances."""
    weights = 1 / np.diag(covariance)
    weights = weights / weights.sum()
    return float(weights @ covariance @ weights)


def black_litterman(
    covariance: _Array, market: _Array, *, aversion: float, views: _Array, expected: _Array,
    uncertainty: _Array, tau: float = 0.05,
) -> tuple[_Array, _Array]:  # fmt: skip
    """Return posterior mean and covariance of the returns, shapes (n,) and (n, n).

    Black and Litterman (1992), "Global portfolio optimization", Financial Analysts Journal 48, in
    the form of He and Litterman (1999), equations 8 and 9.

    Parameters
    ----------
    covariance : ndarray, shape (n, n)
        Of the returns.
    market : ndarray, shape (n,)
        Weights that the market holds: with them the prior mean is ``aversion covariance market``.
    aversion : float
        Of the market to risk.
    views : ndarray, shape (k, n)
        A portfolio each.
    expected, uncertainty : ndarray, shape (k,)
        What each is expected to earn, and the variance of that opinion.
    tau : float
        Variance of the prior mean, relative to that of the returns.

    Raises
    ------
    ValueError
        If shapes do not fit, or a variance is not positive.
    """
    n, k = len(covariance), len(expected)
    if market.shape != (n,) or views.shape != (k, n) or uncertainty.shape != (k,):
        raise ValueError(
            f"shapes must be ({n},), ({k}, {n}) and ({k},), not {market.shape}, {views.shape} and "
            f"{uncertainty.shape}"
        )
    if tau <= 0 or not (uncertainty > 0).all():
        raise ValueError("tau and every uncertainty must be positive")
    prior = aversion * covariance @ market
    spread = tau * covariance @ views.T
    gain = np.linalg.solve(views @ spread + np.diag(uncertainty), spread.T).T
    mean = prior + gain @ (expected - views @ prior)
    return mean, covariance + tau * covariance - gain @ spread.T
