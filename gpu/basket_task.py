"""What the kernel of correlated assets is asked to do."""

import ctypes
import enum
import math
from dataclasses import dataclass
from typing import Final

from gpu.task import Samples

__all__ = ["MOST_ASSETS", "BasketPayoff", "BasketTask"]

MOST_ASSETS: Final = 32  # the same in basket.h
_FACTORS: Final = MOST_ASSETS * (MOST_ASSETS + 1) // 2


class BasketPayoff(enum.IntEnum):
    """What the gain is of; the numbers are those of ``basket.h``."""

    SUM = 0  # of the amounts, weight times price
    PRODUCT = 1  # of the prices to powers
    BEST = 2  # the largest amount
    WORST = 3  # the least amount


class _Fields(ctypes.Structure):
    _fields_ = (
        ("paths", ctypes.c_uint64),
        ("seed", ctypes.c_uint64),
        *((name, ctypes.c_uint32) for name in ("assets", "fixings", "payoff", "antithetic")),
        *((name, ctypes.c_float) for name in ("sign", "strike", "total")),
        *((name, ctypes.c_float * MOST_ASSETS) for name in ("amounts", "shares", "drifts")),
        ("factors", ctypes.c_float * _FACTORS),
    )


@dataclass(frozen=True, kw_only=True)
class BasketTask(Samples):
    """Samples of a payoff on correlated geometric Brownian motions, not discounted.

    Parameters
    ----------
    paths, seed, antithetic, call
        As of ``Samples``.
    fixings : int
        Equidistant, the last one at the end; levels are averaged over them.
    payoff : BasketPayoff
        What the gain is of.
    strike : float
        Strike [any currency].
    total : float
        Sum of the amounts today [currency of the strike]; 0 where there is no product.
    amounts, shares, drifts : tuple of float, shape (assets,)
        Weight times spot [currency of the strike]; exponents of the product; drift of the
        logarithm of a step.
    factors : tuple of tuple of float
        Rows of the Cholesky factor of the covariance of a step, row i of i + 1 numbers.

    Raises
    ------
    ValueError
        If a count is out of range, a number not finite, or the shapes differ.
    """

    fixings: int
    payoff: BasketPayoff
    strike: float
    total: float
    amounts: tuple[float, ...]
    shares: tuple[float, ...]
    drifts: tuple[float, ...]
    factors: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.fixings < 2**27:
            raise ValueError(f"fixings must be from 1 to 2^27 - 1, not {self.fixings}")
        if not 1 <= (n := len(self.amounts)) <= MOST_ASSETS:
            raise ValueError(f"assets must be from 1 to {MOST_ASSETS}, not {n}")
        shapes = [len(self.shares), len(self.drifts), *(len(row) - i for i, row in self.rows())]
        if shapes != [n, n] + [1] * n:
            raise ValueError(f"{n} assets need as many shares, drifts and rows that grow: {self}")
        numbers = (self.strike, self.total, *self.amounts, *self.shares, *self.drifts, *self.flat)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"every number must be finite: {self}")

    def rows(self) -> list[tuple[int, tuple[float, ...]]]:
        """Return the rows of the factor, numbered."""
        return list(enumerate(self.factors))

    @property
    def flat(self) -> tuple[float, ...]:
        """The rows of the factor one after the other."""
        return tuple(number for row in self.factors for number in row)

    def as_struct(self) -> ctypes.Structure:
        """Return the struct ``Basket`` of ``basket.h``."""
        own = ("paths", "seed", "fixings", "payoff", "antithetic", "sign", "strike", "total")
        arrays = {
            name: (ctypes.c_float * MOST_ASSETS)(*getattr(self, name))
            for name in ("amounts", "shares", "drifts")
        }
        return _Fields(
            **{name: getattr(self, name) for name in own},
            **arrays,
            assets=len(self.amounts),
            factors=(ctypes.c_float * _FACTORS)(*self.flat),
        )
