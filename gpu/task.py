"""What a kernel of geometric Brownian motion is asked to do, for every backend."""

import ctypes
import enum
import math
from dataclasses import dataclass
from typing import Final

__all__ = ["FIELDS", "GBM_PAYOFFS", "GbmTask", "Payoff", "Samples"]


class Payoff(enum.IntEnum):
    """What is paid at the end; the numbers are those of ``payoff.h``."""

    EUROPEAN = 0  # on the last price
    ARITHMETIC = 1  # on the arithmetic average of the fixings
    GEOMETRIC = 2  # on the geometric average of the fixings
    KNOCK_OUT = 3  # on the last price, if no price touched the barrier
    KNOCK_IN = 4  # on the last price, if a price touched the barrier
    LOOKBACK_FLOATING = 5  # last price over the least one, or the highest over the last
    LOOKBACK_FIXED = 6  # on the highest price, or a put on the least


#: Those that the kernel of geometric Brownian motion has; that of the models has all.
GBM_PAYOFFS: Final = (Payoff.EUROPEAN, Payoff.ARITHMETIC, Payoff.GEOMETRIC, Payoff.KNOCK_OUT)


#: Of the struct ``Gbm`` of ``gbm.h``, in order, each the attribute of a task with that name.
FIELDS: Final = (
    ("paths", ctypes.c_uint64),
    ("seed", ctypes.c_uint64),
    ("steps", ctypes.c_uint32),
    ("payoff", ctypes.c_uint32),
    ("antithetic", ctypes.c_uint32),
    ("sign", ctypes.c_float),
    ("spot", ctypes.c_float),
    ("strike", ctypes.c_float),
    ("drift", ctypes.c_float),
    ("vol", ctypes.c_float),
    ("barrier", ctypes.c_float),
)


class _Fields(ctypes.Structure):
    _fields_ = FIELDS


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What every kernel of paths is asked.

    Parameters
    ----------
    paths : int
        Samples; an antithetic sample is the mean of a path and its mirror.
    seed : int
        Key of the random numbers, 64 bits.
    antithetic, call : bool
        Whether each path has its mirror; call or put.

    Raises
    ------
    ValueError
        If there is no sample or there are too many, or the seed has no 64 bits.
    """

    paths: int
    seed: int
    antithetic: bool
    call: bool

    def __post_init__(self) -> None:
        if not 1 <= self.paths < 2**40:
            raise ValueError(f"paths must be from 1 to 2^40 - 1, not {self.paths}")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"seed must be from 0 to 2^64 - 1, not {self.seed}")

    @property
    def sign(self) -> int:
        """1 of a call, -1 of a put."""
        return 1 if self.call else -1


@dataclass(frozen=True, kw_only=True)
class GbmTask(Samples):
    """Samples of a payoff under geometric Brownian motion, not discounted.

    Parameters
    ----------
    paths, seed, antithetic, call
        As of ``Samples``.
    steps : int
        Fixings, equidistant, the last one at the end.
    payoff : Payoff
        What is paid.
    spot, strike : float
        Prices [any currency].
    drift, vol : float
        Mean and standard deviation of the change of the price's logarithm, a step.
    barrier : float
        Logarithm of barrier over spot; above 0 an upper barrier, below a lower one.

    Raises
    ------
    ValueError
        If a count is not positive, a price is not positive and finite, or the seed has no 64 bits.
    """

    steps: int
    payoff: Payoff
    spot: float
    strike: float
    drift: float
    vol: float
    barrier: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.steps < 2**31:
            raise ValueError(f"steps must be from 1 to 2^31 - 1, not {self.steps}")
        for name in ("spot", "strike"):
            price = getattr(self, name)
            if not (math.isfinite(price) and price > 0):
                raise ValueError(f"{name} must be positive and finite, not {price}")
        if not (math.isfinite(self.drift) and math.isfinite(self.vol) and self.vol >= 0):
            raise ValueError(f"drift and vol must be finite and vol not negative: {self}")
        if self.payoff not in GBM_PAYOFFS:
            raise ValueError(f"the kernel of one diffusion has no payoff {self.payoff.name}")
        if self.payoff == Payoff.KNOCK_OUT and not (
            self.vol > 0 and self.barrier != 0 and math.isfinite(self.barrier)
        ):
            raise ValueError(f"a knock-out needs a positive vol and a barrier off the spot: {self}")

    def as_struct(self) -> ctypes.Structure:
        """Return the struct ``Gbm`` of ``gbm.h``."""
        return _Fields(**{name: getattr(self, name) for name, _ in FIELDS})
