"""Reports of venues and words of the operator, as the risk gate takes them."""

import pytest

from hw.records import (
    ORDER_STATE,
    REPORT_ERROR,
    REQUEST_KIND,
    RISK_EVENT,
    RISK_EVENT_KIND,
    RISK_REQUEST,
)
from sim.models.risk_gate import RiskGate
from sim.models.risk_world import Request
from tests.sim.models.risk_good import (
    GOOD,
    SMALL,
    commit,
    fill,
    fill_places,
    good_gate,
    rest,
    snapshot,
    tell,
)

LARGEST = (1 << (SMALL.position_bits - 1)) - 1
WIDE_TICK = 1 << SMALL.tick_bits
WIDE_QUANTITY = 1 << SMALL.quantity_bits


def with_order() -> RiskGate:
    """Return a gate whose order 100, a buy of 20 in instrument 1, has passed."""
    gate = good_gate()
    assert gate.request(GOOD).failed == 0
    return gate


def error_of(gate: RiskGate, kind: str, **fields: int) -> str:
    """Send a request, and return the name of its error."""
    (event,) = tell(gate, kind, **fields).events
    assert event["kind"] == RISK_EVENT_KIND.told
    assert event["cause"] == getattr(REQUEST_KIND, kind)
    return REPORT_ERROR.name_of(event["error"])


def test_records_are_those_of_the_boundary() -> None:
    assert list(Request._fields) == [field.name for field in RISK_REQUEST.fields]
    own = {"sequence", "time", "cycle", "latency"}
    (event,) = good_gate().request(GOOD).events
    assert set(event) == {field.name for field in RISK_EVENT.fields} - own


def test_an_order_lives_from_pending_to_filled() -> None:
    gate = with_order()
    order = gate.state.orders[100]
    assert (order.state, gate.state.open_buy[1]) == (ORDER_STATE.pending, 20)
    assert error_of(gate, "ack", order_id=100) == "none"
    assert order.state == ORDER_STATE.live
    (event,) = fill(gate, 100, 5, 998, execution=1).events
    assert (event["remaining"], event["position"], event["state"]) == (15, 5, ORDER_STATE.live)
    assert (event["tick"], event["quantity"], event["side"]) == (998, 5, 0)
    (event,) = fill(gate, 100, 15, 1000, execution=2).events
    assert (event["remaining"], event["position"], event["state"]) == (0, 20, ORDER_STATE.none)
    assert (gate.state.position[1], gate.state.cash[1]) == (20, -5 * 998 - 15 * 1000)
    assert (gate.state.orders, gate.state.open_buy[1]) == ({}, 0)
    assert gate.state.instrument_orders == [0] * 4
    assert gate.state.strategy_orders == [0] * 2
    assert gate.state.ways == [{}] * 4
    assert gate.state.fills == [0, 2]


def test_messages_use_the_allowance_and_fills_give_it_back() -> None:
    gate = with_order()
    tell(gate, "cancel", order_id=100, strategy=0)
    tell(gate, "cancel", order_id=999, strategy=1)
    tell(gate, "cancel", order_id=999, strategy=0)
    tell(gate, "cancel", order_id=999, strategy=2)
    assert gate.state.used == [1, 3]
    fill(gate, 100, 1, execution=1)
    assert gate.state.used == [1, 1]
    fill(gate, 100, 1, execution=2)
    assert gate.state.used == [1, 0]


def test_a_cancel_carries_the_fields_of_the_table_or_else_its_own() -> None:
    gate = with_order()
    fill(gate, 100, 5)
    outcome = tell(gate, "cancel", order_id=100, instrument=3, side=1, flags=9, time=77)
    (order,) = outcome.orders
    assert (order["instrument"], order["venue"], order["side"], order["tick"]) == (1, 1, 0, 1000)
    assert (order["quantity"], order["flags"], order["time"]) == (15, 9, 77)
    assert outcome.events[0]["state"] == ORDER_STATE.cancelling
    assert error_of(gate, "cancel_rejected", order_id=100) == "none"
    assert gate.state.orders[100].state == ORDER_STATE.live
    outcome = tell(gate, "cancel", order_id=1 << 60, instrument=250, tick=1 << 63, quantity=4)
    assert outcome.events[0]["error"] == REPORT_ERROR.unknown_id
    (order,) = outcome.orders
    assert (order["order_id"], order["instrument"]) == (1 << 60, 250)
    assert (order["tick"], order["quantity"]) == (1 << 63, 4)


@pytest.mark.parametrize("kind", ["ack", "cancelled", "rejected", "cancel_rejected"])
def test_a_report_of_an_unknown_id_changes_nothing(kind: str) -> None:
    gate = with_order()
    before = snapshot(gate)
    for order_id in (101, 100 | 1 << SMALL.id_bits):
        assert error_of(gate, kind, order_id=order_id, instrument=255) == "unknown_id"
    assert snapshot(gate) == before
    assert gate.faults == 0


def test_outcomes_are_what_venues_say_to_new_orders() -> None:
    assert tell(with_order(), "ack", order_id=100).reject is False
    assert tell(with_order(), "ack", order_id=101).reject is None
    assert tell(with_order(), "rejected", order_id=100).reject is True
    assert tell(with_order(), "rejected", order_id=101).reject is True
    for kind in ("fill", "cancelled", "cancel_rejected", "cancel"):
        assert tell(with_order(), kind, order_id=100).reject is None


@pytest.mark.parametrize("kind", ["cancelled", "rejected"])
def test_an_order_that_leaves_leaves_nothing_behind(kind: str) -> None:
    gate = good_gate()
    before = snapshot(gate)
    rest(gate)
    tell(gate, kind, order_id=9000)
    gate.walk()
    assert snapshot(gate) == before


def test_faulty_fills() -> None:
    gate = with_order()
    fill(gate, 100, 5, execution=6)
    before = snapshot(gate)
    for error, kill, changes in (
        ("zero_quantity", None, {"quantity": 0, "tick": WIDE_TICK}),
        ("duplicate_fill", None, {"quantity": 5, "execution": 6}),
        ("range", 1, {"quantity": WIDE_QUANTITY}),
        ("range", 1, {"quantity": 5, "tick": WIDE_TICK}),
    ):
        outcome = tell(gate, "fill", order_id=100, instrument=2, **changes)
        assert REPORT_ERROR.name_of(outcome.events[0]["error"]) == error
        assert (outcome.fault, outcome.fault_kill) == (error != "zero_quantity", kill)
        assert snapshot(gate) == before
    assert fill(gate, 100, 1, execution=0).events[0]["error"] == 0
    assert fill(gate, 100, 1, execution=0).events[0]["error"] == 0
    outcome = fill(gate, 100, 14, execution=6)
    assert outcome.events[0]["error"] == REPORT_ERROR.over_fill
    assert (outcome.fault_kill, outcome.events[0]["position"]) == (1, 21)
    assert (gate.state.open_buy[1], gate.state.orders) == (0, {})
    assert gate.faults == 4


def test_the_fill_of_an_unknown_order_moves_the_position_that_it_names() -> None:
    gate = with_order()
    outcome = fill(gate, 7, 30, 900, instrument=2, side=1, venue=9, strategy=9, account=9)
    assert outcome.events[0]["error"] == REPORT_ERROR.unknown_id
    assert outcome.fault_kill == 2
    assert (gate.state.position[2], gate.state.cash[2]) == (-30, 27_000)
    assert outcome.events[0]["position"] == (1 << 64) - 30
    before = snapshot(gate)
    for changes in ({"instrument": 4}, {"side": 2}):
        outcome = fill(gate, 7, WIDE_QUANTITY, **changes)
        assert outcome.events[0]["error"] == REPORT_ERROR.bad_index
        assert not outcome.fault
    outcome = fill(gate, 7, WIDE_QUANTITY, instrument=2)
    assert outcome.events[0]["error"] == REPORT_ERROR.range
    assert snapshot(gate) == before


def test_faults_kill_no_instrument_where_the_box_says_so() -> None:
    gate = with_order()
    commit(gate, box_flags=1)
    outcome = fill(gate, 100, 21)
    assert (outcome.fault, outcome.fault_kill, gate.faults) == (True, None, 1)


@pytest.mark.parametrize("side", [0, 1])
def test_a_position_stays_at_its_largest_value(side: int) -> None:
    gate = good_gate()
    rest(gate, side=side, quantity=6)
    gate.state.position[1] = (LARGEST - 5) * (1 - 2 * side)
    outcome = fill(gate, 9000, 5)
    assert outcome.events[0]["error"] == 0
    assert outcome.events[0]["remaining"] == 1
    assert (gate.state.position[1], outcome.fault) == (LARGEST * (1 - 2 * side), False)
    outcome = fill(gate, 9000, 1)
    assert outcome.events[0]["error"] == REPORT_ERROR.range
    assert gate.state.position[1] == LARGEST * (1 - 2 * side)
    assert (gate.state.orders, outcome.fault_kill) == ({}, 1)


def test_positions_are_set_while_disarmed() -> None:
    gate = good_gate()
    said = {"instrument": 2, "side": 1, "quantity": 30, "tick": 900}
    assert error_of(gate, "set_position", **said) == "not_disarmed"
    assert error_of(gate, "set_position", **(said | {"instrument": 4})) == "bad_index"
    gate.world.armed = False
    assert error_of(gate, "set_position", **(said | {"side": 2})) == "bad_index"
    assert error_of(gate, "set_position", **(said | {"tick": WIDE_TICK})) == "range"
    assert error_of(gate, "set_position", **(said | {"quantity": LARGEST + 1})) == "range"
    assert (gate.state.position, gate.faults) == ([0] * 4, 0)
    assert error_of(gate, "set_position", **(said | {"quantity": LARGEST})) == "none"
    assert error_of(gate, "set_position", **said) == "none"
    assert (gate.state.position[2], gate.state.cash[2]) == (-30, 27_000)


def test_open_orders_are_set_while_disarmed() -> None:
    gate = good_gate()
    said = {"order_id": 3, "instrument": 3, "side": 1, "quantity": 30, "tick": 900}
    said |= {"venue": 1, "strategy": 1, "account": 1}
    assert error_of(gate, "set_order", **said) == "not_disarmed"
    gate.world.armed = False
    wrong = [{n: 2} for n in ("venue", "strategy", "account", "side")] + [{"instrument": 4}]
    wrong += [{"order_id": 1 << SMALL.id_bits}, {"tick": WIDE_TICK}, {"quantity": WIDE_QUANTITY}]
    for changes in wrong:
        assert error_of(gate, "set_order", **(said | changes)) == "bad_index"
    assert error_of(gate, "set_order", **(said | {"quantity": 0})) == "zero_quantity"
    (event,) = tell(gate, "set_order", **said).events
    assert (event["state"], event["remaining"], event["error"]) == (ORDER_STATE.live, 30, 0)
    assert error_of(gate, "set_order", **said) == "duplicate_id"
    fill_places(gate, 100)
    assert error_of(gate, "set_order", **(said | {"order_id": 100})) == "table_full"
    assert gate.state.open_sell[3] == 30


def test_executions_are_reset() -> None:
    gate = good_gate()
    gate.state.fills[:] = [5, 6]
    assert error_of(gate, "reset_executions", strategy=1, instrument=255) == "none"
    assert gate.state.fills == [5, 0]
    assert error_of(gate, "reset_executions", strategy=2) == "bad_index"


@pytest.mark.parametrize("kind", [0, 12, 255])
def test_another_kind_does_nothing(kind: int) -> None:
    gate = with_order()
    before = snapshot(gate)
    (event,) = gate.request(GOOD._replace(kind=kind)).events
    assert (event["error"], event["cause"]) == (REPORT_ERROR.bad_kind, kind)
    assert snapshot(gate) == before
