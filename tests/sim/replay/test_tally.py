"""Tests of sim.replay.tally."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from host.device.records import EVENT_DTYPE
from hw.records import ERROR, EVENT_FLAG, EVENT_KIND, UPDATE_KIND
from sim.replay.path import PathRecorder, TimeAxis
from sim.replay.tally import Quote, Tally, summarise
from tests.sim.updates import array_of, update

BID, ASK = 1 << EVENT_FLAG.bid, 1 << EVENT_FLAG.ask
BID_DEFERRED, INVALID = 1 << EVENT_FLAG.bid_deferred, 1 << EVENT_FLAG.invalid
CROSSED = 1 << EVENT_FLAG.crossed


def events(*rows: dict[str, int]) -> NDArray[np.void]:
    made = np.zeros(len(rows), EVENT_DTYPE)
    made["kind"] = EVENT_KIND.best
    made["cause"] = UPDATE_KIND.add
    for number, row in enumerate(rows):
        made["sequence"][number] = number
        for name, value in row.items():
            made[name][number] = value
    return made


def tally() -> tuple[Tally, PathRecorder]:
    path = PathRecorder(books=2, axis=TimeAxis(start=0, end=100, bins=10))
    return Tally(books=2, path=path), path


def test_counts_updates_by_book_and_kind_without_read_outs() -> None:
    counts, _ = tally()
    counts.add_updates(
        array_of(update("add"), update("add", book=1), update("read_levels"), update("set", book=7))
    )
    assert counts.updates == 3
    assert counts.mix[0, UPDATE_KIND.add] == counts.mix[1, UPDATE_KIND.add] == 1
    assert counts.mix.sum() == 2  # book 7 is none of the device's


def test_a_deferred_side_keeps_its_last_price_until_it_is_resolved() -> None:
    counts, path = tally()
    first = {"flags": BID | ASK, "bid_tick": 5, "bid_quantity": 9, "ask_tick": 7, "time": 1}
    counts.add_events(events(first, {"flags": BID_DEFERRED | ASK, "ask_tick": 8, "time": 55}))
    assert counts.quote(0, 0) == Quote(tick=5, quantity=9)
    assert counts.quote(0, 1) == Quote(tick=8, quantity=0)
    assert counts.deferred == 1
    late = {"kind": EVENT_KIND.resolved, "cause": 0, "flags": BID, "bid_tick": 4, "sequence": 2}
    counts.add_events(events(late))
    assert counts.quote(0, 0) == Quote(tick=4, quantity=0)
    assert counts.quote(0, 1) is None
    # `resolved` has no time: it is drawn at that of the event before it, in another batch.
    assert path.path(0).bid.tolist() == [5, 5, 5, 5, 5, 4, 4, 4, 4, 4]
    assert counts.deferred == 1


def test_knows_invalid_and_crossed_books() -> None:
    counts, _ = tally()
    counts.add_events(
        events(
            {"book": 0, "flags": BID | ASK | CROSSED, "bid_tick": 9, "ask_tick": 8},
            {"book": 1, "flags": INVALID, "error": ERROR.feed_gap},
            {"book": 0, "flags": BID | ASK, "bid_tick": 7, "ask_tick": 8},
        )
    )
    assert counts.invalid.tolist() == [False, True]
    assert counts.crossed.tolist() == [1, 0]
    assert counts.errors == {"feed_gap": 1}


def test_a_late_notice_of_a_level_too_large_closes_no_update() -> None:
    counts, _ = tally()
    notice = {"cause": UPDATE_KIND.none, "flags": INVALID, "error": ERROR.level_overflow}
    counts.add_events(events({"flags": BID, "bid_tick": 9, "latency": 6}, notice))
    assert counts.closed == 1  # what was sent: a lost event must not hide behind the notice
    assert counts.errors == {"level_overflow": 1}
    assert counts.invalid.tolist() == [True, False]
    assert list(counts.latencies) == [UPDATE_KIND.add]


def test_counts_latency_by_kind_without_read_outs() -> None:
    counts, _ = tally()
    counts.add_events(
        events(
            {"latency": 6},
            {"latency": 9, "book": 5},
            {"latency": 8, "cause": UPDATE_KIND.replace},
            {"latency": 99, "cause": UPDATE_KIND.read_levels, "kind": EVENT_KIND.read_done},
            {"latency": 50, "cause": UPDATE_KIND.read_levels, "kind": EVENT_KIND.level},
        )
    )
    assert counts.latencies == {
        UPDATE_KIND.add: Counter({6: 1, 9: 1}),
        UPDATE_KIND.replace: Counter({8: 1}),
    }
    assert counts.closed == 4


def test_counts_the_events_that_a_jump_of_the_sequence_lost() -> None:
    counts, _ = tally()
    counts.add_events(events({"sequence": 0}, {"sequence": 3}))
    counts.add_events(events({"sequence": 4}))
    counts.add_events(events()[:0])
    assert counts.lost == 2


def test_quantiles_are_latencies_that_were_seen() -> None:
    found = summarise(Counter({6: 98, 7: 1, 40: 1}))
    assert (found.count, found.min, found.p50, found.p99, found.max) == (100, 6, 6, 7, 40)
    assert summarise(Counter({8: 1})).p99 == 8
