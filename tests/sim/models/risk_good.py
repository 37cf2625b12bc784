"""A risk gate in which an ordinary order passes every check."""

from collections.abc import Mapping
from typing import Any, Final

from hw.order_slots import ORDER_WAYS
from hw.records import REQUEST_KIND, SIDE
from hw.risk_parameters import RiskParameters
from sim.models.risk_events import Outcome
from sim.models.risk_gate import RiskGate
from sim.models.risk_world import BookState, Request
from sim.orderflow.risk_setting import divisor_fields

__all__ = [
    "GOOD",
    "LIMITS",
    "NOW",
    "SMALL",
    "commit",
    "fill",
    "fill_places",
    "good_gate",
    "rest",
    "snapshot",
    "tell",
]

SMALL: Final = RiskParameters(
    books=4,
    instruments=4,
    venues=2,
    strategies=2,
    accounts=2,
    order_slots=16,
    id_bits=16,
    tick_bits=24,
    quantity_bits=20,
    position_bits=24,
    lot_value_bits=8,
    time_bits=40,
)
NOW: Final = 1_000_000
#: A buy of 20 at 1000: 1 under the mid, a multiple of the lot 10 and of the step 5.
GOOD: Final = Request(
    kind=REQUEST_KIND.new,
    side=SIDE.bid,
    instrument=1,
    venue=1,
    strategy=1,
    account=1,
    flags=7,
    order_id=100,
    tick=1000,
    quantity=20,
    time=NOW - 3,
)
_LOT: Final = divisor_fields(10, 20)
_STEP: Final = divisor_fields(5, 24)
#: The same in every row.
LIMITS: Final = {
    "instrument_flags": 0b011,
    "min_quantity": 10,
    "max_quantity": 100,
    "lot_mask": _LOT[0],
    "lot_inverse": _LOT[1],
    "lot_bound": _LOT[2],
    "tick_mask": _STEP[0],
    "tick_inverse": _STEP[1],
    "tick_bound": _STEP[2],
    "min_tick": 500,
    "max_tick": 1500,
    "collar": 200,
    "max_notional": 200_000,
    "max_long": 1000,
    "max_short": 1000,
    "max_loss": 1_000_000,
    "lot_value": 3,
    "max_instrument_orders": 16,
    "max_age": 1000,
    "duplicate_window": 100,
    "venue_flags": 1,
    "venue_period": 100,
    "venue_tolerance": 10_000,
    "strategy_flags": 1,
    "strategy_instruments": 0b1111,
    "strategy_period": 100,
    "strategy_tolerance": 10_000,
    "max_strategy_orders": 16,
    "max_executions": 100,
    "message_ratio": 2,
    "message_allowance": 100,
    "account_flags": 1,
    "book_market": 1 << 16,
    "box_period": 100,
    "box_tolerance": 10_000,
    "burst_period": 100,
    "burst_tolerance": 10_000,
    "max_gross": 100_000,
    "max_net": 100_000,
    "max_open_orders": 16,
    "reject_limit": 32,
    "deadman_timeout": 1000,
    "box_flags": 0,
}


def good_gate(limits: Mapping[str, int] = LIMITS) -> RiskGate:
    """Return a gate that is armed and at rest."""
    gate = RiskGate(SMALL)
    commit(gate, **limits)
    gate.world.now = NOW
    gate.world.armed = True
    gate.world.deadman_expired = False
    for i in range(SMALL.instruments):
        for venue in range(SMALL.venues):
            gate.market.books[i, venue] = BookState(part=True, seen=True, time=NOW)
        gate.quote(i, 2001)
        gate.market.last[i] = 1000
    assert gate.settle() == []
    return gate


def commit(gate: RiskGate, **limits: int) -> None:
    """Set limits in every row, and let the gate come to rest."""
    for name, value in limits.items():
        for index in range(len(gate.limits.active[name])):
            assert gate.stage(name, index, value), name
    assert gate.commit()
    gate.settle()


def tell(gate: RiskGate, kind: str, **fields: int) -> Outcome:
    """Send a request that is no new order."""
    return gate.request(Request(kind=int(getattr(REQUEST_KIND, kind)), **fields))


def fill(gate: RiskGate, order_id: int, quantity: int, tick: int = 1000, **fields: int) -> Outcome:
    """Report a fill."""
    return tell(gate, "fill", order_id=order_id, quantity=quantity, tick=tick, **fields)


def rest(gate: RiskGate, **changes: int) -> Request:
    """Set an open order like ``GOOD``, of another strategy and at another venue."""
    fields: dict[str, int] = {
        "side": SIDE.bid,
        "instrument": 1,
        "order_id": 9000 + len(gate.state.orders),
        "tick": 1000,
        "quantity": 10,
    }
    request = Request(kind=REQUEST_KIND.set_order, **(fields | changes))
    armed, gate.world.armed = gate.world.armed, False
    assert gate.request(request).events[0]["error"] == 0
    gate.world.armed = armed
    return request


def fill_places(gate: RiskGate, order_id: int, ways: int = ORDER_WAYS) -> None:
    """Take the places of an id in the first ways, with orders of another instrument."""
    places = gate.state.places(order_id)
    for way in range(ways):
        new = (n for n in range(1 << SMALL.id_bits) if n not in (order_id, *gate.state.orders))
        others = (n for n in new if gate.state.free_way(n) == way)
        other = next(n for n in others if gate.state.places(n)[way] == places[way])
        rest(gate, order_id=other, instrument=0)


def snapshot(gate: RiskGate) -> dict[str, Any]:
    """Return all that orders and reports change, as text."""
    kept = ("limits", "active", "market", "world", "parameters")
    return {name: repr(value) for name, value in vars(gate.state).items() if name not in kept}
