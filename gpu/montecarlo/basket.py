"""Options on several correlated assets, with their standard error.

References
----------
Glasserman (2003), "Monte Carlo methods in financial engineering", sections 2.3.3 and 3.2.3.
Margrabe (1978), "The value of an option to exchange one asset for another".
Stulz (1982), "Options on the minimum or the maximum of two risky assets".
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu.backend import Backend
from gpu.basket_task import BasketPayoff, BasketTask
from gpu.montecarlo.closed_forms import lognormal_gain
from gpu.montecarlo.estimate import Estimate, estimated

__all__ = ["BasketOption", "basket_price", "product_price"]

Floats = NDArray[np.float64]

_ROUNDING = 1e-10  # of a correlation


@dataclass(frozen=True, kw_only=True, eq=False)
class BasketOption:
    """An option on assets that follow correlated geometric Brownian motions.

    Parameters
    ----------
    payoff : BasketPayoff
        Gain of the sum of the amounts; of their product, ``B prod (S_i(t) / S_i(0))^a_i`` with
        ``B`` the sum of the amounts today and ``a_i`` the share of each; of the largest or the
        least amount.
    call : bool
        Call or put.
    spots : array of float, shape (assets,)
        Prices today [any currency], positive.
    weights : array of float, shape (assets,)
        Amount of an asset is its weight times its price. A product needs positive ones.
    vols, dividends : array of float, shape (assets,)
        Volatility [1/sqrt(year)], not negative, and yield [1/year].
    correlations : array of float, shape (assets, assets)
        Of the returns: symmetric, 1 on the diagonal, positive semidefinite.
    strike : float
        Strike [currency of the spots], not negative.
    rate : float
        Riskless rate with continuous compounding [1/year].
    expiry : float
        Time to the payment [years], positive.
    fixings : int
        Equidistant times over which the level is averaged, the last one at the expiry.

    Raises
    ------
    ValueError
        If a number is out of range, the shapes differ, or the correlations are none.
    """

    payoff: BasketPayoff
    call: bool
    spots: Floats
    weights: Floats
    vols: Floats
    dividends: Floats
    correlations: Floats
    strike: float
    rate: float
    expiry: float
    fixings: int = 1

    def __post_init__(self) -> None:
        n = len(self.spots)
        for name in ("spots", "weights", "vols", "dividends"):
            values = getattr(self, name)
            if values.shape != (n,) or not np.isfinite(values).all():
                raise ValueError(f"{name} must be {n} finite numbers, not {values}")
        if not (self.spots > 0).all() or (self.vols < 0).any():
            raise ValueError("spots must be positive and vols not negative")
        if not (math.isfinite(self.rate) and math.isfinite(self.expiry) and self.expiry > 0):
            raise ValueError(f"rate and expiry must be finite and expiry positive: {self}")
        if not (math.isfinite(self.strike) and self.strike >= 0):
            raise ValueError(f"strike must be finite and not negative, not {self.strike}")
        if self.fixings < 1:
            raise ValueError(f"fixings must be at least 1, not {self.fixings}")
        if self.payoff == BasketPayoff.PRODUCT and not self.has_product:
            raise ValueError("a product needs positive weights and a positive strike")
        _checked(self.correlations, n)

    @property
    def discount(self) -> float:
        """Today's value of 1 at the expiry."""
        return math.exp(-self.rate * self.expiry)

    @property
    def has_product(self) -> bool:
        """Whether the product of the amounts is defined, and an option on it has a closed form."""
        return bool((self.weights > 0).all()) and self.strike > 0

    @property
    def times(self) -> Floats:
        """Times of the fixings [years]."""
        return np.linspace(self.expiry / self.fixings, self.expiry, self.fixings)


def basket_price(
    option: BasketOption,
    *,
    paths: int,
    seed: int,
    backend: Backend,
    antithetic: bool = False,
    control: bool = True,
) -> Estimate:
    """Return the price of a basket option by Monte Carlo.

    Parameters
    ----------
    option : BasketOption
        What is priced.
    paths : int
        Independent samples, at least 2.
    seed : int
        Key of the random numbers, 64 bits.
    backend : Backend
        What runs the kernel.
    antithetic : bool
        Whether a sample is the mean of a path and its mirror.
    control : bool
        Whether the control variate is used: the option on the product under one on the sum with
        positive weights, the sum of the amounts under any other.

    Raises
    ------
    ValueError
        If there are fewer than 2 paths, more than 32 assets, or a number is out of range.
    """
    task = _task(option, paths, seed, antithetic)
    expected = None
    if control and option.payoff == BasketPayoff.SUM and task.total:
        expected = product_price(option) / option.discount
    elif control:
        growth = np.exp(np.outer(option.times, option.rate - option.dividends)).mean(axis=0)
        expected = float((option.weights * option.spots) @ growth)
    return estimated(
        backend.basket_sums(task),
        paths=paths,
        steps=option.fixings,
        walks=2 if antithetic else 1,
        discount=option.discount,
        expected=expected,
    )


def product_price(option: BasketOption) -> float:
    """Return the price of the option on the product, whatever payoff is named.

    Raises
    ------
    ValueError
        If a weight or the strike is not positive.
    """
    if not option.has_product:
        raise ValueError("a product needs positive weights and a positive strike")
    amounts = option.weights * option.spots
    shares = amounts / amounts.sum()
    mean = shares @ (option.rate - option.dividends - option.vols**2 / 2) * option.times.mean()
    exposed = shares * option.vols
    once = exposed @ option.correlations @ exposed
    variance = once * np.minimum.outer(option.times, option.times).mean()
    forward = float(amounts.sum() * np.exp(mean + variance / 2))
    sign = 1 if option.call else -1
    deviation = math.sqrt(max(variance, 0.0))
    return option.discount * lognormal_gain(forward, option.strike, deviation, sign)


def _task(option: BasketOption, paths: int, seed: int, antithetic: bool) -> BasketTask:
    step = option.expiry / option.fixings
    amounts = option.weights * option.spots
    total = float(amounts.sum()) if option.has_product else 0.0
    drifts = (option.rate - option.dividends - option.vols**2 / 2) * step
    factor = _cholesky(option.correlations) * (option.vols * math.sqrt(step))[:, None]
    return BasketTask(
        paths=paths,
        seed=seed,
        fixings=option.fixings,
        payoff=option.payoff,
        antithetic=antithetic,
        call=option.call,
        strike=option.strike,
        total=total,
        amounts=tuple(amounts.tolist()),
        shares=tuple((amounts / total if total else 0.0 * amounts).tolist()),
        drifts=tuple(drifts.tolist()),
        factors=tuple(tuple(row[: i + 1].tolist()) for i, row in enumerate(factor)),
    )


def _checked(correlations: Floats, n: int) -> None:
    if correlations.shape != (n, n) or not np.isfinite(correlations).all():
        raise ValueError(f"correlations must be {n} rows of {n} finite numbers")
    if not np.allclose(correlations, correlations.T, rtol=0, atol=_ROUNDING):
        raise ValueError("correlations must be symmetric")
    if not np.allclose(np.diag(correlations), 1.0, rtol=0, atol=_ROUNDING):
        raise ValueError("correlations must be 1 on the diagonal")
    least = float(np.linalg.eigvalsh(correlations).min())
    if least < -_ROUNDING * n:
        raise ValueError(f"correlations must be positive semidefinite, not of eigenvalue {least:g}")


def _cholesky(matrix: Floats) -> Floats:
    """Return a lower factor, of a singular matrix too: a pivot of 0 leaves a column of 0."""
    n = len(matrix)
    factor = np.zeros((n, n))
    for j in range(n):
        pivot = matrix[j, j] - factor[j, :j] @ factor[j, :j]
        if pivot <= _ROUNDING:
            continue
        factor[j, j] = math.sqrt(pivot)
        factor[j + 1 :, j] = (matrix[j + 1 :, j] - factor[j + 1 :, :j] @ factor[j, :j]) / factor[
            j, j
        ]
    return factor
