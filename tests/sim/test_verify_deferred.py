"""Tests of sim.verify: sides that are not known yet."""

import numpy as np
import pytest

from sim.models.book_event import BID_DEFERRED, CROSSED
from sim.verify import Verifier
from tests.sim.updates import TINY, array_of, update
from tests.sim.verifying import (
    DELETE,
    DONE,
    FLOW,
    TRADE,
    defer,
    events_of,
    resolved,
    verify,
)


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


@pytest.mark.parametrize("batches", [1, 2])
@pytest.mark.parametrize(("late", "passed"), [(0, True), (1, False)])
def test_a_side_must_not_stay_deferred_for_longer_than_the_bound(
    *, late: int, passed: bool, batches: int
) -> None:
    events = events_of(FLOW[:6])
    events["cycle"] = 1000 + np.arange(len(events))
    again = defer_again(events[DELETE])
    exact = resolved(events[DELETE])
    exact["cycle"] = events["cycle"][DELETE] + TINY.deferred_bound + late
    defer(events, DELETE, "bid")
    said = np.concatenate([events, again, exact])
    said["sequence"] = np.arange(len(said))
    verifier = Verifier(TINY)
    verifier.feed(FLOW[:6], said[: DELETE + 1] if batches > 1 else said)
    verifier.feed(FLOW[:0], said[DELETE + 1 :] if batches > 1 else said[:0])
    result = verifier.finish()
    assert result.deferred_longest == TINY.deferred_bound + late
    assert result.passed == passed
    assert passed or "deferred for" in result.first[0]


def defer_again(event: np.void) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Return a ``resolved`` event some cycles later that still defers the bid."""
    again = resolved(event)
    again["cycle"] = int(event["cycle"]) + 9
    defer(again, 0, "bid")
    return again
