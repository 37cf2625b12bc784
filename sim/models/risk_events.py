"""What the risk gate puts out: events and orders, as fields of their records."""

from dataclasses import dataclass, field
from typing import Final

from hw.records import ORDER_KIND, RISK_EVENT_KIND
from sim.models.risk_checks import first_of
from sim.models.risk_state import OpenOrder, RiskState
from sim.models.risk_world import Request

__all__ = ["Outcome", "cancel_of", "event", "order_of", "sent_cancel"]

_CANCEL: Final = ORDER_KIND.cancel
_CANCEL_SENT: Final = RISK_EVENT_KIND.cancel_sent
_MASK: Final = (1 << 64) - 1


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What came of one request, or of one act of the gate itself.

    Attributes
    ----------
    events : list of dict of str to int
        Fields of ``risk_event``, but sequence, time, cycle and latency.
    orders : list of dict of str to int
        Fields of ``order``, but cycle.
    failed, open : int
        Of a new order: the checks that failed; those that were open, see ``Verdict``.
    fault : bool
        A report that is counted as a fault.
    fault_kill : int or None
        Instrument that the fault kills.
    reject : bool or None
        An outcome for the count of rejects: True is a reject, None is no outcome.
    """

    events: list[dict[str, int]] = field(default_factory=list)
    orders: list[dict[str, int]] = field(default_factory=list)
    failed: int = 0
    open: int = 0
    fault: bool = False
    fault_kill: int | None = None
    reject: bool | None = None


def event(
    s: RiskState,
    kind: int,
    cause: int,
    at: Request | OpenOrder,
    *,
    tick: int,
    quantity: int,
    remaining: int = 0,
    state: int = 0,
    failed: int = 0,
    error: int = 0,
) -> dict[str, int]:
    """Return the fields of an event; ``at`` names the order, or the request without one."""
    exists = at.instrument < s.parameters.instruments
    return {
        "order_id": at.order_id,
        "failed": failed,
        "tick": tick,
        "quantity": quantity,
        "remaining": remaining,
        "position": s.position[at.instrument] & _MASK if exists else 0,
        "kind": kind,
        "cause": cause,
        "side": at.side,
        "first": first_of(failed),
        "instrument": at.instrument,
        "venue": at.venue,
        "strategy": at.strategy,
        "account": at.account,
        "error": error,
        "action": 0,
        "state": state,
        "reserved": 0,
    }


def order_of(kind: int, r: Request) -> dict[str, int]:
    """Return the fields of an order that is as the request says."""
    return {
        "kind": kind,
        "side": r.side,
        "instrument": r.instrument,
        "venue": r.venue,
        "strategy": r.strategy,
        "account": r.account,
        "flags": r.flags,
        "order_id": r.order_id,
        "tick": r.tick,
        "quantity": r.quantity,
        "time": r.time,
    }


def cancel_of(order: OpenOrder, flags: int, time: int) -> dict[str, int]:
    """Return the fields of a cancel of an open order."""
    return {
        "kind": _CANCEL,
        "side": order.side,
        "instrument": order.instrument,
        "venue": order.venue,
        "strategy": order.strategy,
        "account": order.account,
        "flags": flags,
        "order_id": order.order_id,
        "tick": order.tick,
        "quantity": order.remaining,
        "time": time,
    }


def sent_cancel(s: RiskState, cause: int, order: OpenOrder) -> dict[str, int]:
    """Return the event of a cancel of an open order."""
    return event(
        s,
        _CANCEL_SENT,
        cause,
        order,
        tick=order.tick,
        quantity=order.remaining,
        remaining=order.remaining,
        state=order.state,
    )
