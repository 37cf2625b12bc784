"""Tests of sim.verify: it accepts what the contract allows, and nothing else."""

import numpy as np
import pytest

from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from sim.models.book import BookModel
from sim.models.book_event import ASK
from sim.verify import Verification, Verifier
from tests.sim.updates import TINY, array_of, update
from tests.sim.verifying import (
    DELETE,
    FLOW,
    adversarial,
    defer,
    events_of,
    resolved,
    verify,
)


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
    word = "without an update" if field == "book" else f"{field} expected"
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


def test_feeding_nothing_changes_nothing() -> None:
    verifier = Verifier(TINY)
    verifier.feed(np.zeros(0, UPDATE_DTYPE), np.zeros(0, EVENT_DTYPE))
    assert verifier.finish() == Verification()
