"""Tests of sim.orderflow.risk_flow."""

from itertools import islice

import pytest

from hw.records import CHECK, RISK_EVENT_KIND
from hw.risk_parameters import RiskParameters
from sim.models.risk_gate import RiskGate
from sim.orderflow.risk_flow import RiskFlow
from sim.orderflow.risk_steps import Ask, Step, Told, apply

SMALLEST = RiskParameters(
    books=2,
    instruments=2,
    venues=2,
    strategies=2,
    accounts=2,
    order_slots=8,
    id_bits=8,
    tick_bits=8,
    quantity_bits=8,
    position_bits=12,
    lot_value_bits=4,
    time_bits=32,
)
LARGEST = RiskParameters(books=256, instruments=32, venues=8, accounts=8, order_slots=4096)
ERRORS = 10


def steps_of(flow: RiskFlow, n: int) -> list[Step]:
    """Take the model alone through n steps."""
    steps = []
    for step in islice(flow.steps(), n):
        flow.apply(step)
        steps.append(step)
    return steps


@pytest.mark.parametrize(
    ("parameters", "share"),
    [(RiskParameters(), 0.25), (SMALLEST, 0.2)],
    ids=["default", "smallest"],
)
def test_every_check_fails_often_and_many_orders_pass(
    parameters: RiskParameters, share: float
) -> None:
    flow = RiskFlow(parameters, seed=1)
    errors = {outcome.events[-1]["error"] for _, outcome in flow.requests(20_000)}
    rare = {c.name: flow.failures[c.value] for c in CHECK if flow.failures[c.value] < 20}
    assert rare == {}
    assert flow.gate.passed > share * (flow.gate.passed + flow.gate.denied)
    assert errors == set(range(ERRORS + 1))


def test_goes_on_in_the_largest_build() -> None:
    flow = RiskFlow(LARGEST, seed=1)
    assert sum(1 for _ in flow.requests(3000)) == 3000
    assert flow.gate.passed > 300


def test_the_same_seed_gives_the_same_steps() -> None:
    assert steps_of(RiskFlow(SMALLEST, 7), 3000) == steps_of(RiskFlow(SMALLEST, 7), 3000)
    assert steps_of(RiskFlow(SMALLEST, 7), 3000) != steps_of(RiskFlow(SMALLEST, 8), 3000)


def test_steps_taken_by_another_model_come_out_alike() -> None:
    flow = RiskFlow(RiskParameters(), 5)
    other = RiskGate(RiskParameters())
    for step in islice(flow.steps(), 5000):
        assert apply(other, step) == flow.apply(step)


def test_time_never_goes_back_and_requests_carry_it() -> None:
    flow = RiskFlow(SMALLEST, 3)
    latest = 0
    for step in islice(flow.steps(), 5000):
        if isinstance(step, Told) and step.name == "now":
            assert isinstance(step.value, int)
            assert step.value >= latest
            latest = step.value
        flow.apply(step)
        if isinstance(step, Ask):
            assert step.request.time <= latest < 1 << 32


def test_a_gate_that_lets_open_orders_through_is_followed() -> None:
    flow = RiskFlow(RiskParameters(), 2)
    followed = 0
    for step in islice(flow.steps(), 20_000):
        outcome = flow.apply(step, said=0)
        if outcome is not None and outcome.open:
            followed += outcome.events[0]["kind"] == RISK_EVENT_KIND.passed
    assert followed > 10


def test_a_step_that_was_not_applied_is_an_error() -> None:
    steps = RiskFlow(SMALLEST, 1).steps()
    next(steps)
    with pytest.raises(RuntimeError, match="must be applied before the next"):
        next(steps)


def test_a_world_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="must name an attribute of World, not 'mood'"):
        apply(RiskGate(SMALLEST), Told("mood", 1))


def test_times_that_are_too_short_are_an_error() -> None:
    with pytest.raises(ValueError, match="time_bits must be at least 32, not 31"):
        RiskFlow(RiskParameters(time_bits=31), 1)
