"""An option on one asset."""

import math
from dataclasses import dataclass
from typing import Final

from gpu.montecarlo.checks import check_numbers
from gpu.task import Payoff

__all__ = ["Contract", "Option"]

_BARRIERS: Final = (Payoff.KNOCK_OUT, Payoff.KNOCK_IN)


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What is priced, whatever the price follows.

    Parameters
    ----------
    payoff : Payoff
        European; Asian on the arithmetic or the geometric average of the fixings; European until a
        barrier knocks it out, or once it knocks it in; lookback on the highest and the least of
        today's price and the fixings.
    call : bool
        Call or put.
    spot, strike : float
        Prices [any currency].
    rate, dividend : float
        Riskless rate, and yield of the asset, with continuous compounding [1/year].
    expiry : float
        Time to the payment [years].
    fixings : int
        Equidistant prices that are watched, the last one at the expiry, today's not among them.
    barrier : float, optional
        Price that ends or begins the option of that payoff whenever it is touched [currency of the
        spot]; above the spot or below.

    Raises
    ------
    ValueError
        If a price or the expiry is not positive, or a number not finite.
    """

    payoff: Payoff
    call: bool
    spot: float
    strike: float
    rate: float
    expiry: float
    dividend: float = 0.0
    fixings: int = 1
    barrier: float | None = None

    def __post_init__(self) -> None:
        check_numbers(self, positive=("spot", "strike", "expiry"))
        if self.fixings < 1:
            raise ValueError(f"fixings must be at least 1, not {self.fixings}")
        if (self.payoff in _BARRIERS) != (self.barrier is not None):
            raise ValueError(f"a barrier is for a knock-out or a knock-in, and only there: {self}")
        if self.barrier is not None and not (self.barrier > 0 and self.barrier != self.spot):
            raise ValueError(f"barrier must be positive and not the spot, not {self.barrier}")

    @property
    def sign(self) -> int:
        """1 of a call, -1 of a put."""
        return 1 if self.call else -1

    @property
    def discount(self) -> float:
        """Today's value of 1 at the expiry."""
        return math.exp(-self.rate * self.expiry)

    @property
    def forward(self) -> float:
        """Expected price at the expiry [currency of the spot]."""
        return self.spot * math.exp((self.rate - self.dividend) * self.expiry)


@dataclass(frozen=True, kw_only=True)
class Option(Contract):
    """A contract under geometric Brownian motion.

    Parameters
    ----------
    vol : float
        Volatility [1/sqrt(year)].

    Raises
    ------
    ValueError
        As ``Contract``, or if the volatility is negative or not finite.
    """

    vol: float

    def __post_init__(self) -> None:
        check_numbers(self, not_negative=("vol",))
        super().__post_init__()
