"""Reference models of ``gateware.strategy``: what each trigger wants of a market."""

from dataclasses import dataclass
from typing import NamedTuple

from hw.records import ORDER_FLAG, SIDE

__all__ = [
    "ArbitrageSettings",
    "Best",
    "Order",
    "QuoterSettings",
    "TakerSettings",
    "arbitrage",
    "quotes",
    "taker",
]


class Best(NamedTuple):
    """One side of the consolidated market: its best price [ticks], what is there [lots], where."""

    tick: int
    quantity: int
    venue: int


class Order(NamedTuple):
    """An order that a trigger wants [ticks, lots]."""

    side: int
    venue: int
    tick: int
    quantity: int
    flags: int


@dataclass(frozen=True, kw_only=True)
class ArbitrageSettings:
    """As ``arbitrage_settings`` of the gateware."""

    enabled: bool
    cost: tuple[int, ...]
    top: int
    max_quantity: int
    pause: int


@dataclass(frozen=True, kw_only=True)
class TakerSettings:
    """As ``taker_settings`` of the gateware."""

    enabled: bool
    ratio: int
    max_spread: int
    max_quantity: int
    pause: int


@dataclass(frozen=True, kw_only=True)
class QuoterSettings:
    """As ``quoter_settings`` of the gateware, for one place."""

    enabled: bool
    fair: int
    fair_time: int
    max_age: int
    half_spread: int
    skew: int
    step: int
    quantity: int


def arbitrage(
    bid: Best | None, ask: Best | None, settings: ArbitrageSettings
) -> tuple[Order, Order] | None:
    """Return sale and purchase, if the market pays for them."""
    if not settings.enabled or bid is None or ask is None or bid.venue == ask.venue:
        return None
    if bid.tick > settings.top:
        return None
    if bid.tick - ask.tick < settings.cost[bid.venue] + settings.cost[ask.venue]:
        return None
    quantity = min(bid.quantity, ask.quantity, settings.max_quantity)
    if quantity == 0:
        return None
    at_once = ORDER_FLAG.immediate_or_cancel
    return (
        Order(SIDE.ask, bid.venue, bid.tick, quantity, at_once),
        Order(SIDE.bid, ask.venue, ask.tick, quantity, at_once),
    )


def taker(bid: Best | None, ask: Best | None, settings: TakerSettings) -> Order | None:
    """Return the order that takes the smaller side, if the other is much larger."""
    if not settings.enabled or settings.ratio <= 16 or bid is None or ask is None:
        return None
    if not (0 < ask.tick - bid.tick <= settings.max_spread and bid.quantity and ask.quantity):
        return None
    if 16 * bid.quantity >= settings.ratio * ask.quantity:
        side, price = SIDE.bid, ask
    elif 16 * ask.quantity >= settings.ratio * bid.quantity:
        side, price = SIDE.ask, bid
    else:
        return None
    quantity = min(price.quantity, settings.max_quantity)
    if quantity == 0:
        return None
    return Order(side, price.venue, price.tick, quantity, ORDER_FLAG.immediate_or_cancel)


def quotes(
    settings: QuoterSettings, *, best_bid: int | None, best_ask: int | None, now: int, top: int
) -> tuple[int | None, int | None]:
    """Return the prices of bid and offer that are wanted [ticks], or None.

    Parameters
    ----------
    settings : QuoterSettings
        What the host wants.
    best_bid, best_ask : int or None
        Of the consolidated market [ticks].
    now : int
        The box's time [ns].
    top : int
        The largest price [ticks].
    """
    live = settings.enabled and settings.quantity > 0 and settings.max_age > 0
    if not live or abs(now - settings.fair_time) > settings.max_age:
        return None, None
    middle = settings.fair + settings.skew
    bid, ask = middle - settings.half_spread, middle + settings.half_spread
    if best_ask is not None:
        bid = min(bid, best_ask - 1)
    if best_bid is not None:
        ask = max(ask, best_bid + 1)
    return (bid if 1 <= bid <= top else None), (ask if 1 <= ask <= top else None)
