# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.risk.reject_watch in Amaranth's own simulator."""

import random
from typing import Any, NamedTuple

import pytest

from gateware.risk.reject_watch import RejectWatch
from sim.models.reject_watch import RejectWatch as Model
from tests.gateware.bench import run


class Inputs(NamedTuple):
    """Of one cycle."""

    outcome: int = 0
    rejected: int = 0
    limit: int = 3
    window: int = 5
    clear: int = 0


GOOD, BAD, IDLE, CLEAR = Inputs(1), Inputs(1, 1), Inputs(0, 1), Inputs(clear=1)


def trips(inputs: list[Inputs], *, depth: int = 8) -> list[int]:
    """Return ``trip`` in each cycle."""
    dut = RejectWatch(depth=depth)
    seen: list[int] = []

    async def testbench(ctx: Any) -> None:
        for cycle in inputs:
            for name, value in cycle._asdict().items():
                ctx.set(getattr(dut, name), value)
            seen.append(ctx.get(dut.trip))
            await ctx.tick()

    run(dut, testbench)
    return seen


def after(inputs: list[Inputs], *, depth: int = 8) -> bool:
    """Say whether it trips by these inputs, and assert that it does not before."""
    settled = [*inputs, *[inputs[-1]._replace(outcome=0, clear=0)] * 4]
    seen = trips(settled, depth=depth)
    assert not any(seen[:-1])
    return bool(seen[-1])


def test_it_trips_after_the_latency_and_stays() -> None:
    assert RejectWatch.LATENCY == 4
    seen = trips([BAD, GOOD, BAD, IDLE, GOOD, BAD, *[GOOD] * 20])
    assert seen == [0] * (5 + 4) + [1] * 17


def test_what_is_no_longer_among_the_last_ones_does_not_count() -> None:
    assert after([BAD, GOOD, BAD, GOOD, BAD])
    assert not after([BAD, GOOD, BAD, GOOD, GOOD, BAD])


def test_all_64_outcomes_count() -> None:
    outcomes = [Inputs(1, int(n % 2 == 0), 32, 64) for n in range(64)]
    assert trips([*outcomes[:63], *[IDLE._replace(limit=32, window=64)] * 9], depth=64)[-1]
    assert not trips([*outcomes[1:63], *[IDLE._replace(limit=32, window=64)] * 9], depth=64)[-1]


@pytest.mark.parametrize("window", [0, 1, 5, 8, 15])
def test_a_limit_of_0_trips_at_the_first_reject(window: int) -> None:
    assert after([Inputs(1, 1, 0, window)])
    assert not after([Inputs(1, 0, 0, window)])


@pytest.mark.parametrize(("limit", "window", "needed"), [(9, 3, 3), (5, 0, 1), (15, 15, 8)])
def test_a_watch_that_could_not_trip_is_strict_instead(
    limit: int, window: int, needed: int
) -> None:
    assert after([Inputs(1, 1, limit, window)] * needed)
    less = [Inputs(1, 1, limit, window)] * (needed - 1)
    assert not after([Inputs(0, 1, limit, window), *less])


def test_a_lower_limit_and_a_longer_window_count_at_once() -> None:
    assert after([BAD, BAD, IDLE, IDLE._replace(limit=2)])
    assert after([BAD, *[GOOD] * 4, BAD, BAD, IDLE, IDLE._replace(window=7)])


@pytest.mark.parametrize("gap", range(5))
def test_clear_forgets_what_was_before_it_and_no_more(gap: int) -> None:
    assert not after([BAD, BAD, BAD._replace(limit=9), *[GOOD._replace(limit=9)] * 5, CLEAR])
    early = [BAD, BAD, BAD, *[IDLE] * gap, CLEAR, *[IDLE] * 9]
    seen = trips(early)
    assert seen[4 + gap :] == [0] * 9
    assert any(seen) == (gap >= 3)  # else it was forgotten before it was counted
    assert after([BAD, BAD, CLEAR._replace(outcome=1, rejected=1), BAD, BAD])
    assert not after([BAD, BAD, CLEAR._replace(outcome=1, rejected=1), BAD])
    assert not after([BAD, BAD, CLEAR, BAD, BAD])


@pytest.mark.parametrize("seed", range(6))
def test_it_is_its_model(seed: int) -> None:
    rng, model = random.Random(seed), Model(depth=12)
    inputs, expected = [], [0] * 4
    limit, window, bad = 3, 5, 0.3
    for _ in range(1500):
        if rng.random() < 0.03:
            limit, window, bad = rng.randrange(16), rng.randrange(16), rng.choice([0.1, 0.4, 0.8])
        one = Inputs(
            int(rng.random() < 0.6), int(rng.random() < bad), limit, window,
            int(rng.random() < 0.05),
        )  # fmt: skip
        inputs.append(one)
        if one.clear:
            model.clear()
            expected[-3:] = [0] * 3
        if one.outcome:
            model.add(rejected=bool(one.rejected))
        model.judge(limit=limit, window=window)
        expected.append(int(model.trip))
    seen = trips(inputs, depth=12)
    assert seen == expected[: len(seen)]
    assert 0 < sum(seen) < len(seen)


def test_the_depth_must_be_positive() -> None:
    with pytest.raises(ValueError, match="depth must be at least 1, not 0"):
        RejectWatch(depth=0)
