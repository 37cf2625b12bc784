"""The efficient portfolios, known exactly between their corners."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Frontier"]

_Vector = NDArray[np.float64]
#: Returns outside the frontier that rounding explains, and returns that are the same; relative.
_ROUNDING: Final = 1e-9
_SAME: Final = 1e-10


@dataclass(frozen=True)
class Frontier:
    """The efficient portfolios, from the highest return to the least variance.

    Between two corners the weights are linear in the return, so all of them are known exactly.

    Parameters
    ----------
    tolerances : ndarray, shape (k,)
        Risk tolerance of each corner, falling: it minimises
        ``w' covariance w / 2 - tolerance * mean' w``.
    corners : ndarray, shape (k, n)
        Weights; each row adds up to 1.
    mean, covariance : ndarray, shapes (n,) and (n, n)
        As given.

    Attributes
    ----------
    returns, variances : ndarray, shape (k,)
        Of the corners, falling.
    """

    tolerances: _Vector
    corners: _Vector
    mean: _Vector
    covariance: _Vector
    returns: _Vector = field(init=False)
    variances: _Vector = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "returns", self.corners @ self.mean)
        object.__setattr__(self, "variances", self._variance(self.corners))

    def at_returns(self, returns: ArrayLike) -> _Vector:
        """Return the weights with the least variance for each expected return, shape (m, n).

        Raises
        ------
        ValueError
            If a return is not between those of the ends of the frontier.
        """
        wanted = np.atleast_1d(np.asarray(returns, dtype=np.float64))
        low, high = self.returns[-1], self.returns[0]
        slack = _ROUNDING * max(abs(low), abs(high))
        if not np.all((wanted >= low - slack) & (wanted <= high + slack)):
            raise ValueError(f"returns must be from {low:.9g} to {high:.9g}, not {wanted}")
        # Of corners with the same return the one with the least variance counts.
        apart = np.diff(self.returns[::-1], prepend=-np.inf) > _SAME * max(abs(low), abs(high))
        rising, corners = self.returns[::-1][apart], self.corners[::-1][apart]
        if len(rising) == 1:
            return np.repeat(corners, len(wanted), axis=0)
        above = np.clip(np.searchsorted(rising, wanted), 1, len(rising) - 1)
        share = (wanted - rising[above - 1]) / (rising[above] - rising[above - 1])
        share = np.clip(share, 0, 1)[:, None]
        weights: _Vector = (1 - share) * corners[above - 1] + share * corners[above]
        return weights

    def variances_at(self, returns: ArrayLike) -> _Vector:
        """Return the least variance for each expected return, shape (m,).

        Raises
        ------
        ValueError
            As ``at_returns``.
        """
        return self._variance(self.at_returns(returns))

    @property
    def least_variance(self) -> _Vector:
        """Weights of the portfolio with the least variance, shape (n,)."""
        weights: _Vector = self.corners[-1]
        return weights

    def most_sharpe(self, riskless: float = 0.0) -> _Vector:
        """Return the weights with the highest Sharpe ratio, shape (n,).

        Between two corners excess return is linear and variance quadratic in the share of
        one of them: the best share has a closed form.

        Raises
        ------
        ValueError
            If no portfolio earns more than the riskless return.
        """
        if self.returns[0] <= riskless:
            raise ValueError(
                f"no return is above {riskless:.9g}: the highest is {self.returns[0]:.9g}"
            )
        best: _Vector = self.corners[0]
        ratio = -np.inf
        for one, two in zip(
            self.corners, np.vstack((self.corners[1:], self.corners[-1:])), strict=True
        ):
            weights = one + self._best_share(one, two - one, riskless) * (two - one)
            excess = weights @ self.mean - riskless
            found = excess / np.sqrt(max(weights @ self.covariance @ weights, np.finfo(float).tiny))
            if found > ratio:
                best, ratio = weights, found
        return best

    def _best_share(self, start: _Vector, way: _Vector, riskless: float) -> float:
        e0, e1 = start @ self.mean - riskless, way @ self.mean
        v0, v1 = start @ self.covariance @ start, start @ self.covariance @ way
        v2 = way @ self.covariance @ way
        # (e0 + e1 t) / sqrt(v0 + 2 v1 t + v2 t^2) is stationary where this is 0.
        below = e1 * v1 - e0 * v2
        share = (e0 * v1 - e1 * v0) / below if below else 0.0
        return float(np.clip(share, 0.0, 1.0))

    def _variance(self, weights: _Vector) -> _Vector:
        variance: _Vector = np.einsum("ij,ij->i", weights @ self.covariance, weights)
        return variance
