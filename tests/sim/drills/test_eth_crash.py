"""Tests of sim.drills.eth_crash: the tape against what is published of the day."""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hw.presets import PRESETS
from hw.records import ERROR, EVENT_FLAG, SIDE
from sim.devices.model import ModelDevice
from sim.drills.eth_crash import PUBLISHED, CrashShape, _Crash, calm_tape, crash_tape
from sim.drills.tape import Print, Tape

SHAPE = CrashShape(calm=1_000_000_000)
SHAPES = (SHAPE, replace(SHAPE, others=0), replace(SHAPE, sell_prints=100, sell_step=10_000_000))


def fall(tape: Tape) -> list[Print]:
    """Return what was sold on the way down: the prints at bids of the main venue."""
    return [p for p in tape.prints if p.book == 0 and p.side == SIDE.bid]


@pytest.mark.parametrize("shape", SHAPES, ids=["three venues", "one venue", "slow sell"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_prices_and_prints_are_those_published(shape: CrashShape, seed: int) -> None:
    prints = fall(crash_tape(shape, seed))
    prices = [p.tick for p in prints]
    assert len(prints) == 6_326_580 - 6_324_501 + 1 == 2_080
    assert prices[0] == 31_781
    assert prices[shape.sell_prints - 1] == 22_448
    assert prices[shape.sell_prints] < 22_448
    assert min(prices) == prices[-1] == 10
    assert prices == sorted(prices, reverse=True)


def test_the_one_sell_order_takes_29_4_percent_off() -> None:
    prices = [p.tick for p in fall(crash_tape(SHAPE, 1))]
    assert round(100 * (1 - prices[SHAPE.sell_prints - 1] / prices[0]), 1) == 29.4


def test_the_sale_begins_at_half_past_twelve_in_san_francisco() -> None:
    noon = datetime(2017, 6, 21, 12, 30, tzinfo=ZoneInfo("America/Los_Angeles"))
    assert int(noon.timestamp()) * 10**9 == PUBLISHED.start
    first = fall(crash_tape(SHAPE, 1))[0]
    assert PUBLISHED.start < first.time <= PUBLISHED.start + SHAPE.sell_step


def test_eight_hundred_stops_sell_all_that_the_one_order_did_not() -> None:
    crash = _Crash(SHAPE, random.Random(1))
    crash.rest_at_dawn()
    crash.sell()
    sold = sum(p.quantity for p in crash.main.prints)
    assert sold == crash.sold
    assert len(crash.stops) == 800
    crash.follow()
    assert sum(p.quantity for p in crash.main.prints) == sold + sum(s.quantity for s in crash.stops)


def test_each_stop_waits_for_its_price() -> None:
    crash = _Crash(SHAPE, random.Random(1))
    crash.rest_at_dawn()
    crash.main.trade_next(SIDE.bid, 1)
    with pytest.raises(RuntimeError, match="is not reached"):
        crash.follow()


def test_the_books_are_right_at_every_moment() -> None:
    tape = crash_tape(SHAPE, 1)
    with ModelDevice(PRESETS["small"]) as device:
        events = np.concatenate([device.transfer(tape.updates), device.drain()])
    errors = Counter(events["error"].tolist())
    assert set(errors) == {ERROR.none}
    flags = events["flags"]
    assert not (flags & (1 << EVENT_FLAG.crossed | 1 << EVENT_FLAG.invalid)).any()


def test_other_venues_fall_by_their_share_and_later() -> None:
    tape = crash_tape(SHAPE, 1)
    with ModelDevice(PRESETS["small"]) as device:
        events = device.transfer(tape.updates)
    low = PUBLISHED.first - (PUBLISHED.first - PUBLISHED.low) * SHAPE.contagion
    bids = events["bid_tick"][(events["book"] == 1) & (events["flags"] & 1 == 1)]
    assert bids.min() == pytest.approx(low, abs=20)


def test_the_same_seed_makes_the_same_tape() -> None:
    one, again, other = (crash_tape(SHAPE, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.updates, again.updates)
    assert one.prints == again.prints
    assert not np.array_equal(one.updates, other.updates)


def test_calm_ends_before_the_sale() -> None:
    tape = calm_tape(SHAPE, 1)
    assert tape.prints == []
    assert tape.updates["time"].max() <= PUBLISHED.start
