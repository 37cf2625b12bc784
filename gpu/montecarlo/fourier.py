"""European prices from a characteristic function, by a series of cosines.

References
----------
Fang and Oosterlee (2008), "A novel pricing method for European options based on Fourier-cosine
series expansions".
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gpu.montecarlo.characteristic import Process
from gpu.montecarlo.checks import check_numbers

__all__ = ["Market", "european_prices"]

Floats = NDArray[np.float64]

_WIDTH: Final = 12.0  # of the interval, in deviations to each side
_NEGLIGIBLE: Final = 1e-14  # size of the last term of the characteristic function
_MOST_TERMS: Final = 1 << 14


@dataclass(frozen=True, kw_only=True)
class Market:
    """What every option of a surface shares.

    Parameters
    ----------
    spot : float
        Price today [any currency], positive.
    rate, dividend : float
        Riskless rate, and yield of the asset, with continuous compounding [1/year].

    Raises
    ------
    ValueError
        If a number is not finite or the spot not positive.
    """

    spot: float
    rate: float = 0.0
    dividend: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self, positive=("spot",))

    def forward(self, expiry: float) -> float:
        """Return the expected price [currency of the spot]."""
        return self.spot * math.exp((self.rate - self.dividend) * expiry)

    def discount(self, expiry: float) -> float:
        """Return today's value of 1 at the expiry."""
        return math.exp(-self.rate * expiry)


def european_prices(
    process: Process, market: Market, expiry: float, strikes: Floats, calls: NDArray[np.bool_]
) -> Floats:
    """Return the prices of European options of one expiry.

    Parameters
    ----------
    process : Process
        What the price follows.
    market : Market
        Spot and rates.
    expiry : float
        Time to the payment [years], positive.
    strikes : array of float, shape (n,)
        Strikes [currency of the spot], positive.
    calls : array of bool, shape (n,)
        Calls, and puts where False.

    Returns
    -------
    array of float, shape (n,)
        Prices [currency of the spot].

    Raises
    ------
    ValueError
        If expiry or a strike is not positive, the price has no variance, or the characteristic
        function decays too slowly for 16,384 terms.

    Notes
    -----
    Puts come from the series and calls from their parity. The interval is 12 deviations to each
    side, with the fourth cumulant as in the paper; the number of terms doubles until the
    characteristic function is below 1e-14 at the last of them.
    """
    if not (math.isfinite(expiry) and expiry > 0):
        raise ValueError(f"expiry must be positive and finite, not {expiry}")
    if not (np.isfinite(strikes).all() and (strikes > 0).all()):
        raise ValueError(f"strikes must be positive and finite, not {strikes}")
    low, high = _interval(process, expiry)
    w = _frequencies(process, expiry, high - low)
    density = np.exp(process.log_characteristic(w, expiry) - 1j * w * low).real
    density[0] /= 2.0
    forward = market.forward(expiry)
    top = np.clip(np.log(strikes / forward), low, high)
    payoff = strikes[:, None] * _unit(w, low, top) - forward * _exponential(w, low, top)
    puts = 2.0 / (high - low) * (payoff @ density)
    gains = np.where(calls, puts + forward - strikes, puts)
    return np.asarray(market.discount(expiry) * np.maximum(gains, 0.0))


def _interval(process: Process, expiry: float) -> tuple[float, float]:
    """Return where the logarithm lies, from its cumulants by differences of small arguments."""
    step = 0.01
    for _ in range(2):
        one, two = process.log_characteristic(np.array([step, 2.0 * step]), expiry)
        variance = -2.0 * one.real / step**2
        if not (math.isfinite(variance) and variance > 0):
            raise ValueError(f"the price must have a variance, not {variance}: {process}")
        mean, fourth = one.imag / step, (2.0 * two.real - 8.0 * one.real) / step**4
        step = 0.1 / math.sqrt(variance)
    half = _WIDTH * math.sqrt(variance + math.sqrt(max(fourth, 0.0)))
    return mean - half, mean + half


def _frequencies(process: Process, expiry: float, width: float) -> Floats:
    terms = 64
    while terms <= _MOST_TERMS:
        last = np.array([(terms - 1) * math.pi / width])
        if process.log_characteristic(last, expiry)[0].real < math.log(_NEGLIGIBLE):
            return np.asarray(np.arange(terms) * (math.pi / width), dtype=np.float64)
        terms *= 2
    raise ValueError(f"the characteristic function decays too slowly at {expiry} years: {process}")


def _unit(w: Floats, low: float, top: Floats) -> Floats:
    """Return the integrals of ``cos(w (y - low))`` from low to top, shape (strikes, terms)."""
    span = (top - low)[:, None]
    result: Floats = span * np.sinc(w * span / np.pi)
    return result


def _exponential(w: Floats, low: float, top: Floats) -> Floats:
    """Return the integrals of ``exp(y) cos(w (y - low))``, shape (strikes, terms)."""
    angle = w * (top - low)[:, None]
    end = np.exp(top)[:, None] * (np.cos(angle) + w * np.sin(angle))
    result: Floats = (end - math.exp(low)) / (1.0 + w * w)
    return result
