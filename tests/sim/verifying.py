"""A small flow of updates, what an exact device says to it, and ways to change that."""

import numpy as np
from numpy.typing import NDArray

from hw.records import EVENT_KIND
from sim.models.book import BookModel
from sim.models.book_event import ASK, ASK_DEFERRED, BID, BID_DEFERRED, CROSSED, Event, to_array
from sim.orderflow import order_flow
from sim.verify import Verification, Verifier
from tests.sim.updates import TINY, array_of, update

__all__ = [
    "DELETE", "DONE", "FLOW", "LEVELS", "ORDERS", "TRADE", "Arrays", "adversarial", "defer",
    "events_of", "resolved", "verify",
]  # fmt: skip

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
