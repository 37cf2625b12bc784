"""Each check of a new order fails alone, and passes at its limit."""

import pytest

from hw.records import CHECK, RISK_EVENT_KIND, SIDE
from sim.models.risk_checks import CHECKS, check_bit
from sim.models.risk_checks_order import divisor
from sim.models.risk_gate import RiskGate
from sim.orderflow.risk_setting import divisor_fields
from tests.sim.models.risk_cases import CASES, Prepare
from tests.sim.models.risk_good import GOOD, SMALL, commit, good_gate, snapshot

#: Reduce only, by the limits and by the breaker: position, open quantity of the side, side.
REDUCING = [(-20, 0, 0), (-50, 30, 0), (20, 0, 1), (50, 30, 1)]


@pytest.mark.parametrize(("check", "at_limit", "beyond"), CASES)
def test_a_check_fails_alone_and_passes_at_its_limit(
    check: str, at_limit: Prepare, beyond: Prepare
) -> None:
    gate = good_gate()
    outcome = gate.request(at_limit(gate))
    assert outcome.failed == 0
    assert [e["kind"] for e in outcome.events] == [RISK_EVENT_KIND.passed]

    gate = good_gate()
    request = beyond(gate)
    before = snapshot(gate)
    outcome = gate.request(request)
    (event,) = outcome.events
    assert (event["kind"], event["failed"]) == (RISK_EVENT_KIND.denied, check_bit(check))
    assert event["first"] == getattr(CHECK, check)
    assert outcome.orders == []
    assert snapshot(gate) == before
    assert (gate.denials[event["first"]], gate.denied) == (1, 1)


@pytest.mark.parametrize(("position", "resting_quantity", "side"), REDUCING)
@pytest.mark.parametrize("by_breaker", [False, True])
def test_reduce_only_lets_through_what_reduces_to_flat_at_most(
    position: int, resting_quantity: int, side: int, by_breaker: bool
) -> None:
    for beyond in (0, 1):
        gate = good_gate()
        if by_breaker:
            gate.world.reducing = {1}
        else:
            commit(gate, instrument_flags=0b001)
        gate.state.position[1] = position + (beyond if side == SIDE.bid else -beyond)
        (gate.state.open_sell if side else gate.state.open_buy)[1] = resting_quantity
        outcome = gate.request(GOOD._replace(side=side))
        assert outcome.failed == beyond * check_bit("reduce_only")


def test_every_check_has_a_case() -> None:
    names = {code.name for code in CHECK}
    assert {name for name, _, _ in CASES} | {"reduce_only"} == names
    assert set(CHECKS) | {"bad_index"} == names


def test_all_checks_are_made_but_after_a_bad_index() -> None:
    gate = RiskGate(SMALL)
    gate.world.events_full = True
    passing = ["bad_index", "killed", "killed_venue", "killed_account", "killed_instrument"]
    passing += ["killed_strategy", "halted", "luld", "collar", "duplicate_id", "table_full"]
    passing += ["book_invalid", "book_deferred", "book_crossed", "book_stale", "feed_gap"]
    passing += ["max_short", "self_match", "duplicate", "min_quantity", "max_gross", "max_net"]
    everything = sum(check_bit(code.name) for code in CHECK)
    assert gate.request(GOOD).failed == everything - sum(map(check_bit, passing))
    assert gate.request(GOOD._replace(instrument=200)).failed == check_bit("bad_index")


@pytest.mark.parametrize("bits", [8, 20, 32])
def test_divisors_are_read_back_from_their_fields(bits: int) -> None:
    for step in (1, 2, 3, 5, 10, 48, 100, 127, 128, (1 << bits) - 1, 1 << (bits - 1)):
        assert divisor(*divisor_fields(step, bits), bits) == step
    assert divisor(0, 0, 0, bits) is None
    assert divisor(2, 1, (1 << bits) - 1, bits) is None
    assert divisor(0, 1, 5, bits) is None
