"""A desk: what it trades, and limits as one would set them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from host.risk.defaults import DEFAULTS, BreakerDefaults
from host.risk.fields import LIMIT_REGISTERS
from host.risk.image import Image, entries
from hw.divisors import divisor_fields
from hw.risk_parameters import RiskParameters

__all__ = ["Desk", "Traded", "desk_limits"]

_MS: Final = 1_000_000
_SECOND: Final = 1_000_000_000
_PERCENT: Final = 100
_PLACE_IN_FORCE: Final = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Traded:
    """An instrument as the desk trades it.

    Attributes
    ----------
    symbol, currency : str
        For people.
    price : int
        What it trades at when the limits are set [ticks].
    tick_size, lot_size : Fraction
        A tick in units of the quote currency, a lot in units of the base.
    books : tuple of (int, int)
        Book and venue, one for each venue that trades it.
    lot, step : int
        Round lot [lots] and price step [ticks] of its orders.
    largest : int
        Largest order [lots].
    most : int
        Largest position, long or short [lots].
    loss : int
        Largest loss [ticks * lots].
    """

    symbol: str
    currency: str
    price: int
    tick_size: Fraction
    lot_size: Fraction
    books: tuple[tuple[int, int], ...]
    lot: int
    step: int
    largest: int
    most: int
    loss: int

    def money(self, value: int | Fraction) -> float:
        """Return an amount [ticks * lots] in the quote currency."""
        return float(value * self.tick_size * self.lot_size)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What the limits of a desk are made from.

    Attributes
    ----------
    instruments : tuple of Traded
        By instrument index.
    breaker : BreakerDefaults
        Rule of the circuit breaker's thresholds.
    breaker_acts : bool
        Whether it acts on what it finds.
    price_checks : bool
        Whether collar, price band and loss limit are in force, or as wide as they go.
    rates : bool
        Whether rates, executions, messages, duplicates and positions are limited, likewise.
    """

    instruments: tuple[Traded, ...]
    breaker: BreakerDefaults = DEFAULTS
    breaker_acts: bool = True
    price_checks: bool = True
    rates: bool = True

    def places(self) -> dict[int, tuple[int, int]]:
        """Return instrument and venue of each book."""
        pairs = enumerate(self.instruments)
        return {book: (i, venue) for i, traded in pairs for book, venue in traded.books}


def desk_limits(desk: Desk, parameters: RiskParameters) -> Image:
    """Return every limit of a build, by register: one value for each row.

    Limits of rows that the desk does not use are 0: closed.

    Parameters
    ----------
    desk : Desk
        It.
    parameters : RiskParameters
        The build.
    """
    limits: Image = {
        name: [0] * entries(register, parameters) for name, register in LIMIT_REGISTERS.items()
    }
    limits |= desk.breaker.shared() | _box(desk, parameters) | _strategies(desk, parameters)
    limits["account_flags"] = [1] * parameters.accounts
    for i, traded in enumerate(desk.instruments):
        for name, value in _instrument(desk, traded, parameters).items():
            limits[name][i] = value
        for book, venue in traded.books:
            limits["book_market"][book] = i | venue << 8 | _PLACE_IN_FORCE
    return limits


def _largest(name: str, parameters: RiskParameters) -> int:
    return (1 << parameters.limit_bits(name, LIMIT_REGISTERS[name].width)) - 1


def _instrument(desk: Desk, traded: Traded, parameters: RiskParameters) -> dict[str, int]:
    p = parameters
    row = desk.breaker.row(traded.price, acts=desk.breaker_acts)
    for prefix, step, bits in (("lot", traded.lot, 32), ("tick", traded.step, p.tick_bits)):
        parts = divisor_fields(step, min(bits, p.quantity_bits if prefix == "lot" else bits))
        row |= {
            f"{prefix}_{n}": v for n, v in zip(("mask", "inverse", "bound"), parts, strict=True)
        }
    row |= {
        "instrument_flags": 0b011,
        "min_quantity": traded.lot,
        "max_quantity": traded.largest,
        "min_tick": traded.price // 2,
        "max_tick": traded.price * 2,
        "collar": 5 * traded.price // _PERCENT,
        "max_notional": traded.largest * traded.price * 105 // _PERCENT,
        "max_long": traded.most,
        "max_short": traded.most,
        "max_loss": traded.loss,
        "lot_value": 1,
        "max_instrument_orders": 64,
        "max_age": 2 * _SECOND,
        "duplicate_window": _MS // 2,
    }
    opened: Sequence[str] = ()
    if not desk.price_checks:
        row["min_tick"] = 1
        opened = ("max_tick", "collar", "max_loss")
    row |= {name: _largest(name, p) for name in opened}
    if not desk.rates:
        unlimited = ("max_long", "max_short", "max_loss", "max_instrument_orders")
        row |= {name: _largest(name, p) for name in unlimited}
        row["duplicate_window"] = 0
    return row


def _strategies(desk: Desk, parameters: RiskParameters) -> Image:
    n = parameters.strategies
    period, most, executions, ratio, allowance = 2 * _MS, 64, 200, 20, 400
    if not desk.rates:
        period, most, executions, allowance = (
            1,
            *(
                _largest(name, parameters)
                for name in ("max_strategy_orders", "max_executions", "message_allowance")
            ),
        )
    everything = (1 << len(desk.instruments)) - 1
    return {
        "strategy_flags": [1] * n,
        "strategy_instruments": [everything] * n,
        "strategy_period": [period] * n,
        "strategy_tolerance": [19 * period] * n,
        "max_strategy_orders": [most] * n,
        "max_executions": [executions] * n,
        "message_ratio": [ratio] * n,
        "message_allowance": [allowance] * n,
        "venue_flags": [1] * parameters.venues,
        "venue_period": [period // 2 or 1] * parameters.venues,
        "venue_tolerance": [29 * (period // 2)] * parameters.venues,
    }


def _box(desk: Desk, parameters: RiskParameters) -> Image:
    lots = 4 * sum(traded.most for traded in desk.instruments)
    room = _largest("max_gross", parameters)
    return {
        "box_period": [_MS // 2 if desk.rates else 1],
        "box_tolerance": [39 * (_MS // 2)],
        "burst_period": [_MS // 10 if desk.rates else 1],
        "burst_tolerance": [9 * (_MS // 10)],
        "max_gross": [lots if desk.rates else room],
        "max_net": [lots if desk.rates else room],
        "max_open_orders": [128 if desk.rates else parameters.order_slots],
        "reject_limit": [16],
        "deadman_timeout": [_largest("deadman_timeout", parameters)],
        "box_flags": [0],
    }
