"""Conditional value at risk and conditional drawdown at risk of a portfolio, with subgradients."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["ConditionalDrawdown", "ConditionalValueAtRisk"]

_Vector = NDArray[np.float64]


class ConditionalValueAtRisk:
    """Mean loss of the worst ``1 - level`` of all scenarios (Acerbi and Tasche 2002, definition 3).

    Parameters
    ----------
    returns : ndarray, shape (t, n)
        Equally likely scenarios.
    level : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If there is no scenario, a return is not finite, or the level is out of range.
    """

    def __init__(self, returns: _Vector, level: float) -> None:
        self.returns = _checked(returns, level)
        self._tail = (1 - level) * len(returns)

    def __call__(self, weights: _Vector) -> tuple[float, _Vector]:
        """Return value and subgradient, shape (n,)."""
        losses = -(self.returns @ weights)
        worst, share = _worst(losses, self._tail)
        return float(share @ losses[worst]), -(share @ self.returns[worst])


class ConditionalDrawdown:
    """Mean of the worst ``1 - level`` of all drawdowns (Chekhlov, Uryasev and Zabarankin 2005).

    The drawdown at a time is how far the sum of the returns is below its highest value until then,
    0 at the start included.

    Parameters
    ----------
    returns : ndarray, shape (t, n)
        In the order of time.
    level : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As ``ConditionalValueAtRisk``.
    """

    def __init__(self, returns: _Vector, level: float) -> None:
        checked = _checked(returns, level)
        self.paths = np.vstack((np.zeros(checked.shape[1]), np.cumsum(checked, axis=0)))
        self._tail = (1 - level) * len(checked)

    def __call__(self, weights: _Vector) -> tuple[float, _Vector]:
        """Return value and subgradient, shape (n,)."""
        wealth = self.paths @ weights
        peak = np.maximum.accumulate(wealth)
        # The last time at which the peak was reached.
        times = np.arange(len(wealth))
        reached = np.maximum.accumulate(np.where(wealth >= peak, times, 0))
        fall = (peak - wealth)[1:]
        worst, share = _worst(fall, self._tail)
        slope = share @ (self.paths[reached[worst + 1]] - self.paths[worst + 1])
        return float(share @ fall[worst]), slope


def _worst(losses: _Vector, tail: float) -> tuple[NDArray[np.intp], _Vector]:
    """Return the largest losses and their shares of the tail; the last one may count in part."""
    whole = min(math.floor(tail * (1 + 1e-12)), len(losses))
    count = min(whole + 1, len(losses))
    largest = np.argpartition(losses, len(losses) - count)[len(losses) - count :]
    worst = largest[np.argsort(losses[largest])[::-1]]
    share = np.full(count, 1 / tail)
    if count > whole:
        share[-1] = max(tail - whole, 0.0) / tail
    return worst, share


def _checked(returns: _Vector, level: float) -> _Vector:
    if returns.ndim != 2 or not returns.size:
        raise ValueError(f"returns must have shape (t, n), not {returns.shape}")
    if not np.isfinite(returns).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(returns))[0])
        raise ValueError(
            f"returns must be finite, not {returns[row, column]} in row {row}, column {column}"
        )
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    return np.ascontiguousarray(returns, dtype=np.float64)
