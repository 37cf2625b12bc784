"""Tests of sim.models.risk_gate: what passes, work in the background, kills, the read-out."""

import pytest

from hw.records import ORDER, ORDER_KIND, ORDER_STATE, REQUEST_KIND, RISK_EVENT_KIND, SIDE
from sim.models.risk_checks import check_bit
from sim.models.risk_gate import RiskGate
from sim.models.risk_world import Targets
from tests.sim.models.risk_good import (
    GOOD,
    LIMITS,
    NOW,
    SMALL,
    commit,
    fill,
    fill_places,
    good_gate,
    rest,
    snapshot,
    tell,
)

SELF_MATCH = check_bit("self_match")
MAX_LOSS = check_bit("max_loss")
NOT_READY = check_bit("not_ready")


def test_an_order_that_passes_leaves_as_it_came() -> None:
    gate = good_gate()
    outcome = gate.request(GOOD)
    (order,) = outcome.orders
    assert set(order) == {field.name for field in ORDER.fields} - {"cycle"}
    assert order["kind"] == ORDER_KIND.new
    assert {n: order[n] for n in order if n != "kind"} == {
        n: v for n, v in GOOD._asdict().items() if n not in ("kind", "execution")
    }
    (event,) = outcome.events
    assert (event["remaining"], event["state"]) == (20, ORDER_STATE.pending)
    assert (event["first"], event["failed"], event["error"]) == (0, 0, 0)
    assert (gate.requests, gate.passed, gate.denied) == (1, 1, 0)


def test_a_passing_order_is_charged_to_every_rate() -> None:
    gate = good_gate()
    gate.state.box_tat[0] = NOW + 1000
    gate.request(GOOD)
    assert gate.state.strategy_tat == [0, NOW + 100]
    assert gate.state.venue_tat == [0, NOW + 100]
    assert (gate.state.box_tat, gate.state.burst_tat) == ([NOW + 1100], [NOW + 100])


def test_a_burst_passes_and_then_one_a_period() -> None:
    gate = good_gate(LIMITS | {"burst_period": 50, "burst_tolerance": 150, "duplicate_window": 0})
    passed = [not gate.request(GOOD._replace(order_id=k)).failed for k in range(6)]
    assert passed == [True] * 4 + [False] * 2
    gate.world.now += 49
    assert gate.request(GOOD).failed == check_bit("burst")
    gate.world.now += 1
    assert gate.request(GOOD).failed == 0


def test_totals_are_sums_over_the_instruments() -> None:
    gate = good_gate()
    for i, value in enumerate((3, 5, 7, 0)):
        assert gate.stage("lot_value", i, value)
    assert gate.commit()
    gate.state.position[:] = [10, -20, 30, 1000]
    rest(gate, instrument=0, quantity=4)
    rest(gate, instrument=2, quantity=2)
    rest(gate, instrument=1, side=1, quantity=6)
    assert gate.state.totals() == (30 - 100 + 210, 30 + 100 + 210, 12 + 14, 30)


def test_self_match_is_open_from_when_an_order_leaves_to_the_end_of_a_walk() -> None:
    for side in (SIDE.bid, SIDE.ask):
        for said, passes in ((None, False), (SELF_MATCH, False), (0, True)):
            gate = good_gate()
            rest(gate, side=1 - side)
            order = GOOD._replace(side=side)
            assert gate.request(order, said=0).failed == SELF_MATCH
            tell(gate, "cancelled", order_id=9000)
            outcome = gate.request(order, said)
            assert (outcome.open, outcome.failed == 0) == (SELF_MATCH, passes)
    gate = good_gate()
    rest(gate, side=SIDE.ask)
    rest(gate, side=SIDE.ask, tick=1005)
    tell(gate, "cancelled", order_id=9000)
    gate.walk()
    assert gate.state.lowest_sell[1] == 1005
    assert gate.request(GOOD, said=SELF_MATCH).failed == 0


def test_max_loss_is_open_from_a_change_to_the_next_mark() -> None:
    gate = good_gate(LIMITS | {"max_loss": 5, "duplicate_window": 0})
    rest(gate, quantity=10)
    fill(gate, 9000, 10, 1001)
    assert gate.request(GOOD._replace(order_id=1), said=MAX_LOSS).failed == 0
    gate.quote(1, 2000)
    outcome = gate.request(GOOD)
    assert (outcome.open, outcome.failed) == (MAX_LOSS, MAX_LOSS)
    assert gate.request(GOOD._replace(order_id=2, tick=995), said=0).failed == 0
    assert gate.mark(1)
    assert gate.request(GOOD, said=0).failed == MAX_LOSS
    gate.quote(1, None)
    assert not gate.mark(1)
    assert gate.request(GOOD, said=0).failed == MAX_LOSS | check_bit("no_reference")
    gate.quote(1, 2001)
    assert not gate.mark(1)
    assert gate.request(GOOD, said=MAX_LOSS).failed == 0


def test_the_loss_flag_is_up_at_first_and_a_flat_instrument_needs_no_mid() -> None:
    gate = RiskGate(SMALL)
    assert gate.request(GOOD).failed & MAX_LOSS
    assert gate.settle() == []
    assert not gate.request(GOOD).failed & MAX_LOSS


def test_not_ready_is_open_where_the_caller_cannot_tell() -> None:
    for said, failed in ((None, NOT_READY), (NOT_READY, NOT_READY), (0, 0)):
        gate = good_gate()
        gate.world.events_full = None
        outcome = gate.request(GOOD, said)
        assert (outcome.open, outcome.failed) == (NOT_READY, failed)


def test_what_a_gate_said_counts_for_open_checks_only() -> None:
    gate = good_gate()
    everything = (1 << 48) - 1
    assert gate.request(GOOD, said=everything).failed == 0
    gate.world.armed = False
    assert gate.request(GOOD._replace(quantity=10), said=0).failed & check_bit("not_armed")


@pytest.mark.parametrize(
    ("targets", "ids"),
    [
        (Targets(box=True), {1, 2, 3, 4}),
        (Targets(venues=frozenset({1})), {2}),
        (Targets(accounts=frozenset({1})), {3}),
        (Targets(instruments=frozenset({1, 2})), {1, 2, 3}),
        (Targets(strategies=frozenset({1}), venues=frozenset({1})), {2, 4}),
        (Targets(), set()),
    ],
)
def test_a_kill_cancels_the_open_orders_that_it_concerns(targets: Targets, ids: set[int]) -> None:
    gate = good_gate()
    rest(gate, order_id=1)
    rest(gate, order_id=2, venue=1)
    rest(gate, order_id=3, account=1)
    rest(gate, order_id=4, instrument=0, strategy=1)
    used = list(gate.state.used)
    outcome = gate.kill(targets)
    assert {order["order_id"] for order in outcome.orders} == ids
    assert {event["order_id"] for event in outcome.events} == ids
    for order, event in zip(outcome.orders, outcome.events, strict=True):
        assert (order["kind"], order["flags"], order["time"]) == (ORDER_KIND.cancel, 0, 0)
        assert (event["kind"], event["cause"]) == (RISK_EVENT_KIND.cancel_sent, 0)
        assert (event["quantity"], event["state"]) == (10, ORDER_STATE.cancelling)
    assert sum(gate.state.used) == sum(used) + len(ids)
    denied = gate.request(GOOD._replace(order_id=5, strategy=1, account=1)).failed
    assert bool(denied) == bool(ids)


def test_a_cancel_is_sent_once_until_the_venue_refuses_it() -> None:
    gate = good_gate()
    rest(gate, order_id=1)
    rest(gate, order_id=2)
    rest(gate, order_id=3, instrument=0)
    tell(gate, "cancel", order_id=1)
    gate.world.halted = {1}
    assert [o["order_id"] for o in gate.cancel_all(Targets()).orders] == [2]
    assert gate.cancel_all(Targets()).orders == []
    tell(gate, "cancel_rejected", order_id=1)
    assert [o["order_id"] for o in gate.cancel_all(Targets()).orders] == [1]
    gate.world.killed = True
    assert [o["order_id"] for o in gate.cancel_all(Targets()).orders] == [3]


def test_the_walk_follows_the_slots_of_the_ways() -> None:
    gate = good_gate()
    fill_places(gate, 100)
    slots = {n: (w, s) for w, ids in enumerate(gate.state.ways) for s, n in ids.items()}
    sent = [order["order_id"] for order in gate.cancel_all(Targets(box=True)).orders]
    assert sent == sorted(slots, key=lambda n: slots[n])
    assert len(sent) == len(gate.state.orders)


def test_cancels_leave_whatever_the_state() -> None:
    gate = RiskGate(SMALL)
    gate.world.killed = True
    for request in (GOOD, GOOD._replace(instrument=255, order_id=1 << 63, strategy=255)):
        assert len(gate.request(request._replace(kind=REQUEST_KIND.cancel)).orders) == 1


def test_a_withdrawn_order_leaves_the_table_but_was_charged() -> None:
    gate = good_gate()
    gate.request(GOOD)
    tats = list(gate.state.box_tat)
    (event,) = gate.withdraw(100).events
    assert (event["kind"], event["cause"]) == (RISK_EVENT_KIND.withdrawn, 0)
    assert (event["quantity"], event["remaining"], event["state"]) == (20, 0, 0)
    assert (gate.state.orders, gate.state.open_buy[1]) == ({}, 0)
    assert (gate.state.box_tat, gate.state.used) == (tats, [0, 1])
    with pytest.raises(KeyError):
        gate.withdraw(100)


def test_an_audit_reads_out_every_order_and_every_position() -> None:
    gate = good_gate()
    rest(gate, order_id=1, quantity=30)
    rest(gate, order_id=2, side=1, tick=1100)
    fill(gate, 1, 10)
    gate.state.position[3] = -4
    before = snapshot(gate)
    events = tell(gate, "audit").events
    assert snapshot(gate) == before
    kinds = [RISK_EVENT_KIND.name_of(event["kind"]) for event in events]
    assert kinds == ["order"] * 2 + ["position"] * 4 + ["audit_done"]
    orders = {e["order_id"]: (e["side"], e["tick"], e["remaining"]) for e in events[:2]}
    assert orders == {1: (0, 1000, 20), 2: (1, 1100, 10)}
    positions = [(e["instrument"], e["position"], e["quantity"], e["side"]) for e in events[2:6]]
    assert positions == [(0, 0, 0, 0), (1, 10, 10, 0), (2, 0, 0, 0), (3, (1 << 64) - 4, 4, 1)]


def test_limits_that_were_refused_do_not_come_into_force() -> None:
    gate = good_gate()
    commit(gate, max_long=50)
    assert not gate.stage("max_long", 99, 1)
    assert not gate.commit()
    gate.forget()
    assert gate.request(GOOD, said=NOT_READY).failed == 0
