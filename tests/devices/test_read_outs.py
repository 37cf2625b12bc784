"""Every device: reading out levels and orders."""

import numpy as np
import pytest

from host.device.base import Device
from hw.records import EVENT_KIND
from sim.models.book import Update
from tests.devices.talking import best, flags, say
from tests.sim.updates import TINY, update

LEVELS = update("read_levels", order_id=70, time=5)
ORDERS = update("read_orders", order_id=71, time=6)


@pytest.mark.parametrize(("bids", "asks"), [(0, 0), (1, 0), (2, 3), (5, 1), (6, 7), (40, 0)])
def test_levels_are_read_best_first(device: Device, bids: int, asks: int) -> None:
    adds = [update("add", order_id=i, tick=100 - i, quantity=1 + i) for i in range(bids)]
    adds += [
        update("add", order_id=500 + i, side=1, tick=101 + i, quantity=9 - i % 8)
        for i in range(asks)
    ]
    adds += [update("add", order_id=900, tick=100, quantity=20)] if bids else []
    say(device, *adds)
    *levels, done = say(device, LEVELS)
    assert len(levels) == min(max(bids, asks), TINY.cached_levels)
    for index, event in enumerate(levels):
        bid = (100 - index, 1 + index, 1) if index < bids else (0, 0, 0)
        if index == 0 and bids:
            bid = (100, 21, 2)
        ask = (101 + index, 9 - index % 8, 1) if index < asks else (0, 0, 0)
        assert best(event) == (*bid, *ask)
        assert (event["kind"], event["index"], event["time"]) == (EVENT_KIND.level, index, 5)
    assert (done["kind"], done["time"]) == (EVENT_KIND.read_done, 5)
    assert best(done) == (best(levels[0]) if levels else (0,) * 6)


@pytest.mark.parametrize("n", [0, 1, 90])
def test_orders_are_all_read(device: Device, n: int) -> None:
    rng = np.random.default_rng(n)
    resting = {}
    for order_id in rng.permutation(2000)[:n].tolist():
        side, tick, quantity = int(rng.integers(2)), int(rng.integers(1 << 16)), order_id % 9 + 1
        resting[order_id] = (side, tick, quantity)
    adds = [
        update("add", book=1, order_id=i, side=s, tick=t, quantity=q)
        for i, (s, t, q) in resting.items()
    ]
    say(device, update("add", order_id=3000, tick=4, quantity=4), *adds)
    events = say(device, update("read_orders", book=1, time=6))
    *orders, done = events
    assert done["kind"] == EVENT_KIND.read_done
    assert {int(e["kind"]) for e in orders} <= {EVENT_KIND.order}
    assert {int(e["book"]) for e in events} == {1}
    read = {}
    for event in orders:
        (name,) = flags(event)
        fields = (int(event[f"{name}_tick"]), int(event[f"{name}_quantity"]))
        read[int(event["order_id"])] = (int(name == "ask"), *fields)
    assert len(orders) == n
    assert read == resting


def test_read_outs_of_an_invalid_book_only_end(device: Device) -> None:
    say(device, update("add", order_id=1, tick=4, quantity=4), update("gap"))
    events = say(device, LEVELS, ORDERS)
    assert events["kind"].tolist() == [EVENT_KIND.read_done] * 2
    assert [flags(e) for e in events] == [{"invalid"}] * 2
    assert events["error"].tolist() == [0, 0]


def test_read_out_shows_the_moment_of_its_place_in_the_stream(device: Device) -> None:
    def add(order_id: int) -> Update:
        return update("add", order_id=order_id, tick=order_id, quantity=1)

    events = say(device, add(1), add(2), ORDERS, add(3), LEVELS, update("delete", order_id=3))
    orders = events[events["kind"] == EVENT_KIND.order]
    assert sorted(orders["order_id"].tolist()) == [1, 2]
    levels = events[events["kind"] == EVENT_KIND.level]
    assert levels["bid_tick"].tolist() == [3, 2, 1]
    assert best(events[-1])[0] == 2
