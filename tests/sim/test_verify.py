"""Tests of sim.verify: it accepts what the contract allows, and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from hw.records import EVENT_KIND
from sim.models.book import BookModel
from sim.models.book_event import ASK, ASK_DEFERRED, BID, BID_DEFERRED, CROSSED, Event, to_array
from sim.orderflow import order_flow
from sim.verify import Verification, Verifier
from tests.sim.updates import TINY, array_of, update

Arrays = NDArray[np.void]

FLOW = array_of(
    update("clear", flags=1),
    update("add", order_id=1, tick=10, quantity=5, time=1),
    update("add", order_id=2, side=1, tick=20, quantity=6, time=2),
    update("add", book=1, order_id=3, tick=7, quantity=7, time=3),
    update("add", order_id=4, tick=11, quantity=8, time=4),
    update("delete", order_id=4, time=5),
    update("read_levels", time=6),
    update("read_orders", time=7),
    update("trade", time=8),
)
DELETE, LEVELS, DONE, ORDERS, TRADE = 5, 6, 7, 8, 11  # places of the events


def events_of(updates: Arrays) -> Arrays:
    """Return what an exact device says."""
    return BookModel(TINY).run(updates)


def verify(updates: Arrays, events: Arrays) -> Verification:
    """Feed all at once, with the events numbered anew."""
    events = events.copy()
    events["sequence"] = np.arange(len(events))
    verifier = Verifier(TINY)
    verifier.feed(updates, events)
    return verifier.finish()


def defer(events: Arrays, at: int, side: str) -> None:
    """Let one event say that a side is not known yet."""
    for name in ("tick", "quantity", "count"):
        events[f"{side}_{name}"][at] = 0
    known, deferred = (BID, BID_DEFERRED) if side == "bid" else (ASK, ASK_DEFERRED)
    events["flags"][at] = int(events["flags"][at]) & ~(known | CROSSED) | deferred


def resolved(event: np.void) -> Arrays:
    """Return the event that repeats another without a cause."""
    wanted = ("bid_tick", "bid_quantity", "bid_count", "ask_tick", "ask_quantity", "ask_count")
    fields = {name: int(event[name]) for name in (*wanted, "book", "flags")}
    return to_array([Event(kind=EVENT_KIND.resolved, **fields)])


def adversarial(n: int, seed: int) -> Arrays:
    """Return generated updates of all kinds."""
    (updates,) = order_flow("adversarial", TINY, n=n, rng=np.random.default_rng(seed))
    return updates


def test_accepts_the_model() -> None:
    result = verify(FLOW, events_of(FLOW))
    assert result.passed
    assert result.first == []
    assert (result.updates, result.events, result.compared) == (9, 12, 9)
    assert (result.read_outs, result.deferred, result.resolved) == (2, 0, 0)


@pytest.mark.parametrize("seed", [1, 2])
def test_accepts_events_that_lag_in_batches_of_any_size(seed: int) -> None:
    rng = np.random.default_rng(seed)
    updates = adversarial(3000, seed)
    model = BookModel(TINY)
    verifier = Verifier(TINY)
    late = np.zeros(0, EVENT_DTYPE)
    sequence = 0
    while len(updates):
        sent, updates = np.split(updates, [rng.integers(1, 100)])
        made = model.run(sent)
        made["sequence"] += np.uint64(sequence)
        sequence += len(made)
        come, late = np.split(np.concatenate([late, made]), [rng.integers(0, 120)])
        verifier.feed(sent, come)
    verifier.feed(updates, late)
    result = verifier.finish()
    assert result.first == []
    assert result.passed
    assert (result.updates, result.compared) == (3000, 3000)
    assert result.events == sequence
    assert result.errors["feed_gap"] > 0
    assert result.invalidations > 0
    invalid = tuple(i for i in range(TINY.books) if not model.book(i).valid)
    assert result.invalid_books == invalid


def test_accepts_events_of_different_books_in_another_order() -> None:
    updates = adversarial(1000, 4)
    events = events_of(updates)
    assert verify(updates, events[np.argsort(events["book"], kind="stable")]).passed


@pytest.mark.parametrize("field", sorted(set(EVENT_DTYPE.names or ()) - {"sequence", "cycle"}))
def test_finds_any_wrong_field(field: str) -> None:
    events = events_of(FLOW)
    at = DELETE
    if field == "latency":  # only of a resolved event does the contract know it
        defer(events, at, "bid")
        events = np.insert(events, at + 1, resolved(events_of(FLOW)[at]))
        at += 1
    events[field][at] ^= 1
    result = verify(FLOW, events)
    assert result.mismatches >= 1
    assert not result.passed
    # Another book makes one event too many there and one too few here.
    word = {"latency": "resolved without", "book": "without an update"}.get(field, f"{field} exp")
    assert word in result.first[0]


def test_says_what_was_expected_and_what_came() -> None:
    events = events_of(FLOW)
    events["bid_tick"][DELETE] = 99
    events["flags"][DELETE] = ASK
    events["error"][DELETE] = 4
    assert verify(FLOW, events).first == [
        (
            "book 0, update 5: bid_tick expected 10, got 99; flags expected bid|ask, got ask; "
            "error expected none, got unknown_id"
        )
    ]


def test_counts_all_mismatches_but_words_only_the_first() -> None:
    updates = array_of(*[update("trade", time=i) for i in range(100)])
    events = events_of(updates)
    events["time"] += np.uint64(1)
    result = verify(updates, events)
    assert result.mismatches == 100
    assert len(result.first) == 20


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_accepts_a_deferred_side_that_the_next_event_says(side: str) -> None:
    events = events_of(FLOW)
    defer(events, DELETE - 1, side)
    result = verify(FLOW, events)
    assert result.passed
    assert result.deferred == 1


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_accepts_a_deferred_side_that_resolved_says(side: str) -> None:
    events = events_of(FLOW)
    exact = resolved(events[DELETE])
    defer(events, DELETE, side)
    events = np.insert(events, DELETE + 1, exact)
    result = verify(FLOW, events)
    assert result.passed
    assert (result.deferred, result.resolved, result.compared) == (1, 1, 10)


def test_accepts_resolved_in_a_later_batch() -> None:
    events = events_of(FLOW[:6])
    exact = resolved(events[DELETE])
    exact["sequence"] = 6
    defer(events, DELETE, "bid")
    verifier = Verifier(TINY)
    verifier.feed(FLOW[:6], events)
    verifier.feed(FLOW[:0], exact)
    later = events_of(FLOW)[-1:]
    later["sequence"] = 7
    verifier.feed(FLOW[-1:], later)
    result = verifier.finish()
    assert result.passed
    assert result.compared == 8


def test_accepts_a_deferred_side_of_a_crossed_book() -> None:
    updates = array_of(
        update("add", order_id=1, tick=20, quantity=1),
        update("add", order_id=2, side=1, tick=10, quantity=1),
        update("trade"),
    )
    events = events_of(updates)
    assert events["flags"][1] & CROSSED
    defer(events, 1, "ask")
    assert verify(updates, events).passed


def test_accepts_two_sides_resolved_one_by_one() -> None:
    events = events_of(FLOW)
    half = resolved(events[DELETE])
    whole = half.copy()
    defer(half, 0, "ask")
    for side in ("bid", "ask"):
        defer(events, DELETE, side)
    result = verify(FLOW, np.insert(events, DELETE + 1, [half[0], whole[0]]))
    assert result.passed
    assert (result.deferred, result.resolved) == (2, 2)


def test_rejects_a_wrong_resolved() -> None:
    events = events_of(FLOW)
    wrong = resolved(events[DELETE])
    wrong["bid_quantity"] += 1
    defer(events, DELETE, "bid")
    result = verify(FLOW, np.insert(events, DELETE + 1, wrong))
    assert result.mismatches == 1
    assert "bid_quantity expected 5, got 6" in result.first[0]


@pytest.mark.parametrize("at", [0, 3, DELETE + 1])
def test_rejects_resolved_that_nothing_waits_for(at: int) -> None:
    events = events_of(FLOW)
    unasked = resolved(events[max(at - 1, 0)])
    result = verify(FLOW, np.insert(events, at, unasked))
    assert result.mismatches == 1
    assert "resolved without a deferred side" in result.first[0]


def test_rejects_resolved_that_defers_a_side_that_was_known() -> None:
    events = events_of(FLOW)
    half = resolved(events[DELETE])
    defer(half, 0, "ask")
    defer(events, DELETE, "bid")
    assert not verify(FLOW, np.insert(events, DELETE + 1, half)).passed


def test_rejects_a_deferred_side_that_is_never_said() -> None:
    events = events_of(FLOW)
    defer(events, TRADE, "ask")
    result = verify(FLOW, events)
    assert result.mismatches == 1
    assert "never resolved" in result.first[0]


@pytest.mark.parametrize("at", [0, DONE])
def test_rejects_a_deferred_side_where_the_contract_wants_it_exact(at: int) -> None:
    events = events_of(FLOW)
    defer(events, at, "bid")
    assert verify(FLOW, events).mismatches >= 1


def test_rejects_prices_beside_a_deferred_flag() -> None:
    events = events_of(FLOW)
    events["flags"][DELETE - 1] |= BID_DEFERRED
    assert verify(FLOW, events).mismatches == 1


def test_rejects_a_deferred_side_of_an_invalid_book() -> None:
    updates = array_of(update("gap"), update("clear"))
    events = events_of(updates)
    events["flags"][0] |= BID_DEFERRED
    assert verify(updates, events).mismatches == 1


def test_follows_a_device_whose_table_is_full_early() -> None:
    updates = array_of(
        update("add", order_id=1, tick=10, quantity=5),
        update("add", order_id=2, tick=11, quantity=5),
        update("add", order_id=3, tick=12, quantity=5),
        update("clear"),
        update("add", order_id=4, tick=9, quantity=5),
    )
    events = BookModel(TINY).run(updates, full={1})
    verifier = Verifier(TINY)
    for cut in range(5):  # events come one by one, after all updates
        verifier.feed(updates if cut == 0 else updates[:0], events[cut : cut + 1])
    result = verifier.finish()
    assert result.passed
    assert (result.capacity, result.invalidations) == (1, 1)
    assert result.errors == {"table_full": 1, "book_invalid": 1}
    assert verifier.model.book(0).best(0) == (9, 5, 1)


def test_rejects_table_full_where_no_slot_is_needed() -> None:
    events = BookModel(TINY).run(FLOW)
    events["error"][DELETE] = 12
    result = verify(FLOW, events)
    assert result.capacity == 0
    assert result.mismatches == 1


def test_rejects_a_jump_of_the_sequence() -> None:
    events = events_of(FLOW)
    events["sequence"][4:] += np.uint64(2)
    verifier = Verifier(TINY)
    verifier.feed(FLOW, events)
    result = verifier.finish()
    assert result.first == ["sequence expected 4, got 6"]


def test_rejects_a_sequence_that_goes_on_wrong_in_the_next_batch() -> None:
    updates = array_of(update("trade"))
    verifier = Verifier(TINY)
    for _ in range(2):
        verifier.feed(updates, events_of(updates))
    assert verifier.finish().first == ["sequence expected 1, got 0"]


def test_rejects_a_missing_closing_event() -> None:
    result = verify(FLOW, events_of(FLOW)[:-1])
    assert result.mismatches == 1
    assert "1 updates have no closing event; the first is update 8 (trade)" in result.first[0]


def test_rejects_a_closing_event_too_many() -> None:
    events = events_of(FLOW)
    result = verify(FLOW, np.append(events, events[-1:]))
    assert result.first == ["book 0: a closing event without an update"]


def test_rejects_a_read_out_without_an_end() -> None:
    events = events_of(FLOW)
    result = verify(FLOW, np.append(events, events[LEVELS : LEVELS + 1]))
    assert result.first == ["1 events of read-outs without a read_done"]


def change_quantity(events: Arrays) -> Arrays:
    """Let the best level have another quantity."""
    events["bid_quantity"][LEVELS] += 1
    return events


def drop_level(events: Arrays) -> Arrays:
    """Leave a level out."""
    return np.delete(events, LEVELS)


def repeat_order(events: Arrays) -> Arrays:
    """List one order twice and another not at all."""
    events[ORDERS] = events[ORDERS + 1]
    return events


def level_of_nothing(events: Arrays) -> Arrays:
    """List a level though nobody asked."""
    return np.insert(events, TRADE, events[LEVELS])


@pytest.mark.parametrize("spoil", [change_quantity, drop_level, level_of_nothing, repeat_order])
def test_rejects_a_wrong_read_out(spoil: Callable[[Arrays], Arrays]) -> None:
    result = verify(FLOW, spoil(events_of(FLOW)))
    assert result.mismatches == 1
    assert "read-out differs" in result.first[0]


def test_accepts_orders_in_any_order_but_levels_not() -> None:
    updates = array_of(
        *[update("add", order_id=i, tick=i, quantity=1) for i in range(1, 4)],
        update("read_orders"),
        update("read_levels"),
    )
    events = events_of(updates)
    orders, levels = events.copy(), events.copy()
    orders[3:6] = events[3:6][::-1]
    levels[7:10] = events[7:10][::-1]
    assert verify(updates, orders).passed
    assert not verify(updates, levels).passed


def test_does_not_compare_what_means_nothing_in_a_read_out() -> None:
    events = events_of(FLOW)
    events["flags"][LEVELS] |= CROSSED
    events["bid_count"][ORDERS] += 1
    assert verify(FLOW, events).passed


@pytest.mark.parametrize(("hold", "passed"), [(0, True), (1, False)])
def test_lets_orders_move_only_in_a_read_out_without_hold(hold: int, passed: bool) -> None:
    updates = array_of(
        update("add", order_id=1, tick=1, quantity=1), update("read_orders", flags=hold)
    )
    events = np.delete(events_of(updates), 1)  # the order had left when its slot was read
    events["order_id"][-1] = 1
    result = verify(updates, events)
    assert result.passed == passed
    assert result.moving_read_outs == int(passed)


def test_feeding_nothing_changes_nothing() -> None:
    verifier = Verifier(TINY)
    verifier.feed(np.zeros(0, UPDATE_DTYPE), np.zeros(0, EVENT_DTYPE))
    assert verifier.finish() == Verification()
