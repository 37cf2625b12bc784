"""The drills on the device: what must be found is found, and every verdict is right."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from host.risk.defaults import DEFAULTS
from hw.breaker_detectors import BREAKER_DETECTORS
from sim.drills import stage
from sim.drills.calm import calm_captures, run_calm
from sim.drills.crash import run_crash
from sim.drills.desk import desk_limits
from sim.drills.eth_crash import CrashShape
from sim.drills.fat_finger import expected_checks, run_fat_finger
from sim.drills.results import DrillResult
from sim.drills.runaway import run_runaway
from sim.drills.stuck_feed import run_stuck_feed
from tests.sim.drills.conftest import open_usual

pytestmark = [pytest.mark.cosim, pytest.mark.usefixtures("usual")]

SECOND = 1_000_000_000
MS = 1_000_000
SHORT = CrashShape(calm=3 * SECOND, rebound=2 * SECOND, after=SECOND // 2)


def rows(result: DrillResult, key: str) -> list[dict[str, Any]]:
    (table,) = (t for t in result.tables if t.key == key)
    return [dict(row) for row in table.rows]


def must_be_found(result: DrillResult) -> None:
    assert result.detection_cycles == 4
    assert result.detection_ms is not None
    assert 0 <= result.detection_ms < 100
    assert not result.failed
    assert result.false_alarms == 0


def test_the_crash_is_found_within_100_ms_and_4_cycles_and_losses_are_less_with_the_breaker() -> (
    None
):
    result = run_crash(open_usual, seed=1, shape=SHORT)
    must_be_found(result)
    assert result.denied["halted"] > 0
    halted, unhalted, unprotected = (run["loss"] for run in rows(result, "runs"))
    assert (result.loss_with, result.loss_without) == pytest.approx((halted, unhalted), abs=0.01)
    assert halted < unhalted < unprotected
    halt = next(trip for trip in rows(result, "trips") if trip["action"] == "halt")
    assert 0 < halt["after ms"] < 100


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape",
    [
        replace(SHORT, others=0),
        replace(SHORT, sell_step=10_000),
        replace(SHORT, sell_step=MS),
        replace(SHORT, contagion=0.9),
    ],
    ids=["one venue", "ten times as fast", "ten times as slow", "all venues fall"],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_crash_is_found_whatever_is_assumed(shape: CrashShape, seed: int) -> None:
    must_be_found(run_crash(open_usual, seed=seed, shape=shape))


@pytest.mark.slow
def test_a_breaker_that_sees_nothing_misses_the_crash() -> None:
    blind = replace(DEFAULTS, actions=dict.fromkeys(BREAKER_DETECTORS, "none"))
    shape = replace(SHORT, calm=SECOND, rebound=SECOND)
    result = run_crash(open_usual, seed=1, shape=shape, breaker=blind)
    assert result.missed
    assert result.failed
    assert result.detection_ms is result.detection_cycles is None


@pytest.mark.slow
def test_no_verdict_on_a_fat_finger_is_wrong() -> None:
    result = run_fat_finger(open_usual)
    assert result.wrong == 0
    assert result.orders > 1000
    assert 20 < result.orders - result.orders_denied < 100
    for check in ("min_quantity", "max_quantity", "lot", "tick", "max_notional", "price_band",
                  "luld", "collar", "max_long", "max_short", "max_gross", "max_net"):  # fmt: skip
        assert result.denied[check] > 0
    assert result.loss_with is not None
    assert result.loss_without is not None
    assert result.loss_with < result.loss_without / 100


@pytest.mark.slow
def test_a_limit_that_is_not_what_it_should_be_shows_as_wrong_verdicts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = desk_limits

    def off_by_one(*arguments: Any) -> dict[str, list[int]]:
        limits = right(*arguments)
        limits["max_quantity"][0] += 10
        return limits

    monkeypatch.setattr(stage, "desk_limits", off_by_one)
    result = run_fat_finger(open_usual)
    assert result.wrong
    assert result.failed
    assert rows(result, "wrong_orders")


@pytest.mark.slow
def test_a_stuck_feed_stops_orders_to_it_alone() -> None:
    result = run_stuck_feed(open_usual)
    must_be_found(result)
    assert result.wrong == 0
    troubles = {row["trouble"]: row for row in rows(result, "troubles")}
    assert troubles["venue 0 is silent"]["first denied ms"] == 2_100  # max_age, and a probe later
    assert troubles["venue 1 repeats itself"]["tripped"] == "divergence"
    assert troubles["all venues are silent"]["tripped"] == "silence"
    assert {"book_stale", "book_invalid", "feed_gap", "book_crossed"} <= result.denied.keys()


@pytest.mark.slow
def test_every_loop_is_stopped_by_its_limit() -> None:
    result = run_runaway(open_usual)
    assert result.wrong == 0
    assert not result.failed
    loops = rows(result, "loops")
    assert all(0 < loop["passed"] <= loop["may pass"] for loop in loops)
    assert {loop["stopped by"] for loop in loops} == {
        "duplicate", "strategy_rate", "message_ratio", "executions", "max_long", "max_loss",
    }  # fmt: skip
    assert result.loss_with is not None
    assert result.loss_without is not None
    assert result.loss_with < 1_100 < result.loss_without  # the limit is 1,000


@pytest.mark.slow
def test_generated_calm_flow_trips_nothing_though_every_book_is_watched() -> None:
    result = run_calm(open_usual, [], seed=1)
    assert result.false_alarms == 0
    (row,) = rows(result, "captures")
    assert row["watched"] == row["books"] == 3
    assert any("generated" in note for note in result.notes)
    assert run_calm(open_usual, [], seed=1) == result


@pytest.mark.slow
def test_thresholds_that_are_too_tight_show_as_false_alarms() -> None:
    tight = replace(DEFAULTS, returns=(0, 0, 0), sigmas=(0, 0, 0), least=0)
    result = run_calm(open_usual, [], seed=1, breaker=tight)
    (row,) = rows(result, "captures")
    assert row["return0"] > 0
    assert result.false_alarms
    assert not result.failed


@pytest.mark.slow
@pytest.mark.data
def test_calm_captures_trip_nothing_but_on_two_flaws_of_feeds(data_dir: Path) -> None:
    result = run_calm(open_usual, calm_captures(data_dir), seed=1)
    captures = rows(result, "captures")
    assert len(captures) >= 7
    assert all(row["watched"] == row["books"] for row in captures)
    # Bitstamp's feed of 2015 shows orders that trade as resting: its book is crossed then.
    others = [alarm for alarm in rows(result, "alarms") if not alarm["book crossed"]]
    # One update in the middle of a message of Coinbase: a level leaves before its successor comes.
    assert {(a["capture"], a["detectors"], a["action"]) for a in others} <= {
        ("COINBASE.ws.28.0.xz", "spread", "reduce")
    }
    assert result.false_alarms == 2


@pytest.mark.parametrize(
    ("side", "tick", "quantity", "expected"),
    [
        (0, 100, 10, set()),
        (0, 111, 10, {"collar"}),
        (1, 95, 10, set()),
        (0, 1 << 32, 10, {"bad_index"}),
    ],
)
def test_what_is_expected_of_an_order_follows_from_the_limits(
    side: int, tick: int, quantity: int, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.drills.fat_finger._PRICE", 100)
    limits = {
        "min_quantity": 1, "max_quantity": 50, "max_notional": 10_000, "min_tick": 50,
        "max_tick": 200, "luld_band": 50, "collar": 10, "max_long": 50, "max_short": 50,
        "max_gross": 50, "max_net": 50, "lot_value": 1,
    }  # fmt: skip
    checks = expected_checks(limits, side, tick, quantity, (32, 32)) - {"tick"}
    assert checks == expected
