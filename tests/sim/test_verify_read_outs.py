"""Tests of sim.verify: read-outs."""

from collections.abc import Callable

import numpy as np
import pytest

from sim.models.book_event import CROSSED
from tests.sim.updates import array_of, update
from tests.sim.verifying import (
    FLOW,
    LEVELS,
    ORDERS,
    TRADE,
    Arrays,
    events_of,
    verify,
)


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


def test_rejects_orders_that_moved_while_they_were_listed() -> None:
    updates = array_of(update("add", order_id=1, tick=1, quantity=1), update("read_orders"))
    events = np.delete(events_of(updates), 1)  # the order had left when its slot was read
    result = verify(updates, events)
    assert result.mismatches == 1
    assert "expected 1 events, got 0" in result.first[0]
