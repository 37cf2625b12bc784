"""Tests of sim.replay.depth, sim.replay.plan and sim.replay.readouts."""

from functools import partial

import pytest

from hw.records import UPDATE_KIND
from sim.devices.model import ModelDevice
from sim.replay.depth import DepthSampler, Level
from sim.replay.path import TimeAxis
from sim.replay.plan import Request, merge
from sim.replay.readouts import Readouts
from tests.sim.updates import TINY, array_of, update

AXIS = TimeAxis(start=0, end=40, bins=4)


def test_samples_every_active_book_at_the_end_of_each_bin() -> None:
    sampler = DepthSampler(books=4, axis=AXIS)
    updates = array_of(
        *(update("add", book=b, time=t) for b, t in ((2, 1), (0, 2), (3, 11), (0, 35)))
    )
    found = [(p, column, books.tolist()) for p, column, books in sampler.cuts(updates)]
    assert found == [(2, 0, [0, 2]), (3, 1, [0, 2, 3])]
    column, books = sampler.last()
    assert (column, books.tolist()) == (3, [0, 2, 3])


def test_goes_on_where_the_batch_before_ended() -> None:
    sampler = DepthSampler(books=4, axis=AXIS)
    assert sampler.cuts(array_of(update("add", book=1, time=5))) == []
    found = sampler.cuts(array_of(update("add", book=0, time=15), update("add", book=0, time=16)))
    assert [(p, column, books.tolist()) for p, column, books in found] == [(0, 0, [1])]


def test_a_clock_that_steps_back_samples_nothing_twice() -> None:
    sampler = DepthSampler(books=1, axis=AXIS)
    times = (5, 15, 5, 15, 5)
    cuts = sampler.cuts(array_of(*(update("add", time=t) for t in times)))
    assert [(p, column) for p, column, _ in cuts] == [(1, 0)]
    assert sampler.cuts(array_of(update("add", time=5))) == []


def test_passes_over_books_that_the_device_has_not() -> None:
    sampler = DepthSampler(books=2, axis=AXIS)
    assert (
        sampler.cuts(array_of(update("add", book=9, time=1), update("add", book=9, time=30))) == []
    )


def test_each_read_out_reaches_who_asked_for_it() -> None:
    seen: dict[str, tuple[list[Level], list[Level], bool]] = {}

    def keep(name: str, bids: list[Level], asks: list[Level], valid: bool) -> None:
        seen[name] = (bids, asks, valid)

    updates = array_of(
        update("add", book=0, order_id=1, tick=50, quantity=5, time=10),
        update("add", book=1, order_id=1, side=1, tick=60, quantity=6, time=20),
        update("read_levels", book=0, time=30),
        update("add", book=0, order_id=2, tick=49, quantity=4, time=40),
        update("gap", book=1, time=50),
    )
    requests = [
        Request(position=0, book=0, handler=partial(keep, "before")),
        Request(position=2, book=0, handler=partial(keep, "own"), own=True),
        Request(position=2, book=1, handler=partial(keep, "other book")),
        Request(position=5, book=0, handler=partial(keep, "after")),
        Request(position=5, book=1, handler=partial(keep, "invalid")),
    ]
    readouts = Readouts()
    merged = merge(updates, requests, 7, readouts)
    reads = merged[merged["kind"] == UPDATE_KIND.read_levels]
    assert reads["time"].tolist() == [7, 20, 30, 50, 50]
    assert readouts.pending == 5
    with ModelDevice(TINY) as device:
        readouts.take(device.transfer(merged))
    assert readouts.pending == 0
    assert seen == {
        "before": ([], [], True),
        "own": ([(50, 5)], [], True),
        "other book": ([], [(60, 6)], True),
        "after": ([(50, 5), (49, 4)], [], True),
        "invalid": ([], [], False),
    }


def test_refuses_a_request_that_calls_another_update_its_read_out() -> None:
    request = Request(position=0, book=0, handler=lambda *_: None, own=True)
    with pytest.raises(ValueError, match=r"expected read-outs at \[0\] of the batch"):
        merge(array_of(update("add", quantity=1)), [request], 0, Readouts())


def test_refuses_a_read_out_that_nobody_asked_for() -> None:
    with ModelDevice(TINY) as device:
        events = device.transfer(array_of(update("read_levels", book=1)))
    with pytest.raises(ValueError, match="ended a read-out of book 1 that was not asked for"):
        Readouts().take(events)
