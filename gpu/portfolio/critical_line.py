"""The whole mean-variance frontier under bounds, by the critical line algorithm.

Markowitz (1956), "The optimization of a quadratic function subject to linear constraints", Naval
Research Logistics Quarterly 3; in the form of Niedermayer and Niedermayer (2010), "Applying
Markowitz's critical line algorithm", Handbook of Portfolio Construction.
"""

import itertools
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gpu.portfolio.constraints import InfeasibleError
from gpu.portfolio.frontier import Frontier

__all__ = ["efficient_frontier"]

_Vector = NDArray[np.float64]
#: Asymmetry and negative eigenvalues that rounding explains, relative to the largest entry.
_ROUNDING: Final = 1e-9
#: Between means that are equal, relative to the spread of all.
_TIE: Final = 1e-10


def efficient_frontier(
    mean: ArrayLike, covariance: ArrayLike, *, lower: ArrayLike = 0.0, upper: ArrayLike = 1.0
) -> Frontier:
    """Return the efficient frontier of fully invested portfolios.

    Parameters
    ----------
    mean : array_like, shape (n,)
        Expected returns.
    covariance : array_like, shape (n, n)
        Of the returns, symmetric and positive semidefinite.
    lower, upper : array_like, shape () or (n,)
        Bounds of the weights.

    Raises
    ------
    InfeasibleError
        If the bounds leave no portfolio; it says which.
    ValueError
        If the inputs are not finite, have other shapes, or are no covariance.
    """
    mu, sigma = _checked(mean, covariance)
    low = np.broadcast_to(np.asarray(lower, dtype=np.float64), mu.shape).copy()
    high = np.broadcast_to(np.asarray(upper, dtype=np.float64), mu.shape).copy()
    _check_bounds(low, high)
    line = _CriticalLine(_without_ties(mu, np.diag(sigma)), sigma, low, high)
    tolerances, corners = line.corners()
    return Frontier(tolerances, corners, mu, sigma)


def _checked(mean: ArrayLike, covariance: ArrayLike) -> tuple[_Vector, _Vector]:
    mu = np.asarray(mean, dtype=np.float64)
    sigma = np.asarray(covariance, dtype=np.float64)
    if mu.ndim != 1 or not len(mu) or sigma.shape != (len(mu), len(mu)):
        raise ValueError(f"shapes must be (n,) and (n, n), not {mu.shape} and {sigma.shape}")
    for name, values in (("mean", mu), ("covariance", sigma)):
        if not np.isfinite(values).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            raise ValueError(f"{name} must be finite, not {values[place]} at {place}")
    scale = max(float(np.abs(sigma).max()), np.finfo(float).tiny)
    if (off := float(np.abs(sigma - sigma.T).max())) > _ROUNDING * scale:
        raise ValueError(f"covariance must be symmetric; two entries differ by {off:.3g}")
    if (least := float(np.linalg.eigvalsh(sigma)[0])) < -_ROUNDING * scale * len(mu):
        raise ValueError(f"covariance must be positive semidefinite; an eigenvalue is {least:.3g}")
    return mu, (sigma + sigma.T) / 2


def _check_bounds(low: _Vector, high: _Vector) -> None:
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise ValueError("bounds must be finite")
    if (bad := np.flatnonzero(low > high)).size:
        i = int(bad[0])
        raise InfeasibleError(f"bounds of asset {i} contradict: {low[i]:.9g} > {high[i]:.9g}")
    if low.sum() > 1 + _ROUNDING:
        raise InfeasibleError(f"lower bounds add up to {low.sum():.9g}, more than 1")
    if high.sum() < 1 - _ROUNDING:
        raise InfeasibleError(f"upper bounds add up to {high.sum():.9g}, less than 1")


def _without_ties(mu: _Vector, variance: _Vector) -> _Vector:
    """Return means that differ, so that each corner has one asset that changes sides.

    Of equal ones the asset with the least variance stays; the others lose so little that the
    frontier does not show it.
    """
    order = np.lexsort((variance, -mu))
    spread = float(np.ptp(mu)) or float(np.sqrt(variance.max())) or 1.0
    step = _TIE * spread
    found = mu.copy()
    for before, here in itertools.pairwise(order):
        found[here] = min(found[here], found[before] - step)
    return found


class _CriticalLine:
    """Walk from the highest return to the least variance, from corner to corner."""

    def __init__(self, mu: _Vector, sigma: _Vector, low: _Vector, high: _Vector) -> None:
        self.mu, self.sigma, self.low, self.high = mu, sigma, low, high
        self.weights, first = self._highest_return()
        self.free = np.zeros(len(mu), dtype=bool)
        self.free[first] = True
        self.changed = first

    def _highest_return(self) -> tuple[_Vector, int]:
        """Return the weights with the highest return, and the asset that bounds leave free."""
        weights, left = self.low.copy(), 1 - self.low.sum()
        order = np.argsort(-self.mu)
        for i in order:
            add = min(self.high[i] - self.low[i], left)
            weights[i] += add
            left -= add
            if left <= 0:
                return weights, int(i)
        return weights, int(order[-1])

    def corners(self) -> tuple[_Vector, _Vector]:
        """Return tolerances and weights of all corners."""
        tolerance = np.inf
        tolerances: list[float] = []
        corners: list[_Vector] = []
        for _ in range(50 * len(self.mu) + 100):
            constant, slope, gradient, rise = self._line()
            reached, asset = self._next_event(tolerance, constant, slope, gradient, rise)
            weights = self.weights.copy()
            at = max(reached, 0.0)
            weights[self.free] = constant + at * slope if np.isfinite(at) else weights[self.free]
            self.weights = np.clip(weights, self.low, self.high)
            if not tolerances or at < tolerances[-1] or np.isinf(tolerances[-1]):
                tolerances.append(at)
                corners.append(self.weights.copy())
            else:
                corners[-1] = self.weights.copy()
            if reached <= 0:
                return np.array(tolerances), np.array(corners)
            tolerance = reached
            self.free[asset] = ~self.free[asset]
            if not self.free[asset]:
                near = (
                    self.weights[asset] - self.low[asset] < self.high[asset] - self.weights[asset]
                )
                self.weights[asset] = self.low[asset] if near else self.high[asset]
            self.changed = asset
        raise ArithmeticError("the critical line algorithm does not end: assets are too alike")

    def _line(self) -> tuple[_Vector, _Vector, _Vector, _Vector]:
        """Return the free weights, and the gradient of each asset, as linear in the tolerance."""
        free, bound = self.free, ~self.free
        inner = self.sigma[np.ix_(free, free)]
        cross = self.sigma[:, bound] @ self.weights[bound]
        ones = np.ones(int(free.sum()))
        solved = _solve(inner, np.column_stack((ones, self.mu[free], cross[free])))
        a, b, c = solved.T
        budget = 1 - self.weights[bound].sum()
        total = a.sum()
        # weights = a * price + b * tolerance - c, with the price of the budget that meets it.
        price0, price1 = (budget + c.sum()) / total, -b.sum() / total
        constant, slope = a * price0 - c, b + a * price1
        gradient = self.sigma[:, free] @ constant + cross - price0
        rise = self.sigma[:, free] @ slope - self.mu - price1
        return constant, slope, gradient, rise

    def _next_event(
        self, tolerance: float, constant: _Vector, slope: _Vector, gradient: _Vector, rise: _Vector
    ) -> tuple[float, int]:
        """Return the next tolerance at which an asset changes sides, and the asset."""
        events = np.full(len(self.mu), -np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            to_low = (self.low[self.free] - constant) / slope
            to_high = (self.high[self.free] - constant) / slope
            moves = np.abs(slope) > 1e-14 * max(float(np.abs(slope).max(initial=0)), 1e-300)
            leaves = np.where(slope > 0, to_low, to_high)
            events[self.free] = np.where(moves, leaves, -np.inf)
            enters = -gradient / rise
        # An asset at its lower bound may enter as its gradient falls below 0, and the other way.
        low = ~self.free & (self.weights <= (self.low + self.high) / 2)
        high = ~self.free & ~low
        fixed = self.low == self.high
        events[low] = np.where(rise[low] > 0, enters[low], -np.inf)
        events[high] = np.where(rise[high] < 0, enters[high], -np.inf)
        events[fixed | ~np.isfinite(events)] = -np.inf
        if np.isfinite(tolerance):
            # What has just changed sides does not change back where it stands.
            same = events >= tolerance * (1 - 1e-12)
            events[same] = tolerance
            if same[self.changed]:
                events[self.changed] = -np.inf
        asset = int(np.argmax(events))
        return float(events[asset]), asset


def _solve(matrix: _Vector, right: _Vector) -> _Vector:
    try:
        solved = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        solved = np.linalg.lstsq(matrix, right, rcond=None)[0]
    return np.asarray(solved, dtype=np.float64)
