"""Tests of sim.verify: levels that grow too large, noticed at once or later."""

import numpy as np
import pytest

from host.device.records import EVENT_DTYPE
from hw.records import ERROR
from sim.comparison import noticed
from sim.models.book import BookModel, Update
from sim.models.book_event import INVALID
from sim.verify import Verification, Verifier
from tests.sim.updates import TINY, array_of, update
from tests.sim.verifying import Arrays, adversarial, defer, events_of, resolved, verify

UPDATES = array_of(
    update("clear", flags=1),
    *[update("add", order_id=i, tick=30 - i, quantity=1) for i in (1, 2, 3)],
    update("add", order_id=4, tick=20, quantity=255),
    update("add", order_id=5, tick=20, quantity=1),
    update("trade", time=6),
    update("read_orders", time=7),
    update("trade", time=8),
)
GROWN = 5  # place of the update after which a level is too large, and of its event
ORDERS = 7  # place of the first order event


def late_events(after: int) -> Arrays:
    """Return what a device says that notices after so many updates."""
    model = BookModel(TINY, overflow_at_once=False)
    before = model.run(UPDATES[:after])
    model.distrust(0)
    return np.concatenate([before, notice(), model.run(UPDATES[after:])])


def notice(book: int = 0) -> Arrays:
    """Return the event that says so."""
    return noticed(np.array([book], np.uint16))


def test_accepts_a_level_that_is_noticed_at_once() -> None:
    result = verify(UPDATES, events_of(UPDATES))
    assert result.first == []
    assert (result.invalidations, result.notices) == (1, 0)
    assert result.errors == {"level_overflow": 1, "book_invalid": 2}


@pytest.mark.parametrize("after", range(GROWN + 1, len(UPDATES) + 1))
def test_accepts_a_level_that_is_noticed_later(after: int) -> None:
    result = verify(UPDATES, late_events(after))
    assert result.first == []
    assert (result.invalidations, result.notices) == (1, 1)
    assert result.errors["level_overflow"] == 1
    assert result.invalid_books == (0,)


@pytest.mark.parametrize("after", range(GROWN + 1))
def test_rejects_a_notice_before_its_level_is_too_large(after: int) -> None:
    result = verify(UPDATES, late_events(after))
    assert result.first[0] == "book 0: level_overflow, but no level was too large"


@pytest.mark.parametrize("field", sorted(set(EVENT_DTYPE.names or ()) - {"sequence", "cycle"}))
def test_finds_any_wrong_field_of_a_notice(field: str) -> None:
    events = late_events(GROWN + 2)
    events[field][GROWN + 2] ^= 1
    assert not verify(UPDATES, events).passed


def test_rejects_a_notice_of_a_book_that_is_not_there() -> None:
    result = verify(UPDATES[:1], np.concatenate([events_of(UPDATES[:1]), notice(TINY.books)]))
    assert result.first == ["book 2: level_overflow, but no level was too large"]


def test_accepts_a_notice_though_the_level_fits_again() -> None:
    updates = array_of(*UPDATES[: GROWN + 1].tolist(), update("delete", order_id=4))
    events = BookModel(TINY, overflow_at_once=False).run(updates)
    assert verify(updates, np.concatenate([events, notice()])).passed
    assert verify(updates, events).passed  # nobody was lied to


@pytest.mark.parametrize("end", [update("clear"), update("gap")])
def test_rejects_a_notice_once_the_book_is_cleared_or_invalid(end: Update) -> None:
    updates = array_of(*UPDATES[: GROWN + 1].tolist(), end)
    events = BookModel(TINY, overflow_at_once=False).run(updates)
    assert verify(updates, events).passed
    assert not verify(updates, np.concatenate([events, notice()])).passed


def test_rejects_an_overflow_of_a_level_that_fits() -> None:
    events = events_of(UPDATES[:GROWN])
    events["error"][GROWN - 1] = ERROR.level_overflow
    events["flags"][GROWN - 1] = INVALID
    result = verify(UPDATES[:GROWN], events)
    assert result.mismatches == 1
    assert "error expected none, got level_overflow" in result.first[0]


def test_rejects_a_level_near_the_best_price_that_is_never_noticed() -> None:
    result = verify(UPDATES, BookModel(TINY, overflow_at_once=False).run(UPDATES))
    assert result.first == ["book 0: a level is too large, and the book is not invalid"]


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_accepts_a_notice_within_a_read_out_of_orders(gap: int) -> None:
    events = BookModel(TINY, overflow_at_once=False).run(UPDATES)
    done = ORDERS + 5
    for name in EVENT_DTYPE.names or ():
        if name.startswith(("bid_", "ask_")):
            events[name][done:] = 0
    events["flags"][done:] = INVALID
    events["error"][done + 1 :] = ERROR.book_invalid
    at = ORDERS + (0, 2, 5)[gap]
    events = np.insert(events, at, notice())
    assert verify(UPDATES, events).first == []
    assert one_by_one(UPDATES, events).first == []
    for name in EVENT_DTYPE.names or ():
        if name.startswith(("bid_", "ask_")):
            events[name][at + 1 :] = 0
    events["flags"][at + 1 :] = INVALID
    assert verify(UPDATES, events).first == []
    assert not verify(UPDATES, np.delete(events, at)).passed
    missing = np.delete(events, ORDERS + (1, 0, 0)[gap])
    assert "read-out differs" in verify(UPDATES, missing).first[0]


def one_by_one(updates: Arrays, events: Arrays) -> Verification:
    """Feed all updates, then the events one by one."""
    events = events.copy()
    events["sequence"] = np.arange(len(events))
    verifier = Verifier(TINY)
    verifier.feed(updates, events[:0])
    for at in range(len(events)):
        verifier.feed(updates[:0], events[at : at + 1])
    return verifier.finish()


def test_a_notice_ends_the_wait_for_a_deferred_side() -> None:
    events = late_events(GROWN + 1)
    exact = resolved(events[GROWN])
    defer(events, GROWN, "bid")
    assert verify(UPDATES, events).passed
    result = verify(UPDATES, np.insert(events, GROWN + 2, exact))
    assert "resolved without a deferred side" in result.first[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_accepts_a_device_that_notices_as_it_likes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    updates = adversarial(6000, seed)
    events = late_device(updates, rng)
    verifier = Verifier(TINY)
    while len(updates):
        sent, updates = np.split(updates, [rng.integers(1, 100)])
        # Events that can have come: one for each update, at least.
        room = verifier.result.updates + len(sent) - verifier.result.compared
        come, events = np.split(events, [min(int(rng.integers(1, 100)), room)])
        verifier.feed(sent, come)
    verifier.feed(updates, events)
    result = verifier.finish()
    assert result.first == []
    assert result.notices > 0
    assert result.errors["level_overflow"] > result.notices


def late_device(updates: Arrays, rng: np.random.Generator) -> Arrays:
    """Return the events of a device that notices at once or later, as it falls."""
    model = BookModel(TINY, overflow_at_once=False)
    parts = []
    for at in range(len(updates)):
        parts.append(model.run(updates[at : at + 1], overflows={0} if rng.random() < 0.3 else ()))
        index = int(updates["book"][at])
        if index < TINY.books and rng.random() < 0.1:
            book = model.book(index)
            if book.valid and book.oversized:
                model.distrust(index)
                parts.append(notice(index))
    parts += [notice(index) for index in model.unnoticed()]
    events = np.concatenate(parts)
    events["sequence"] = np.arange(len(events))
    return events
