"""Tests of sim.drills.tape."""

import pytest

from hw.records import SIDE, UPDATE_KIND
from sim.drills.tape import VenueFeed, merge_feeds

BID, ASK = SIDE.bid, SIDE.ask


def feed() -> VenueFeed:
    made = VenueFeed(3, 100)
    made.rest(BID, 10, 5)
    made.rest(BID, 9, 7)
    made.rest(ASK, 12, 5)
    return made


def test_a_trade_takes_the_best_order_first_and_no_more_than_it_has() -> None:
    venue = feed()
    assert venue.trade_next(BID, 8) == 5
    assert venue.trade_next(BID, 3) == 3
    assert [(p.tick, p.quantity, p.side) for p in venue.prints] == [(10, 5, BID), (9, 3, BID)]
    best = venue.best(BID)
    assert best is not None
    assert (best.tick, best.quantity) == (9, 4)


def test_nothing_trades_with_an_empty_side() -> None:
    venue = VenueFeed(0, 0)
    assert venue.trade_next(ASK, 5) == 0
    assert venue.prints == []


@pytest.mark.parametrize(("side", "tick", "other"), [(BID, 12, 12), (ASK, 10, 10)])
def test_an_order_that_would_trade_is_refused(side: int, tick: int, other: int) -> None:
    with pytest.raises(ValueError, match=f"an order at {tick} would trade with the one at {other}"):
        feed().rest(side, tick, 1)


def test_a_feed_that_is_wrong_may_cross() -> None:
    venue = feed()
    venue.rest(BID, 13, 1, crosses=True)
    assert venue.best(BID) is not None


def test_a_new_quote_replaces_every_order() -> None:
    venue = feed()
    venue.out.clear()
    venue.quote(20, half=2, levels=2, quantity=4)
    kinds = [row[1] for row in venue.out]
    assert kinds == [UPDATE_KIND.delete] * 3 + [UPDATE_KIND.add] * 4
    assert [(row[2], row[6]) for row in venue.out[3:]] == [
        (BID, 18),
        (ASK, 22),
        (BID, 17),
        (ASK, 23),
    ]


def test_a_tape_is_in_the_order_of_time_and_steps_hold_what_happens_at_once() -> None:
    one, two = VenueFeed(0, 10), VenueFeed(1, 10)
    one.now = 30
    one.rest(BID, 5, 1)
    two.now = 20
    two.rest(BID, 5, 2)
    two.now = 30
    two.trade_next(BID, 1)
    tape = merge_feeds(one, two)
    steps = [(now, some["book"].tolist(), len(prints)) for now, some, prints in tape.steps()]
    assert steps == [(10, [0, 1], 0), (20, [1], 0), (30, [0, 1], 1)]


def test_a_feed_says_what_it_lost_and_begins_anew() -> None:
    venue = feed()
    venue.out.clear()
    venue.repeat()
    venue.lose()
    venue.begin_anew()
    assert [row[1] for row in venue.out] == [UPDATE_KIND.status, UPDATE_KIND.gap, UPDATE_KIND.clear]
    assert venue.best(BID) is None
