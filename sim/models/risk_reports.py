"""What reports of venues and words of the operator do to the state of the risk gate."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hw.records import ORDER_STATE, REPORT_ERROR, REQUEST_KIND, RISK_EVENT_KIND, SIDE
from sim.models.risk_events import Outcome, event
from sim.models.risk_state import OpenOrder, RiskState
from sim.models.risk_world import Request

__all__ = ["open_order", "tell"]

_BID: Final = SIDE.bid
_SIDES: Final = 2
_TOLD: Final = RISK_EVENT_KIND.told
_FILL: Final = REQUEST_KIND.fill
_PENDING, _LIVE, _CANCELLING = ORDER_STATE.pending, ORDER_STATE.live, ORDER_STATE.cancelling
_BAD_KIND, _UNKNOWN_ID = REPORT_ERROR.bad_kind, REPORT_ERROR.unknown_id
_OVER_FILL, _DUPLICATE_FILL = REPORT_ERROR.over_fill, REPORT_ERROR.duplicate_fill
_ZERO_QUANTITY, _BAD_INDEX = REPORT_ERROR.zero_quantity, REPORT_ERROR.bad_index
_NOT_DISARMED, _DUPLICATE_ID = REPORT_ERROR.not_disarmed, REPORT_ERROR.duplicate_id
_TABLE_FULL, _RANGE = REPORT_ERROR.table_full, REPORT_ERROR.range
_FAULTS: Final = (_UNKNOWN_ID, _OVER_FILL, _DUPLICATE_FILL, _RANGE)  # of a fill


@dataclass(slots=True)
class _Effect:
    """Error of a report, and whether it is an outcome that counts as a reject."""

    error: int = 0
    reject: bool | None = None


def _ack(s: RiskState, r: Request) -> _Effect:
    order = s.orders.get(r.order_id)
    if order is None:
        return _Effect(_UNKNOWN_ID)
    if order.state == _PENDING:
        order.state = _LIVE
    return _Effect(reject=False)


def _cancelled(s: RiskState, r: Request) -> _Effect:
    order = s.orders.get(r.order_id)
    if order is None:
        return _Effect(_UNKNOWN_ID)
    s.leave(order)
    return _Effect()


def _rejected(s: RiskState, r: Request) -> _Effect:
    return _Effect(_cancelled(s, r).error, reject=True)


def _cancel_rejected(s: RiskState, r: Request) -> _Effect:
    order = s.orders.get(r.order_id)
    if order is None:
        return _Effect(_UNKNOWN_ID)
    if order.state == _CANCELLING:
        order.state = _LIVE
    return _Effect()


def _fits(s: RiskState, r: Request) -> bool:
    return not (r.tick >> s.parameters.tick_bits or r.quantity >> s.parameters.quantity_bits)


def _fill(s: RiskState, r: Request) -> _Effect:
    order = s.orders.get(r.order_id)
    return _Effect(_stray_fill(s, r) if order is None else _known_fill(s, r, order))


def _known_fill(s: RiskState, r: Request, order: OpenOrder) -> int:
    if r.quantity == 0:
        return _ZERO_QUANTITY
    if r.execution != 0 and r.execution == order.execution:
        return _DUPLICATE_FILL
    if not _fits(s, r):
        return _RANGE
    strategy = order.strategy
    s.fills[strategy] += 1
    s.used[strategy] = max(0, s.used[strategy] - s.active["message_ratio"][strategy])
    order.execution = r.execution
    over = r.quantity > order.remaining
    fits = s.move(order.instrument, order.side, r.tick, r.quantity)
    s.shrink(order, min(r.quantity, order.remaining))
    if over:
        return _OVER_FILL
    return 0 if fits else _RANGE


def _stray_fill(s: RiskState, r: Request) -> int:
    """Take the fill of an order that is not open: late, or not ours."""
    if r.instrument >= s.parameters.instruments or r.side >= _SIDES:
        return _BAD_INDEX
    if not _fits(s, r):
        return _RANGE
    s.move(r.instrument, r.side, r.tick, r.quantity)
    return _UNKNOWN_ID


def _set_position(s: RiskState, r: Request) -> _Effect:
    if r.instrument >= s.parameters.instruments or r.side >= _SIDES:
        return _Effect(_BAD_INDEX)
    if s.world.armed:
        return _Effect(_NOT_DISARMED)
    if r.quantity > s.largest_position or r.tick >> s.parameters.tick_bits:
        return _Effect(_RANGE)
    s.position[r.instrument] = r.quantity if r.side == _BID else -r.quantity
    s.cash[r.instrument] = -s.position[r.instrument] * r.tick
    s.note_loss(r.instrument)
    return _Effect()


def _set_order(s: RiskState, r: Request) -> _Effect:
    p = s.parameters
    if (
        r.instrument >= p.instruments
        or r.venue >= p.venues
        or r.strategy >= p.strategies
        or r.account >= p.accounts
        or r.side >= _SIDES
        or r.order_id >> p.id_bits
        or not _fits(s, r)
    ):
        return _Effect(_BAD_INDEX)
    if s.world.armed:
        return _Effect(_NOT_DISARMED)
    if r.quantity == 0:
        return _Effect(_ZERO_QUANTITY)
    if r.order_id in s.orders:
        return _Effect(_DUPLICATE_ID)
    if s.free_way(r.order_id) is None:
        return _Effect(_TABLE_FULL)
    s.enter(open_order(r, _LIVE))
    return _Effect()


def open_order(r: Request, state: int) -> OpenOrder:
    """Return the open order that a request describes."""
    return OpenOrder(
        order_id=r.order_id,
        side=r.side,
        instrument=r.instrument,
        venue=r.venue,
        strategy=r.strategy,
        account=r.account,
        tick=r.tick,
        remaining=r.quantity,
        state=state,
    )


def _reset_executions(s: RiskState, r: Request) -> _Effect:
    if r.strategy >= s.parameters.strategies:
        return _Effect(_BAD_INDEX)
    s.fills[r.strategy] = 0
    return _Effect()


_TELL: Final[dict[int, Callable[[RiskState, Request], _Effect]]] = {
    REQUEST_KIND.ack: _ack,
    _FILL: _fill,
    REQUEST_KIND.cancelled: _cancelled,
    REQUEST_KIND.rejected: _rejected,
    REQUEST_KIND.cancel_rejected: _cancel_rejected,
    REQUEST_KIND.set_position: _set_position,
    REQUEST_KIND.set_order: _set_order,
    REQUEST_KIND.reset_executions: _reset_executions,
}
_NAMES_ORDER: Final = frozenset(
    (
        REQUEST_KIND.ack,
        _FILL,
        REQUEST_KIND.cancelled,
        REQUEST_KIND.rejected,
        REQUEST_KIND.cancel_rejected,
        REQUEST_KIND.set_order,
    )
)


def tell(s: RiskState, r: Request) -> Outcome:
    """Take a report or a word of the operator."""
    order = s.orders.get(r.order_id) if r.kind in _NAMES_ORDER else None
    remained = order.remaining if order else 0
    effect = _TELL[r.kind](s, r) if r.kind in _TELL else _Effect(_BAD_KIND)
    outcome = Outcome(events=[_told(s, r, effect.error, order, remained)], reject=effect.reject)
    outcome.fault = r.kind == _FILL and effect.error in _FAULTS
    harmless = effect.error == _DUPLICATE_FILL or s.active["box_flags"][0] & 1
    if outcome.fault and not harmless:
        outcome.fault_kill = order.instrument if order else r.instrument
    return outcome


def _told(
    s: RiskState, r: Request, error: int, order: OpenOrder | None, remained: int
) -> dict[str, int]:
    """Return the event: a known order as the table has it, but the price and size of a fill."""
    if order is None:
        order_now = s.orders.get(r.order_id) if r.kind == REQUEST_KIND.set_order else None
        return event(
            s,
            _TOLD,
            r.kind,
            r,
            tick=r.tick,
            quantity=r.quantity,
            remaining=order_now.remaining if order_now else 0,
            state=order_now.state if order_now else 0,
            error=error,
        )
    is_fill = r.kind == _FILL
    return event(
        s,
        _TOLD,
        r.kind,
        order,
        tick=r.tick if is_fill else order.tick,
        quantity=r.quantity if is_fill else remained,
        remaining=order.remaining,
        state=order.state if order.order_id in s.orders else 0,
        error=error,
    )
