# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.circuit_breaker."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from gateware.risk.circuit_breaker import CircuitBreaker
from hw.breaker_detectors import BREAKER_DETECTORS
from sim.models.breaker_state import Market
from tests.gateware.bench import run
from tests.gateware.risk.breaker_bursts import BreakerBursts
from tests.gateware.risk.breaker_rig import BreakerRig, actions, rig
from tests.gateware.risk.breaker_traffic import BREAKER, BreakerTraffic

LATENCY = CircuitBreaker.LATENCY
UP, DOWN = Market((105, 40), (107, 40)), Market((98, 40), (100, 40))
#: For each detector of a change: one that does not trip, and one that does.
EDGES = {
    "return0": (Market((95, 40), (97, 40)), Market((95, 40), (96, 40))),
    "return1": (Market((110, 40), (112, 40)), Market((110, 40), (113, 40))),
    "return2": (Market((120, 40), (122, 40)), Market((120, 40), (123, 40))),
    "spread": (Market((95, 40), (115, 40)), Market((95, 40), (116, 40))),
    "depth": (Market((100, 20), (102, 40)), Market((100, 40), (102, 19))),
    "divergence": (
        Market((100, 40), (102, 40), (202, 232)),
        Market((100, 40), (102, 40), (233, 202)),
    ),
}


def port(dut: CircuitBreaker, name: str) -> Any:
    """Return a port, or a member of one, by its dotted name."""
    found: Any = dut
    for part in name.split("."):
        found = getattr(found, part)
    return found


def play(traffic: BreakerTraffic | BreakerBursts, going: Callable[[], bool]) -> None:
    """Drive the breaker with random traffic, and check what it says in each cycle."""
    dut = CircuitBreaker(parameters=BREAKER)

    async def testbench(ctx: Any) -> None:
        while going():
            for name, value in traffic.inputs().items():
                if name == "row":
                    for v, one in enumerate(value):
                        ctx.set(dut.row[v], one)
                else:
                    ctx.set(port(dut, name), value)
            traffic.check(lambda name: ctx.get(port(dut, name)))
            await ctx.tick()

    run(dut, testbench)


@pytest.mark.parametrize(
    ("seed", "steps"), [(2, 25), *(pytest.param(n, 60, marks=pytest.mark.slow) for n in range(3))]
)
def test_it_is_its_model_under_random_traffic(seed: int, steps: int) -> None:
    traffic = BreakerTraffic(BREAKER, random.Random(seed))
    play(traffic, lambda: traffic.steps < steps)
    assert len(traffic.seen) >= 4


def test_its_masks_are_those_of_its_model_in_every_cycle_of_a_burst() -> None:
    traffic = BreakerBursts(BREAKER, random.Random(1))
    play(traffic, lambda: traffic.bursts < 13)
    assert len(traffic.distances) >= 4


@pytest.mark.parametrize("name", EDGES)
def test_a_change_across_a_threshold_halts_after_the_latency(name: str) -> None:
    async def job(b: BreakerRig) -> None:
        await b.begin(breaker_actions=actions(**{name: "halt"}))
        assert not b.halted()
        inside, outside = EDGES[name]
        await b.change(inside)
        assert not any(await b.trace("halted", 3 * b.round))
        await b.change(outside)
        assert LATENCY == 1
        assert b.halted()

    rig(job)


@pytest.mark.parametrize("distance", range(1, CircuitBreaker.RECENT + 4))
def test_a_fall_from_a_price_that_has_just_come_is_seen_as_soon(distance: int) -> None:
    async def job(b: BreakerRig) -> None:
        await b.begin(breaker_actions=actions(return0="halt"))
        # 10 up, then 14 down: the fences before both let each of them through.
        if distance == 1:
            await b.change(UP, DOWN)
        else:
            await b.change(UP)
            await b.tick(distance - 2)
            await b.change(DOWN)
        assert b.halted()

    rig(job)


def test_the_rate_trips_after_the_latency_and_begins_anew_with_a_bucket() -> None:
    async def job(b: BreakerRig) -> None:
        await b.begin(breaker_actions=actions(rate="halt"), breaker_rate=3)
        still = Market((100, 40), (102, 40))
        await b.change(still, still)
        assert not any(await b.trace("halted", 2 * b.round))
        b.ctx.set(b.dut.now, 2000)
        await b.tick(b.round)
        await b.change(Market(None, None), still, still)
        assert not any(await b.trace("halted", 2 * b.round))
        await b.change(still)
        assert b.halted()

    rig(job)


def test_silence_is_found_by_the_round() -> None:
    async def job(b: BreakerRig) -> None:
        await b.begin(breaker_actions=actions(silence="halt"), breaker_silence=70)
        b.ctx.set(b.dut.now, 70)
        assert not any(await b.trace("halted", 2 * b.round))
        b.ctx.set(b.dut.now, 71)
        seen = await b.trace("halted", 2 * b.round)
        assert seen[-1]
        assert seen == sorted(seen)

    rig(job)


def test_a_trip_cancels_for_one_cycle_and_is_told() -> None:
    async def job(b: BreakerRig) -> None:
        await b.begin(breaker_actions=actions(spread="halt", return0="widen"))
        await b.change(EDGES["spread"][1])
        told = []
        for cycle in range(1, 12):
            assert b.ctx.get(b.dut.cancel) == (cycle == CircuitBreaker.CANCEL_LATENCY)
            if b.ctx.get(b.dut.trip.valid):
                trip = b.ctx.get(b.dut.trip.payload)
                told.append((cycle, trip.instrument, trip.detectors, trip.action, trip.released))
            await b.tick()
        bits = 1 << BREAKER_DETECTORS.index("spread")
        assert told == [(CircuitBreaker.TRIP_LATENCY, 0, bits, 3, 0)]

    rig(job)


def test_a_halt_stays_until_cleared_and_is_not_cleared_while_it_stands() -> None:
    async def job(b: BreakerRig) -> None:
        await b.begin(breaker_actions=actions(spread="halt"))
        await b.change(EDGES["spread"][1])
        await b.tick(2 * b.round)
        with b.during(clear=3):
            await b.tick()
        assert b.halted()
        await b.change(EDGES["spread"][0])
        b.ctx.set(b.dut.now, 500)
        assert all(await b.trace("halted", 3 * b.round))
        # What halts wins over what ends it, in the same cycle and in the next.
        with b.during(clear=1):
            await b.change(EDGES["spread"][1])
            await b.tick()
        assert all(await b.trace("halted", 3 * b.round))
        await b.change(EDGES["spread"][0])
        await b.tick(3 * b.round)
        with b.during(clear=1):
            await b.tick()
        assert not any(await b.trace("halted", b.round))

    rig(job)


@pytest.mark.parametrize("action", ["widen", "reduce"])
def test_other_actions_end_when_all_has_been_calm_for_the_hold(action: str) -> None:
    name = {"widen": "widened", "reduce": "reducing"}[action]

    async def job(b: BreakerRig) -> None:
        await b.begin(breaker_actions=actions(spread=action), breaker_hold=50)
        await b.change(EDGES["spread"][1])
        await b.tick(2 * b.round)
        # 15 is 3/4 of the limit of 20: not calm.
        await b.change(Market((95, 40), (110, 40)))
        b.ctx.set(b.dut.now, 60)
        assert all(await b.trace(name, 2 * b.round))
        await b.change(Market((95, 40), (109, 40)))
        b.ctx.set(b.dut.now, 109)
        assert all(await b.trace(name, 2 * b.round))
        b.ctx.set(b.dut.now, 110)
        await b.tick(2 * b.round)
        assert not any(await b.trace(name, b.round))
        assert not b.halted()

    rig(job)


def test_what_is_not_watched_is_halted() -> None:
    async def job(b: BreakerRig) -> None:
        assert b.ctx.get(b.dut.halted) == 3
        await b.begin()
        assert b.ctx.get(b.dut.halted) == 2
        with b.during(restart=1):
            await b.tick()
        assert b.ctx.get(b.dut.halted) == 3
        await b.tick(2 * b.round)
        assert b.ctx.get(b.dut.halted) == 2
        b.rows[0]["breaker_flags"] = 0
        await b.tick(2 * b.round)
        assert b.ctx.get(b.dut.halted) == 3

    rig(job)


def test_a_halt_outlives_a_restart_and_a_price_does_not() -> None:
    async def job(b: BreakerRig) -> None:
        await b.begin(breaker_actions=actions(return0="halt", depth="widen"))
        await b.change(EDGES["return0"][1])
        with b.during(restart=1):
            await b.tick()
        await b.tick(3 * b.round)
        assert b.halted()
        with b.during(clear=1):
            await b.tick()
        await b.tick()
        assert not b.halted()
        await b.change(Market((300, 1), (302, 1)))
        assert not any(await b.trace("halted", b.round))
        assert not b.ctx.get(b.dut.widened)

    rig(job)


def test_the_band_lies_around_the_reference() -> None:
    async def job(b: BreakerRig) -> None:
        found = b.ctx.get(b.dut.band)
        await b.tick()
        found = b.ctx.get(b.dut.band)
        assert (found.in_force, found.low, found.high) == (1, 1023, 0)
        await b.begin(breaker_flags=3, luld_band=7)
        found = b.ctx.get(b.dut.band)
        assert (found.in_force, found.low, found.high) == (1, 101 - 7, 101 + 7)
        b.ctx.set(b.dut.band_instrument, 1)
        await b.tick(CircuitBreaker.LATENCY)
        assert b.ctx.get(b.dut.band).in_force == 0

    rig(job)


def test_a_visit_takes_as_long_as_it_says() -> None:
    async def job(b: BreakerRig) -> None:
        await b.begin()
        ended = []
        for cycle in range(4 * b.round):
            if b.ctx.get(b.dut._survey.ended) and not b.ctx.get(b.dut._survey.turn):
                ended.append(cycle)
            await b.tick()
        # The other instrument has no price, and no averages to move.
        rounds = {later - earlier for earlier, later in pairwise(ended)}
        assert rounds == {2 * b.dut.visit_cycles - 8}

    rig(job)
