"""Properties of sim.models.risk_gate over random histories."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from hw.records import RISK_EVENT_KIND, SIDE
from sim.models.risk_gate import RiskGate
from sim.models.risk_state import RiskState
from sim.models.risk_world import Request, Targets
from tests.sim.models.risk_good import GOOD, LIMITS, NOW, commit, good_gate, snapshot, tell

INSTRUMENTS = 2
ROOMY = LIMITS | {
    "min_quantity": 1,
    "lot_mask": 0,
    "lot_inverse": 1,
    "lot_bound": (1 << 20) - 1,
    "lot_value": 2,
    "max_long": 12,
    "max_short": 12,
    "max_gross": 60,
    "max_net": 40,
    "duplicate_window": 0,
}


class Act(NamedTuple):
    """Something that happens."""

    kind: str
    order_id: int
    instrument: int
    side: int
    quantity: int
    tick: int
    row: int


ACTS = st.builds(
    Act,
    kind=st.sampled_from(
        ["new"] * 5
        + ["fill"] * 4
        + ["ack", "cancel", "cancelled", "rejected", "cancel_rejected"]
        + ["limit", "withdraw", "kill", "move", "settle", "later"]
    ),
    order_id=st.integers(0, 11),
    instrument=st.integers(0, INSTRUMENTS - 1),
    side=st.integers(0, 1),
    quantity=st.integers(1, 8),
    tick=st.sampled_from([990, 995, 1000, 1005, 1010]),
    row=st.integers(0, 3),
)
HISTORIES = st.lists(ACTS, max_size=80)
LIMIT_NAMES = ["max_long", "max_short", "max_gross", "max_net"]


def act_on(gate: RiskGate, act: Act) -> None:
    """Let it happen; fills are of known orders and of no more than remained."""
    order = gate.state.orders.get(act.order_id)
    if act.kind == "new":
        gate.request(order_of(act))
    elif act.kind == "fill":
        if order is not None:
            quantity = min(act.quantity, order.remaining)
            tell(gate, "fill", order_id=act.order_id, quantity=quantity, tick=act.tick)
    elif act.kind == "limit":
        commit(gate, **{LIMIT_NAMES[act.row]: 5 * act.quantity})
    elif act.kind == "withdraw":
        if order is not None:
            gate.withdraw(act.order_id)
    elif act.kind == "kill":
        gate.cancel_all(Targets(instruments=frozenset({act.instrument})))
    elif act.kind == "move":
        gate.quote(act.instrument, 2 * act.tick)
    elif act.kind == "settle":
        gate.settle()
    elif act.kind == "later":
        gate.world.now += act.quantity
    else:
        tell(gate, act.kind, order_id=act.order_id)


def order_of(act: Act) -> Request:
    """Return the order of an act."""
    return GOOD._replace(
        order_id=act.order_id,
        instrument=act.instrument,
        side=act.side,
        quantity=act.quantity,
        tick=act.tick,
    )


def worst(s: RiskState) -> dict[tuple[str, int], int]:
    """Return the worst case that each exposure limit binds, from the orders alone."""
    value = ROOMY["lot_value"]
    buys, sells = [0] * len(s.position), [0] * len(s.position)
    for order in s.orders.values():
        (buys if order.side == SIDE.bid else sells)[order.instrument] += order.remaining
    cases = {("max_long", i): s.position[i] + buys[i] for i in range(INSTRUMENTS)}
    cases |= {("max_short", i): sells[i] - s.position[i] for i in range(INSTRUMENTS)}
    gross = sum(map(abs, s.position)) + sum(buys) + sum(sells)
    cases["max_gross", 0] = value * gross
    cases["max_net", SIDE.bid] = value * (sum(s.position) + sum(buys))
    cases["max_net", SIDE.ask] = value * (sum(sells) - sum(s.position))
    return cases


def bound_by(act: Act) -> list[tuple[str, int]]:
    """Return the worst cases that an order which passes may have raised."""
    name = "max_long" if act.side == SIDE.bid else "max_short"
    return [(name, act.instrument), ("max_gross", 0), ("max_net", act.side)]


@settings(deadline=None)
@given(HISTORIES)
def test_no_worst_case_is_over_the_limit_in_force_when_it_was_last_raised(
    history: list[Act],
) -> None:
    gate = good_gate(ROOMY)
    allowed = dict.fromkeys(worst(gate.state), 0)
    for act in history:
        passed = gate.passed
        act_on(gate, act)
        if gate.passed > passed:
            for name, row in bound_by(act):
                limits = gate.limits.active[name]
                allowed[name, row] = limits[min(row, len(limits) - 1)]
        for case, exposure in worst(gate.state).items():
            assert exposure <= allowed[case], case


@settings(deadline=None)
@given(HISTORIES)
def test_what_is_kept_equals_what_the_open_orders_say(history: list[Act]) -> None:
    gate = good_gate(ROOMY)
    s = gate.state
    for act in history:
        act_on(gate, act)
        for i in range(INSTRUMENTS):
            mine = [order for order in s.orders.values() if order.instrument == i]
            sides = [[o.remaining for o in mine if o.side == side] for side in (0, 1)]
            assert (s.open_buy[i], s.open_sell[i]) == (sum(sides[0]), sum(sides[1]))
            assert s.instrument_orders[i] == len(mine)
            highest, lowest = s.own_bounds(i)
            widest, deepest = s.highest_buy[i], s.lowest_sell[i]
            assert highest is None or (widest is not None and highest <= widest)
            assert lowest is None or (deepest is not None and lowest >= deepest)
        assert sum(s.strategy_orders) == len(s.orders)
        assert all(order.remaining > 0 for order in s.orders.values())
        held = sorted(order_id for ids in s.ways for order_id in ids.values())
        assert held == sorted(s.orders)
        assert min(s.used) >= 0


@settings(deadline=None)
@given(HISTORIES, ACTS)
def test_a_denied_order_changes_nothing_and_one_that_passes_costs_one_of_each(
    history: list[Act], last: Act
) -> None:
    gate = good_gate(ROOMY)
    for act in history:
        act_on(gate, act)
    before = snapshot(gate)
    passed, used, orders = gate.passed, sum(gate.state.used), len(gate.state.orders)
    outcome = gate.request(order_of(last))
    if outcome.failed:
        assert (snapshot(gate), gate.passed, outcome.orders) == (before, passed, [])
    else:
        assert (gate.passed, sum(gate.state.used)) == (passed + 1, used + 1)
        assert len(gate.state.orders) == orders + 1
        assert len(outcome.orders) == 1


@settings(deadline=None)
@given(HISTORIES, st.integers(0, 11))
def test_a_cancel_always_leaves(history: list[Act], order_id: int) -> None:
    gate = good_gate(ROOMY)
    for act in history:
        act_on(gate, act)
    gate.world.killed = True
    gate.world.armed = False
    outcome = tell(gate, "cancel", order_id=order_id)
    assert [order["order_id"] for order in outcome.orders] == [order_id]
    assert [event["kind"] for event in outcome.events] == [RISK_EVENT_KIND.cancel_sent]


@settings(deadline=None)
@given(HISTORIES, ACTS)
def test_an_open_check_is_decided_by_what_was_said_and_no_other(
    history: list[Act], last: Act
) -> None:
    verdicts = []
    for said in (None, 0, (1 << 48) - 1):
        gate = good_gate(ROOMY)
        for act in history:
            act_on(gate, act)
        verdicts.append(gate.request(order_of(last), said))
    alone, none, every = verdicts
    assert none.failed == alone.failed & ~alone.open
    assert every.failed & ~none.failed & ~alone.open == 0
    assert every.failed | alone.open == every.failed
    settled = good_gate(ROOMY)
    for act in history:
        act_on(settled, act)
    settled.settle()
    assert settled.request(order_of(last)).open == 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 400), max_size=60))
def test_a_rate_lets_through_no_more_than_its_burst_and_its_mean(
    gaps: list[int],
) -> None:
    period, burst = 100, 3
    gate = good_gate(ROOMY | {"box_period": period, "box_tolerance": (burst - 1) * period})
    times: list[int] = []
    for k, gap in enumerate(gaps):
        gate.world.now += gap
        if not gate.request(GOOD._replace(order_id=k, quantity=1)).failed:
            times.append(gate.world.now)
            gate.withdraw(k)
    for first in range(len(times)):
        for last in range(first, len(times)):
            span = times[last] - times[first]
            assert last - first + 1 <= burst + span // period
    assert not gaps or times[0] == NOW + gaps[0]
