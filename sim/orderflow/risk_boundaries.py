"""Limits at which an order just passes a check."""

from collections.abc import Callable
from typing import Final

from hw.records import SIDE
from sim.models.risk_checks_order import reference
from sim.models.risk_checks_state import likeness
from sim.models.risk_state import RiskState
from sim.models.risk_world import Request

__all__ = ["BOUNDARIES", "Boundary", "max_loss_boundary"]

_BID: Final = SIDE.bid

#: Name of a limit, row, and the value at which the order passes the check; None if there is none.
Boundary = Callable[[RiskState, Request], tuple[str, int, int] | None]


def _collar(s: RiskState, r: Request) -> tuple[str, int, int] | None:
    double = reference(s, r.instrument)
    if double is None:
        return None
    return "collar", r.instrument, (abs(2 * r.tick - double) + 1) // 2


def _max_position(s: RiskState, r: Request) -> tuple[str, int, int]:
    i = r.instrument
    if r.side == _BID:
        return "max_long", i, s.position[i] + s.open_buy[i] + r.quantity
    return "max_short", i, -s.position[i] + s.open_sell[i] + r.quantity


def _max_gross(s: RiskState, r: Request) -> tuple[str, int, int]:
    _, g, b, sells = s.totals()
    return "max_gross", 0, g + b + sells + r.quantity * s.active["lot_value"][r.instrument]


def _max_net(s: RiskState, r: Request) -> tuple[str, int, int]:
    p, _, b, sells = s.totals()
    worst = p + b if r.side == _BID else -p + sells
    return "max_net", 0, worst + r.quantity * s.active["lot_value"][r.instrument]


def max_loss_boundary(s: RiskState, r: Request) -> tuple[str, int, int] | None:
    """Return the limit that the loss of the order's instrument just keeps to."""
    i = r.instrument
    double = s.market.double_mid[i]
    if double is None:
        return None
    return "max_loss", i, -((2 * s.cash[i] + s.position[i] * double) // 2)


def _max_age(s: RiskState, r: Request) -> tuple[str, int, int] | None:
    book = s.market.books.get((r.instrument, r.venue))
    return None if book is None else ("max_age", r.instrument, s.world.now - book.time)


def _duplicate_window(s: RiskState, r: Request) -> tuple[str, int, int] | None:
    times = [time for key, time in s.recent if key == likeness(r)]
    times += [] if s.forgotten is None else [s.forgotten]
    return ("duplicate_window", r.instrument, s.world.now - max(times)) if times else None


def _max_notional(s: RiskState, r: Request) -> tuple[str, int, int]:
    return "max_notional", r.instrument, r.tick * r.quantity


def _max_orders(s: RiskState, r: Request) -> tuple[str, int, int]:
    return "max_open_orders", 0, len(s.orders) + 1


def _max_instrument_orders(s: RiskState, r: Request) -> tuple[str, int, int]:
    return "max_instrument_orders", r.instrument, s.instrument_orders[r.instrument] + 1


def _max_strategy_orders(s: RiskState, r: Request) -> tuple[str, int, int]:
    return "max_strategy_orders", r.strategy, s.strategy_orders[r.strategy] + 1


BOUNDARIES: Final[tuple[Boundary, ...]] = (
    lambda s, r: ("min_quantity", r.instrument, r.quantity),
    lambda s, r: ("max_quantity", r.instrument, r.quantity),
    _max_notional,
    lambda s, r: ("min_tick", r.instrument, r.tick),
    lambda s, r: ("max_tick", r.instrument, r.tick),
    _collar,
    _max_position,
    _max_position,
    _max_gross,
    _max_gross,
    _max_net,
    _max_net,
    max_loss_boundary,
    _max_age,
    _max_orders,
    _max_instrument_orders,
    _max_strategy_orders,
    _duplicate_window,
    lambda s, r: ("max_executions", r.strategy, s.fills[r.strategy] + 1),
    lambda s, r: ("message_allowance", r.strategy, s.used[r.strategy] + 1),
    lambda s, r: ("strategy_tolerance", r.strategy, s.strategy_tat[r.strategy] - s.world.now),
    lambda s, r: ("venue_tolerance", r.venue, s.venue_tat[r.venue] - s.world.now),
    lambda s, r: ("box_tolerance", 0, s.box_tat[0] - s.world.now),
    lambda s, r: ("burst_tolerance", 0, s.burst_tat[0] - s.world.now),
)
