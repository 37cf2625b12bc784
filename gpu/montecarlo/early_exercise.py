"""American and Bermudan options on one asset by regression, a lower bound with its error.

References
----------
Longstaff and Schwartz (2001), "Valuing American options by simulation: a simple least-squares
approach".
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gpu.montecarlo.option import Option
from gpu.task import Payoff

__all__ = ["Bound", "exercise_price"]

Floats = NDArray[np.float64]

_CHUNK: Final = 1 << 14  # paths that are valued at a time
_DEGREE: Final = 3  # of the polynomial in moneyness


@dataclass(frozen=True)
class Bound:
    """What following the rule is worth: a lower bound of the option.

    Parameters
    ----------
    value : float
        Mean over the second set of paths [currency of the spot].
    stderr : float
        Its standard error [currency of the spot].
    paths : int
        Paths of the second set; an antithetic pair is two.
    dates : int
        Dates of exercise, equidistant, the last one at the expiry.
    """

    value: float
    stderr: float
    paths: int
    dates: int


def exercise_price(option: Option, *, dates: int, paths: int, seed: int) -> Bound:
    """Return the price of an option that can be exercised at any of the dates.

    Parameters
    ----------
    option : Option
        European payoff under geometric Brownian motion; not exercised today.
    dates : int
        Dates of exercise, at least 1. An American option is the limit of many.
    paths : int
        Paths of each of the two sets, even, at least 1,000.
    seed : int
        Seed of both sets, not negative.

    Raises
    ------
    ValueError
        If a count is out of range, or the option is not European in its payoff or has no vol.

    Notes
    -----
    The rule comes from a first set of paths: at each date, from the last back, the discounted
    payment that follows is regressed on a cubic polynomial of moneyness over the paths in the
    money, in double precision. The rule is then followed on a second, independent set, so the
    mean has no foresight and is a lower bound in expectation. The first set holds its prices at
    the dates; the second is walked in chunks of 16,384.
    """
    if option.payoff != Payoff.EUROPEAN or not option.vol > 0:
        raise ValueError(f"early exercise needs a European payoff and a positive vol: {option}")
    if dates < 1:
        raise ValueError(f"dates must be at least 1, not {dates}")
    if paths < 1000 or paths % 2:
        raise ValueError(f"paths must be even and at least 1000, not {paths}")
    first, second = np.random.SeedSequence(seed).spawn(2)
    rule = _rule(option, _walk(option, dates, paths, np.random.default_rng(first)))
    generator = np.random.default_rng(second)
    pairs = [
        _followed(option, rule, _walk(option, dates, min(_CHUNK, paths - done), generator))
        for done in range(0, paths, _CHUNK)
    ]
    means = np.concatenate(pairs)
    error = float(means.std(ddof=1)) / math.sqrt(len(means))
    return Bound(value=float(means.mean()), stderr=error, paths=paths, dates=dates)


def _walk(option: Option, dates: int, paths: int, generator: np.random.Generator) -> Floats:
    """Return prices, shape (dates, paths): the second half of the paths mirrors the first."""
    step = option.expiry / dates
    drift = (option.rate - option.dividend - option.vol**2 / 2) * step
    half = generator.standard_normal((dates, paths // 2))
    both = np.concatenate([half, -half], axis=1) * (option.vol * math.sqrt(step)) + drift
    return np.asarray(option.spot * np.exp(np.cumsum(both, axis=0)))


def _gain(option: Option, price: Floats) -> Floats:
    return np.maximum(option.sign * (price - option.strike), 0.0)


def _basis(option: Option, price: Floats) -> Floats:
    return np.vander(price / option.strike - 1.0, _DEGREE + 1)


def _rule(option: Option, prices: Floats) -> list[Floats | None]:
    """Return the coefficients of what waiting is worth, by date; None where one always waits."""
    decay = math.exp(-option.rate * option.expiry / len(prices))
    cash = _gain(option, prices[-1])
    rule: list[Floats | None] = [None] * (len(prices) - 1)
    for date in range(len(prices) - 2, -1, -1):
        cash *= decay
        gain = _gain(option, prices[date])
        inside = np.flatnonzero(gain > 0)
        if len(inside) < 10 * (_DEGREE + 1):
            continue
        basis = _basis(option, prices[date, inside])
        fit = np.asarray(np.linalg.lstsq(basis, cash[inside])[0], dtype=np.float64)
        now = inside[gain[inside] > basis @ fit]
        rule[date] = fit
        cash[now] = gain[now]
    return rule


def _followed(option: Option, rule: list[Floats | None], prices: Floats) -> Floats:
    """Return today's value of each antithetic pair."""
    decay = math.exp(-option.rate * option.expiry / len(prices))
    cash = _gain(option, prices[-1])
    for date in range(len(prices) - 2, -1, -1):
        cash *= decay
        fit = rule[date]
        if fit is not None:
            gain = _gain(option, prices[date])
            now = (gain > 0) & (gain > _basis(option, prices[date]) @ fit)
            cash[now] = gain[now]
    half = len(cash) // 2
    return np.asarray(decay * (cash[:half] + cash[half:]) / 2)
