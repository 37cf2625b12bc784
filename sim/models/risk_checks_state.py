"""Checks of a new order against what the gate keeps: exposure, open orders, rates."""

from collections.abc import Callable
from typing import Final

from hw.records import SIDE
from sim.models.risk_state import FILTER_ORDERS, RiskState
from sim.models.risk_world import Request

__all__ = ["STATE_CHECKS", "charge", "conforms", "likeness", "remember"]

_BID: Final = SIDE.bid


def _max_long(s: RiskState, r: Request) -> bool:
    i = r.instrument
    return r.side == _BID and s.position[i] + s.open_buy[i] + r.quantity > s.active["max_long"][i]


def _max_short(s: RiskState, r: Request) -> bool:
    i = r.instrument
    return (
        r.side != _BID and -s.position[i] + s.open_sell[i] + r.quantity > s.active["max_short"][i]
    )


def _max_gross(s: RiskState, r: Request) -> bool:
    _, g, b, sells = s.totals()
    value = r.quantity * s.active["lot_value"][r.instrument]
    return g + b + sells + value > s.active["max_gross"][0]


def _max_net(s: RiskState, r: Request) -> bool:
    p, _, b, sells = s.totals()
    value = r.quantity * s.active["lot_value"][r.instrument]
    worst = p + b if r.side == _BID else -p + sells
    return worst + value > s.active["max_net"][0]


def _table_full(s: RiskState, r: Request) -> bool:
    return r.order_id not in s.orders and s.free_way(r.order_id) is None


def _max_instrument_orders(s: RiskState, r: Request) -> bool:
    return s.instrument_orders[r.instrument] >= s.active["max_instrument_orders"][r.instrument]


def _max_strategy_orders(s: RiskState, r: Request) -> bool:
    return s.strategy_orders[r.strategy] >= s.active["max_strategy_orders"][r.strategy]


def _self_match(s: RiskState, r: Request) -> bool:
    if r.side == _BID:
        lowest = s.lowest_sell[r.instrument]
        return lowest is not None and r.tick >= lowest
    highest = s.highest_buy[r.instrument]
    return highest is not None and r.tick <= highest


def likeness(r: Request) -> tuple[int, ...]:
    """Return what two orders have in common that are alike."""
    return r.instrument, r.strategy, r.side, r.tick, r.quantity


def _duplicate(s: RiskState, r: Request) -> bool:
    window, now = s.active["duplicate_window"][r.instrument], s.world.now
    alike = any(key == likeness(r) and now - time < window for key, time in s.recent)
    blind = s.forgotten is not None and now - s.forgotten < window
    return alike or blind


def remember(s: RiskState, r: Request) -> None:
    """Put an order that passed into the duplicate filter."""
    s.recent.append((likeness(r), s.world.now))
    if len(s.recent) > FILTER_ORDERS:
        _, time = s.recent.popleft()
        s.forgotten = time if s.forgotten is None else max(s.forgotten, time)


def _buckets(s: RiskState, r: Request) -> list[tuple[str, list[int], int]]:
    """Return the rate limiters of an order: name of the limits, arrival times, index."""
    return [
        ("strategy", s.strategy_tat, r.strategy),
        ("venue", s.venue_tat, r.venue),
        ("box", s.box_tat, 0),
        ("burst", s.burst_tat, 0),
    ]


def conforms(s: RiskState, name: str, tat: list[int], index: int) -> bool:
    """Say whether one more order keeps to a rate."""
    period = s.active[f"{name}_period"][index]
    return period > 0 and tat[index] <= s.world.now + s.active[f"{name}_tolerance"][index]


def charge(s: RiskState, r: Request) -> None:
    """Charge an order that passed to every rate limiter."""
    for name, tat, index in _buckets(s, r):
        tat[index] = max(s.world.now, tat[index]) + s.active[f"{name}_period"][index]


#: Whether a check fails, by its name.
STATE_CHECKS: Final[dict[str, Callable[[RiskState, Request], bool]]] = {
    "max_long": _max_long,
    "max_short": _max_short,
    "max_gross": _max_gross,
    "max_net": _max_net,
    "max_loss": lambda s, r: s.loss_up[r.instrument],
    "duplicate_id": lambda s, r: r.order_id in s.orders,
    "table_full": _table_full,
    "max_open_orders": lambda s, r: len(s.orders) >= s.active["max_open_orders"][0],
    "max_instrument_orders": _max_instrument_orders,
    "max_strategy_orders": _max_strategy_orders,
    "self_match": _self_match,
    "duplicate": _duplicate,
    "executions": lambda s, r: s.fills[r.strategy] >= s.active["max_executions"][r.strategy],
    "message_ratio": lambda s, r: s.used[r.strategy] >= s.active["message_allowance"][r.strategy],
    "strategy_rate": lambda s, r: not conforms(s, "strategy", s.strategy_tat, r.strategy),
    "venue_rate": lambda s, r: not conforms(s, "venue", s.venue_tat, r.venue),
    "box_rate": lambda s, r: not conforms(s, "box", s.box_tat, 0),
    "burst": lambda s, r: not conforms(s, "burst", s.burst_tat, 0),
    "not_ready": lambda s, r: s.world.events_full is not False,
}
