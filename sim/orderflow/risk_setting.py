"""Limits and prices that leave room to trade, for traffic through a risk gate."""

from dataclasses import dataclass
from typing import Final

from hw.registers import LIMITS
from hw.risk_parameters import RiskParameters
from sim.models.risk_limits import RiskLimits

__all__ = ["STEP_TIME", "Setting", "divisor_fields"]

#: Mean time between requests [ns].
STEP_TIME: Final = 300
_WIDE_BITS: Final = 16  # builds with fewer bits get smaller numbers
_LEAST_TIME_BITS: Final = 32
_LOT_BITS: Final = 32
#: Of the circuit breaker, above what any traffic does.
_THRESHOLDS: Final = (
    "breaker_silence", "return_limit0", "return_limit1", "return_limit2", "depth_shift",
    "spread_limit", "divergence_limit", "breaker_rate",
)  # fmt: skip


def divisor_fields(step: int, bits: int) -> tuple[int, int, int]:
    """Return mask, inverse and bound that describe a divisor of numbers of some bits."""
    power = step & -step
    odd = step // power
    return power - 1, pow(odd, -1, 1 << bits), ((1 << bits) - 1) // odd


@dataclass(frozen=True, kw_only=True, slots=True)
class Trading:
    """How an instrument is traded.

    Attributes
    ----------
    lot, step : int
        Of quantities [lots] and of prices [ticks].
    price : int
        In the middle of its band [ticks].
    reach : int
        Half of its band [steps].
    """

    lot: int
    step: int
    price: int
    reach: int


class Setting:
    """Limits of every row, none of which is in the way of an ordinary order.

    Limits that no check of an order looks at are 0; the circuit breaker watches, and does nothing.

    Parameters
    ----------
    parameters : RiskParameters
        The build.

    Attributes
    ----------
    trading : list of Trading
        By instrument.
    places : list of (int, int)
        Instruments and venues with a book.
    limits : dict of str to list of int
        By register name, one number for each row.

    Raises
    ------
    ValueError
        If times of the build are too short for the traffic.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        if parameters.time_bits < _LEAST_TIME_BITS:
            raise ValueError(
                f"time_bits must be at least {_LEAST_TIME_BITS}, not {parameters.time_bits}"
            )
        self.parameters = parameters
        self.trading = [self._trading(i) for i in range(parameters.instruments)]
        instruments, venues = parameters.instruments, parameters.venues
        rows = [(b % instruments, (b + b // instruments) % venues) for b in range(parameters.books)]
        self.places = sorted(set(rows))
        self.limits: dict[str, list[int]] = {
            "book_market": [i | venue << 8 | 1 << 16 for i, venue in rows],
            "account_flags": [1] * parameters.accounts,
        }
        self._venues()
        self._strategies()
        self._box()
        self._instruments()
        for name, values in RiskLimits(parameters).active.items():
            self.limits.setdefault(name, values)

    def _trading(self, i: int) -> Trading:
        p = self.parameters
        lots = (1, 10, 100, 3) if p.quantity_bits >= _WIDE_BITS else (1, 2, 1, 3)
        steps = (1, 5, 2, 25) if p.tick_bits >= _WIDE_BITS else (1, 2, 1, 3)
        step = steps[i % 4]
        price = min(10_000, 1 << (p.tick_bits - 2)) // step * step
        return Trading(lot=lots[i % 4], step=step, price=price, reach=min(100, price // 2 // step))

    def largest(self, name: str) -> int:
        """Return the largest value of a limit that this build can hold."""
        width = next(fields[name].width for fields in LIMITS.values() if name in fields)
        return (1 << self.parameters.limit_bits(name, width)) - 1

    def _instruments(self) -> None:
        p = self.parameters
        lot_bits = min(_LOT_BITS, p.quantity_bits)
        lots = [divisor_fields(t.lot, lot_bits) for t in self.trading]
        steps = [divisor_fields(t.step, p.tick_bits) for t in self.trading]
        n = range(p.instruments)
        for k, part in enumerate(("mask", "inverse", "bound")):
            self.limits[f"lot_{part}"] = [fields[k] for fields in lots]
            self.limits[f"tick_{part}"] = [fields[k] for fields in steps]
        self.limits |= {
            "instrument_flags": [0b011] * p.instruments,
            "breaker_flags": [1] * p.instruments,
            **{name: [self.largest(name)] * p.instruments for name in _THRESHOLDS},
            "min_quantity": [2 * t.lot for t in self.trading],
            "max_quantity": [15 * t.lot for t in self.trading],
            "min_tick": [t.price - t.reach * t.step for t in self.trading],
            "max_tick": [t.price + t.reach * t.step for t in self.trading],
            "collar": [t.reach // 2 * t.step for t in self.trading],
            "max_notional": [14 * t.lot * t.price for t in self.trading],
            "max_long": [80 * t.lot for t in self.trading],
            "max_short": [80 * t.lot for t in self.trading],
            "max_loss": [self.largest("max_loss")] * p.instruments,
            "lot_value": [1 + i % 7 for i in n],
            "max_instrument_orders": [max(3, p.order_slots // 14)] * p.instruments,
            "max_age": [400 * STEP_TIME] * p.instruments,
            "duplicate_window": [(0, 2, 5)[i % 3] * STEP_TIME for i in n],
        }

    def _strategies(self) -> None:
        n = self.parameters.strategies
        self.limits |= {
            "strategy_flags": [1] * n,
            "strategy_instruments": [self.largest("strategy_instruments")] * n,
            "strategy_period": [n * STEP_TIME] * n,
            "strategy_tolerance": [4 * n * STEP_TIME] * n,
            "max_strategy_orders": [max(3, self.parameters.order_slots // 14)] * n,
            "max_executions": [2000 // n] * n,
            "message_ratio": [4 + s % 4 for s in range(n)],
            "message_allowance": [100] * n,
        }

    def _venues(self) -> None:
        n = self.parameters.venues
        self.limits |= {
            "venue_flags": [1] * n,
            "venue_period": [n * STEP_TIME // 2] * n,
            "venue_tolerance": [4 * n * STEP_TIME] * n,
        }

    def _box(self) -> None:
        slots = self.parameters.order_slots
        values = {
            "box_period": STEP_TIME // 2,
            "box_tolerance": 6 * STEP_TIME,
            "burst_period": STEP_TIME // 4,
            "burst_tolerance": STEP_TIME,
            "max_gross": self.largest("max_gross"),
            "max_net": self.largest("max_net"),
            "max_open_orders": slots * 5 // 8,
            "reject_limit": 32,
            "deadman_timeout": self.largest("deadman_timeout"),
            "box_flags": 0,
        }
        self.limits |= {name: [value] for name, value in values.items()}
