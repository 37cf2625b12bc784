"""Checks of a new order by itself: who may send it, its shape, and the market."""

from collections.abc import Callable
from functools import cache
from typing import Final

from hw.records import SIDE
from sim.models.risk_state import RiskState
from sim.models.risk_world import BookState, Request

__all__ = ["ORDER_CHECKS", "divisor", "is_bad_index", "reference"]

_BID: Final = SIDE.bid
_SIDES: Final = 2
_LOT_BITS: Final = 32
_NO_BOOK: Final = BookState()


def is_bad_index(s: RiskState, r: Request) -> bool:
    """Say whether an order names something that is not there, or does not fit the build."""
    p = s.parameters
    return (
        r.instrument >= p.instruments
        or r.venue >= p.venues
        or r.strategy >= p.strategies
        or r.account >= p.accounts
        or r.side >= _SIDES
        or r.order_id >> p.id_bits > 0
        or r.tick >> p.tick_bits > 0
        or r.quantity >> p.quantity_bits > 0
    )


@cache
def divisor(mask: int, inverse: int, bound: int, bits: int) -> int | None:
    """Return the divisor 2^k m that three fields of a limit describe, or None if they do not."""
    if inverse % 2 == 0 or mask & (mask + 1):
        return None
    odd = pow(inverse, -1, 1 << bits)
    return (mask + 1) * odd if bound == ((1 << bits) - 1) // odd else None


def _is_multiple(s: RiskState, r: Request, limit: str, value: int, bits: int) -> bool:
    fields = (s.active[f"{limit}_{part}"][r.instrument] for part in ("mask", "inverse", "bound"))
    step = divisor(*fields, bits)
    return step is not None and value % step == 0


def reference(s: RiskState, instrument: int) -> int | None:
    """Return twice the reference price of the collar [ticks], or None if it is not known."""
    if s.active["instrument_flags"][instrument] & 4:
        last = s.market.last[instrument]
        return None if last is None else 2 * last
    return s.market.double_mid[instrument]


def _book(s: RiskState, r: Request) -> BookState:
    """Return the order's book, as one that says nothing bad if it takes no part."""
    book = s.market.books.get((r.instrument, r.venue), _NO_BOOK)
    return book if book.part else _NO_BOOK


def _not_permitted(s: RiskState, r: Request) -> bool:
    permitted = s.active["strategy_instruments"][r.strategy] >> r.instrument & 1
    return not (s.active["strategy_flags"][r.strategy] & 1 and permitted)


def _reduce_only(s: RiskState, r: Request) -> bool:
    i = r.instrument
    if s.active["instrument_flags"][i] & 2 and i not in s.world.reducing:
        return False
    if r.side == _BID:
        return s.position[i] + s.open_buy[i] + r.quantity > 0
    return s.position[i] - s.open_sell[i] - r.quantity < 0


def _min_quantity(s: RiskState, r: Request) -> bool:
    return r.quantity == 0 or r.quantity < s.active["min_quantity"][r.instrument]


def _lot(s: RiskState, r: Request) -> bool:
    bits = min(_LOT_BITS, s.parameters.quantity_bits)
    return not _is_multiple(s, r, "lot", r.quantity, bits)


def _tick(s: RiskState, r: Request) -> bool:
    return not _is_multiple(s, r, "tick", r.tick, s.parameters.tick_bits)


def _price_band(s: RiskState, r: Request) -> bool:
    return not s.active["min_tick"][r.instrument] <= r.tick <= s.active["max_tick"][r.instrument]


def _luld(s: RiskState, r: Request) -> bool:
    band = s.world.bands.get(r.instrument)
    return band is not None and not band[0] <= r.tick <= band[1]


def _collar(s: RiskState, r: Request) -> bool:
    double = reference(s, r.instrument)
    return double is not None and abs(2 * r.tick - double) > 2 * s.active["collar"][r.instrument]


def _book_stale(s: RiskState, r: Request) -> bool:
    book = _book(s, r)
    if not book.part:
        return False
    return not book.seen or s.world.now - book.time > s.active["max_age"][r.instrument]


#: Whether a check fails, by its name.
ORDER_CHECKS: Final[dict[str, Callable[[RiskState, Request], bool]]] = {
    "not_armed": lambda s, r: not s.world.armed,
    "killed": lambda s, r: s.world.killed,
    "killed_venue": lambda s, r: r.venue in s.world.killed_venues,
    "killed_account": lambda s, r: r.account in s.world.killed_accounts,
    "killed_instrument": lambda s, r: r.instrument in s.world.killed_instruments,
    "killed_strategy": lambda s, r: r.strategy in s.world.killed_strategies,
    "deadman": lambda s, r: s.world.deadman_expired,
    "halted": lambda s, r: r.instrument in s.world.halted,
    "restricted": lambda s, r: not s.active["instrument_flags"][r.instrument] & 1,
    "not_permitted": _not_permitted,
    "account_closed": lambda s, r: not s.active["account_flags"][r.account] & 1,
    "session": lambda s, r: not s.active["venue_flags"][r.venue] & 1,
    "reduce_only": _reduce_only,
    "min_quantity": _min_quantity,
    "max_quantity": lambda s, r: r.quantity > s.active["max_quantity"][r.instrument],
    "lot": _lot,
    "tick": _tick,
    "max_notional": lambda s, r: r.tick * r.quantity > s.active["max_notional"][r.instrument],
    "price_band": _price_band,
    "luld": _luld,
    "no_reference": lambda s, r: reference(s, r.instrument) is None,
    "collar": _collar,
    "no_book": lambda s, r: not _book(s, r).part,
    "book_invalid": lambda s, r: _book(s, r).invalid,
    "book_deferred": lambda s, r: _book(s, r).deferred,
    "book_crossed": lambda s, r: _book(s, r).crossed,
    "book_stale": _book_stale,
    "feed_gap": lambda s, r: _book(s, r).gap,
}
