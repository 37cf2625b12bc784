"""Processes of a price, each by the characteristic function of its logarithm.

References
----------
Heston (1993), "A closed-form solution for options with stochastic volatility".
Merton (1976), "Option pricing when underlying stock returns are discontinuous".
Kou (2002), "A jump-diffusion model for option pricing".
Bates (1996), "Jumps and stochastic volatility".
Albrecher, Mayer, Schoutens and Tistaert (2007), "The little Heston trap".
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gpu.montecarlo.checks import check_numbers

__all__ = ["Bates", "BlackScholes", "Heston", "Kou", "Merton", "Process"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


class Process(Protocol):
    """What prices follow."""

    def log_characteristic(self, u: Floats, expiry: float) -> Complex:
        """Return ``log E exp(i u log(S / F))``, of the price over its forward.

        Parameters
        ----------
        u : array of float, shape (n,)
            Arguments.
        expiry : float
            Time [years].
        """
        ...


@dataclass(frozen=True, kw_only=True)
class BlackScholes:
    """Geometric Brownian motion.

    Parameters
    ----------
    vol : float
        Volatility [1/sqrt(year)], not negative.

    Raises
    ------
    ValueError
        If the volatility is out of range.
    """

    vol: float

    def __post_init__(self) -> None:
        check_numbers(self, not_negative=("vol",))

    def log_characteristic(self, u: Floats, expiry: float) -> Complex:
        """Return the logarithm of the characteristic function."""
        return np.asarray(-expiry * self.vol**2 / 2.0 * (u * u + 1j * u))


@dataclass(frozen=True, kw_only=True)
class Heston:
    """Variance is a square-root process: ``dv = kappa (theta - v) dt + sigma sqrt(v) dW``.

    Parameters
    ----------
    v0, theta : float
        Variance today, positive or 0, and in the long run, positive [1/year].
    kappa : float
        Speed of reversion [1/year], positive.
    sigma : float
        Volatility of the variance [1/year], positive.
    rho : float
        Correlation of price and variance, from -1 to 1.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    v0: float
    kappa: float
    theta: float
    sigma: float
    rho: float

    def __post_init__(self) -> None:
        check_numbers(self, positive=("kappa", "theta", "sigma"), not_negative=("v0",))
        if not -1.0 <= self.rho <= 1.0:
            raise ValueError(f"rho must be from -1 to 1, not {self.rho}")

    @property
    def feller(self) -> float:
        """``2 kappa theta / sigma^2``: the variance never reaches 0 if it is at least 1."""
        return 2.0 * self.kappa * self.theta / self.sigma**2

    def log_characteristic(self, u: Floats, expiry: float) -> Complex:
        """Return the logarithm; as written it crosses no branch cut, nor cancels at small sigma."""
        beta = self.kappa - 1j * self.rho * self.sigma * u
        both = u * u + 1j * u
        d = np.sqrt(beta * beta + self.sigma**2 * both)
        slope = -both / (beta + d)  # (beta - d) / sigma^2
        decay = -np.expm1(-d * expiry)
        lost = self.sigma**2 * slope * decay / (2.0 * d)
        g = self.sigma**2 * slope / (beta + d)
        mean = slope * expiry - 2.0 / self.sigma**2 * _log1p(lost)
        result: Complex = self.kappa * self.theta * mean + self.v0 * slope * decay / (
            1.0 - g * (1.0 - decay)
        )
        return result


@dataclass(frozen=True, kw_only=True)
class _JumpDiffusion(ABC):
    """A diffusion with compensated jumps."""

    vol: float
    intensity: float

    def __post_init__(self) -> None:
        check_numbers(self, not_negative=("vol", "intensity"))

    def log_characteristic(self, u: Floats, expiry: float) -> Complex:
        """Return the logarithm of the characteristic function."""
        return expiry * (self._jumps(u) - self.vol**2 / 2.0 * (u * u + 1j * u))

    @abstractmethod
    def _jumps(self, u: Floats) -> Complex:
        """Return the exponent of the jumps, a year."""


@dataclass(frozen=True, kw_only=True)
class Merton(_JumpDiffusion):
    """A diffusion with jumps whose logarithm is normal.

    Parameters
    ----------
    vol : float
        Volatility between jumps [1/sqrt(year)], not negative.
    intensity : float
        Jumps a year, not negative.
    jump_mean, jump_vol : float
        Mean and standard deviation of the jump of the logarithm.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    jump_mean: float
    jump_vol: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(self, not_negative=("jump_vol",))

    def _jumps(self, u: Floats) -> Complex:
        return _normal_jumps(u, self.intensity, self.jump_mean, self.jump_vol)


@dataclass(frozen=True, kw_only=True)
class Kou(_JumpDiffusion):
    """A diffusion with jumps whose logarithm is double exponential.

    Parameters
    ----------
    vol : float
        Volatility between jumps [1/sqrt(year)], not negative.
    intensity : float
        Jumps a year, not negative.
    up_share : float
        Share of upward jumps, from 0 to 1.
    up_rate, down_rate : float
        Reciprocals of the mean upward and downward jump of the logarithm; above 1, and positive.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    up_share: float
    up_rate: float
    down_rate: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(self, positive=("down_rate",))
        if not 0.0 <= self.up_share <= 1.0:
            raise ValueError(f"up_share must be from 0 to 1, not {self.up_share}")
        if not self.up_rate > 1.0:
            raise ValueError(f"up_rate must be above 1, not {self.up_rate}")

    def _jumps(self, u: Floats) -> Complex:
        def moment(s: Complex) -> Complex:
            up = self.up_share * self.up_rate / (self.up_rate - s)
            return up + (1.0 - self.up_share) * self.down_rate / (self.down_rate + s) - 1.0

        s: Complex = np.asarray(1j * u, dtype=np.complex128)
        return self.intensity * (moment(s) - s * moment(np.ones(1, dtype=np.complex128)))


@dataclass(frozen=True, kw_only=True)
class Bates(Heston):
    """Heston's variance with the jumps of Merton.

    Parameters
    ----------
    intensity : float
        Jumps a year, not negative.
    jump_mean, jump_vol : float
        Mean and standard deviation of the jump of the logarithm.
    """

    intensity: float
    jump_mean: float
    jump_vol: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(self, not_negative=("intensity", "jump_vol"))

    def log_characteristic(self, u: Floats, expiry: float) -> Complex:
        """Return the logarithm of the characteristic function."""
        jumps = _normal_jumps(u, self.intensity, self.jump_mean, self.jump_vol)
        return Heston.log_characteristic(self, u, expiry) + expiry * jumps


def _normal_jumps(u: Floats, intensity: float, mean: float, deviation: float) -> Complex:
    """Return the exponent of compensated jumps, a year."""
    s = 1j * u
    growth = math.expm1(mean + deviation**2 / 2.0)
    result: Complex = intensity * (np.expm1(s * mean + (s * deviation) ** 2 / 2.0) - s * growth)
    return result


def _log1p(z: Complex) -> Complex:
    """Return ``log(1 + z)`` to full precision at small z, which NumPy's does not."""
    x, y = z.real, z.imag
    result: Complex = np.log1p(2.0 * x + x * x + y * y) / 2.0 + 1j * np.arctan2(y, 1.0 + x)
    return result
