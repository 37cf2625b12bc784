"""Tests of sim.models.book: the table of the contract, and a second, naive model."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from hw.records import ERROR, EVENT_KIND, SIDE, UPDATE_KIND
from sim.models.book import BookModel, Update
from sim.models.book_event import ASK, BID, CROSSED, INVALID, Event, to_array
from sim.models.levels import NO_LEVEL, Levels
from sim.orderflow import order_flow
from tests.sim.models.naive_book import NaiveEngine, NaiveOrder
from tests.sim.updates import TINY, array_of, update

NAMES = UPDATE_DTYPE.names or ()

UPDATES = st.builds(
    lambda book, kind, side, flags, order_id, new_id, tick, quantity, time: (
        book, kind, side, flags, order_id, new_id, tick, quantity, time,
    ),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from([1, 1, 1, 2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 0, 13]),
    st.sampled_from([0, 1, 0xFE, 0xFF]),
    st.integers(0, 3),
    st.sampled_from([1, 2, 3, 4, 2**16 - 1, 2**16]),
    st.sampled_from([1, 2, 3, 4, 2**16]),
    st.sampled_from([0, 1, 2, 3, 2**16 - 1, 2**16]),
    st.sampled_from([0, 1, 2, 60, 100, 255, 256]),
    st.integers(0, 2**64 - 1),
)  # fmt: skip


def expect_equal(model: BookModel, naive: NaiveEngine, row: Update) -> None:
    """Apply an update to both, and compare all that an event can say."""
    fields = dict(zip(NAMES, row, strict=True))
    *details, closing = model.apply(row)
    error = naive.apply(fields)
    assert (closing.error, closing.cause, closing.time) == (error, row[1], row[8])
    if row[0] >= TINY.books:
        assert closing.flags == 0
        return
    book = naive.books[row[0]]
    if not book.valid:
        assert closing.flags == INVALID
        assert not details
        return
    bid, ask = (book.levels(side) for side in (0, 1))
    got_bid = (closing.bid_tick, closing.bid_quantity, closing.bid_count)
    got_ask = (closing.ask_tick, closing.ask_quantity, closing.ask_count)
    assert got_bid == (bid[0] if bid else (0, 0, 0))
    assert got_ask == (ask[0] if ask else (0, 0, 0))
    crossed = bid and ask and bid[0][0] >= ask[0][0]
    expected = (BID if bid else 0) | (ASK if ask else 0) | (CROSSED if crossed else 0)
    assert closing.flags == expected
    if row[1] == UPDATE_KIND.read_orders:
        assert {order_of(event) for event in details} == set(book.orders)
        assert len(details) == len(book.orders)
    elif row[1] == UPDATE_KIND.read_levels:
        assert [e.index for e in details] == list(range(min(3, max(len(bid), len(ask)))))
        for side, levels in ((BID, bid), (ASK, ask)):
            got = [level_of(event, side) for event in details if event.flags & side]
            assert got == levels[: TINY.cached_levels]
    else:
        assert not details


def order_of(event: Event) -> NaiveOrder:
    """Return the order that an ``order`` event speaks of."""
    assert event.kind == EVENT_KIND.order
    tick, quantity, _ = level_of(event, event.flags)
    return NaiveOrder(event.order_id, SIDE.ask if event.flags & ASK else SIDE.bid, tick, quantity)


def level_of(event: Event, side: int) -> tuple[int, int, int]:
    """Return tick, quantity and count of a side of an event."""
    if side & ASK:
        return (event.ask_tick, event.ask_quantity, event.ask_count)
    return (event.bid_tick, event.bid_quantity, event.bid_count)


@settings(max_examples=300, deadline=None)
@given(st.lists(UPDATES, max_size=30))
def test_equals_the_naive_model_for_any_updates(rows: list[Update]) -> None:
    model, naive = BookModel(TINY), NaiveEngine(TINY)
    for row in rows:
        expect_equal(model, naive, row)


def test_equals_the_naive_model_for_adversarial_flow() -> None:
    model, naive = BookModel(TINY), NaiveEngine(TINY)
    (flow,) = order_flow("adversarial", TINY, n=2500, rng=np.random.default_rng(3))
    for row in flow.tolist():
        expect_equal(model, naive, row)
    assert model.errors[ERROR.table_full] > 0
    assert model.errors[ERROR.book_invalid] > 0


ADD = update("add", order_id=1, tick=10, quantity=5)


@pytest.mark.parametrize(
    ("before", "row", "error", "fatal"),
    [
        ([], update("add", book=2), "bad_book", False),
        ([], update(0), "bad_kind", False),
        ([], update(13), "bad_kind", False),
        ([], update("gap"), "feed_gap", True),
        ([update("gap")], update("gap"), "feed_gap", True),
        ([update("gap")], ADD, "book_invalid", True),
        ([update("gap")], update("trade"), "book_invalid", True),
        ([update("gap")], update("clear"), "none", False),
        ([update("gap")], update(13), "bad_kind", True),
        ([], update("delete", order_id=2**16), "id_range", True),
        ([ADD], update("replace", order_id=1, new_order_id=2**16), "id_range", True),
        ([], update("set", tick=2**16), "tick_range", True),
        ([], update("add", quantity=2**8), "quantity_range", True),
        ([], update("execute"), "zero_quantity", False),
        ([ADD], update("replace", order_id=1, new_order_id=2), "quantity_range", True),
        ([ADD], ADD, "duplicate_id", True),
        ([], update("delete"), "unknown_id", False),
        ([update("clear", flags=1)], update("delete"), "unknown_id", True),
        ([update("clear", flags=2)], update("delete"), "unknown_id", False),
        ([ADD], update("reduce", order_id=1, quantity=6), "over_reduce", True),
        ([ADD], update("set", order_id=1, tick=9, quantity=5), "tick_mismatch", True),
        ([ADD], update("set", order_id=1, tick=10, side=1), "tick_mismatch", True),
        ([ADD], update("set", order_id=9, tick=10), "none", False),
        ([ADD], update("set", order_id=1, tick=10), "none", False),
        (
            [ADD, update("add", order_id=2, tick=11, quantity=1)],
            update("replace", order_id=1, new_order_id=2, tick=10, quantity=1),
            "duplicate_id",
            True,
        ),
        (
            [ADD],
            update("replace", order_id=1, new_order_id=1, tick=10, quantity=255),
            "none",
            False,
        ),
        ([ADD], update("add", order_id=2, tick=10, quantity=251), "level_overflow", True),
        ([ADD], update("set", order_id=1, tick=10, quantity=255), "none", False),
    ],
)
def test_answers_as_the_table_says(
    before: list[Update], row: Update, error: str, fatal: bool
) -> None:
    model = BookModel(TINY)
    for earlier in before:
        model.apply(earlier)
    (event,) = model.apply(row)
    assert ERROR.name_of(event.error) == error
    assert bool(event.flags & INVALID) == fatal


def test_count_of_a_level_overflows_at_its_width() -> None:
    model = BookModel(replace(TINY, quantity_bits=16))
    for order_id in range(255):
        model.apply(update("add", order_id=order_id, tick=1, quantity=1))
    (event,) = model.apply(update("set", order_id=255, tick=1, quantity=0))
    assert (event.bid_count, event.error) == (255, ERROR.none)
    inside = update("replace", order_id=7, new_order_id=300, tick=1, quantity=1)
    (event,) = model.apply(inside)
    assert (event.bid_count, event.error) == (255, ERROR.none)
    model.apply(update("add", order_id=256, tick=2, quantity=1))
    onto = update("replace", order_id=256, new_order_id=301, tick=1, quantity=1)
    (event,) = model.apply(onto)
    assert event.error == ERROR.level_overflow


def test_table_is_full_when_every_slot_is_taken_and_clear_frees_them() -> None:
    model = BookModel(TINY)
    slots = TINY.order_slots + TINY.stash_slots
    for order_id in range(slots):
        (event,) = model.apply(update("add", order_id=order_id, tick=order_id, quantity=1))
        assert event.error == ERROR.none
    other = update("replace", order_id=0, new_order_id=slots, tick=1, quantity=1)
    assert model.apply(other)[0].error == ERROR.none
    add = update("add", book=1, order_id=1, tick=1, quantity=1)
    assert model.apply(add)[0].error == ERROR.table_full
    assert model.orders == slots
    model.apply(update("clear"))
    model.apply(update("clear", book=1))
    assert model.orders == 0
    assert model.apply(add)[0].error == ERROR.none


@pytest.mark.parametrize("kind", ["add", "set", "replace"])
def test_finds_no_slot_when_told_so(kind: str) -> None:
    model = BookModel(TINY)
    model.apply(ADD)
    row = update(kind, order_id=1 if kind == "replace" else 2, new_order_id=3, quantity=1)
    assert model.apply(row, full=True)[0].error == ERROR.table_full
    assert not model.book(0).valid
    assert model.book(0).orders == {1: (SIDE.bid, 10, 5)}
    (event,) = model.apply(update("add", book=1, order_id=2, tick=1, quantity=1))
    assert event.error == ERROR.none


@pytest.mark.parametrize("kind", ["read_levels", "read_orders"])
def test_read_outs_repeat_what_the_update_says(kind: str) -> None:
    model = BookModel(TINY)
    model.apply(ADD)
    detail, done = model.apply(update(kind, order_id=77, time=9, flags=3))
    assert (detail.order_id, done.order_id) == (77 if kind == "read_levels" else 1, 77)
    assert (detail.time, done.time, detail.cause, done.cause) == (9, 9, *[done.cause] * 2)
    assert done.kind == EVENT_KIND.read_done


@pytest.mark.parametrize(
    ("kind", "closing"),
    [
        ("add", EVENT_KIND.best),
        ("clear", EVENT_KIND.cleared),
        ("read_levels", EVENT_KIND.read_done),
        ("read_orders", EVENT_KIND.read_done),
        (200, EVENT_KIND.best),
    ],
)
def test_closing_event_of_a_book_that_is_not_there_is_of_its_kind(
    kind: str | int, closing: int
) -> None:
    (event,) = BookModel(TINY).apply(update(kind, book=2, order_id=5))
    assert (event.kind, event.error, event.flags) == (closing, ERROR.bad_book, 0)
    assert (event.book, event.order_id) == (2, 5)
    assert event.cause == update(kind)[1]


def test_cause_repeats_a_kind_that_is_none() -> None:
    (event,) = BookModel(TINY).apply(update(200))
    assert (event.cause, event.error, event.kind) == (200, ERROR.bad_kind, EVENT_KIND.best)


def test_level_that_is_not_noticed_stays_exact_until_the_book_is_distrusted() -> None:
    large = [update("add", order_id=i, tick=5, quantity=200) for i in (1, 2)]
    model = BookModel(TINY, overflow_at_once=False)
    events = model.run(array_of(*large))
    assert (events["bid_quantity"][1], events["error"][1]) == (400, ERROR.none)
    assert model.unnoticed() == [0]
    model.apply(update("add", order_id=3, tick=5 + TINY.window_ticks // 2, quantity=1))
    assert model.unnoticed() == []  # too far from the best price to be found for sure
    assert model.distrust(0)
    assert model.apply(update("trade"))[0].flags == INVALID
    assert not model.distrust(0)  # once is enough
    assert model.errors[ERROR.level_overflow] == 2
    model.apply(update("clear"))
    assert not model.distrust(0)  # all is forgotten


def test_level_is_too_large_where_told_and_only_if_it_is() -> None:
    rows = array_of(
        update("add", order_id=1, tick=5, quantity=200),
        update("add", order_id=2, tick=5, quantity=55),
        update("set", order_id=2, tick=5, quantity=56),
    )
    for at, error in ((1, ERROR.none), (2, ERROR.level_overflow)):
        model = BookModel(TINY, overflow_at_once=False)
        events = model.run(rows, overflows={at})
        assert events["error"].tolist() == [0, 0, error]
        assert model.book(0).valid == (error == ERROR.none)


def test_run_gives_the_events_of_apply() -> None:
    (flow,) = order_flow("adversarial", TINY, n=1500, rng=np.random.default_rng(5))
    one_by_one = BookModel(TINY)
    events = to_array(event for row in flow.tolist() for event in one_by_one.apply(row))
    events["sequence"] = np.arange(len(events))
    at_once = BookModel(TINY)
    np.testing.assert_array_equal(at_once.run(flow), events)
    assert at_once.errors == one_by_one.errors
    assert at_once.updates == len(flow)


def test_run_of_nothing_gives_nothing() -> None:
    events = BookModel(TINY).run(np.zeros(0, UPDATE_DTYPE))
    assert events.dtype == EVENT_DTYPE
    assert not len(events)


def test_every_error_has_a_code_in_the_counters() -> None:
    model = BookModel(TINY)
    model.run(array_of(ADD, ADD, ADD, update("add", book=5)))
    assert model.errors == Counter(
        {ERROR.duplicate_id: 1, ERROR.book_invalid: 1, ERROR.bad_book: 1}
    )


def test_book_reads_back_what_rests() -> None:
    model = BookModel(TINY)
    for order_id, side, tick in ((1, 0, 10), (2, 0, 12), (3, 0, 12), (4, 1, 20)):
        model.apply(update("add", order_id=order_id, side=side, tick=tick, quantity=order_id))
    book = model.book(0)
    assert book.best(SIDE.bid) == (12, 5, 2)
    assert book.best(SIDE.ask) == (20, 4, 1)
    assert book.levels(SIDE.bid) == [(12, 5, 2), (10, 1, 1)]
    assert book.levels(SIDE.bid, 1) == [(12, 5, 2)]
    assert model.book(1).best(SIDE.bid) is None
    assert len(book.sides[SIDE.bid]) == 2


@pytest.mark.parametrize("index", [-1, 2])
def test_rejects_a_book_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError, match="book must be from 0 to 1, not"):
        BookModel(TINY).book(index)


def test_heap_of_a_busy_level_stays_small() -> None:
    levels = Levels(SIDE.bid)
    levels.add(50, 1)
    for _ in range(1000):  # below the best, so that no stale key comes to the top
        levels.add(40, 1)
        levels.remove(40, 1)
        assert levels.best() == (50, 1, 1)
        assert len(levels._heap) < 100
    levels.add(60, 2)
    assert levels.best() == (60, 2, 1)
    levels.remove(60, 2)
    levels.remove(50, 1)
    assert levels.best() == NO_LEVEL


@pytest.mark.parametrize("side", [SIDE.bid, SIDE.ask])
def test_levels_that_come_and_go_keep_the_best_in_sight(side: int) -> None:
    rng = random.Random(1)
    levels = Levels(side)
    truth: dict[int, int] = {}
    for _ in range(5000):
        tick = rng.randrange(40)
        if tick in truth and rng.random() < 0.7:
            levels.remove(tick, truth.pop(tick))
        elif tick not in truth:
            truth[tick] = rng.randrange(1, 9)
            levels.add(tick, truth[tick])
        best = (max if side == SIDE.bid else min)(truth, default=0)
        if rng.random() < 0.05:  # seldom, so that stale keys pile up
            assert levels.best() == ((best, truth[best], 1) if truth else NO_LEVEL)
    assert len(levels) == len(truth)
