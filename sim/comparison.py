"""Compare the events of a device with those of the reference model, as arrays."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.records import EVENT_DTYPE
from hw.records import ENUMS, ERROR, EVENT_FLAG, EVENT_KIND, UPDATE_KIND
from sim.models.book_event import ASK, ASK_DEFERRED, BID, BID_DEFERRED, CROSSED, INVALID

__all__ = [
    "DEFERRED",
    "defer_like",
    "deferral_times",
    "describe",
    "differs",
    "distrust",
    "follow",
    "is_detail",
    "is_notice",
    "noticed",
    "read_out_differs",
    "restate",
]

DEFERRED: Final = BID_DEFERRED | ASK_DEFERRED

# Numbers of the device, of which the model knows nothing.
_DEVICE_ONLY: Final = frozenset({"sequence", "cycle", "latency"})
_COMPARED: Final = tuple(name for name in EVENT_DTYPE.names or () if name not in _DEVICE_ONLY)
_SIDES: Final = (("bid", BID, BID_DEFERRED), ("ask", ASK, ASK_DEFERRED))
_ENUM_OF: Final = {"kind": "event_kind", "cause": "update_kind", "error": "error"}

Mask = NDArray[np.bool_]
Events = NDArray[np.void]


def is_detail(events: Events) -> Mask:
    """Say which events are part of a read-out, before its ``read_done``."""
    kind = events["kind"]
    mask: Mask = (kind == EVENT_KIND.level) | (kind == EVENT_KIND.order)
    return mask


def is_notice(events: Events) -> Mask:
    """Say which events tell of a level that was found too large after its update had its event."""
    mask: Mask = (
        (events["kind"] == EVENT_KIND.best)
        & (events["cause"] == UPDATE_KIND.none)
        & (events["error"] == ERROR.level_overflow)
    )
    return mask


def noticed(books: NDArray[np.uint16]) -> Events:
    """Return the events that tell of such levels of these books, as they are expected."""
    events = np.zeros(len(books), EVENT_DTYPE)
    events["book"] = books
    events["kind"] = EVENT_KIND.best
    events["flags"] = INVALID
    events["error"] = ERROR.level_overflow
    return events


def distrust(expected: Events, places: NDArray[np.intp]) -> None:
    """Turn expected closing events into those of an invalid book, in place."""
    for side, _, _ in _SIDES:
        for field in ("tick", "quantity", "count"):
            expected[f"{side}_{field}"][places] = 0
    expected["flags"][places] = INVALID


def restate(expected: Events, resolved: Mask) -> None:
    """Turn the expected closing events where ``resolved`` into those that repeat them, in place."""
    flags = expected["flags"][resolved] & (BID | ASK | CROSSED | INVALID)
    for name in ("time", "order_id", "cause", "error", "index"):
        expected[name][resolved] = 0
    expected["flags"][resolved] = flags
    expected["kind"][resolved] = EVENT_KIND.resolved


def defer_like(expected: Events, got: Events, allowed: NDArray[np.uint16]) -> None:
    """Blank the sides of ``expected`` that ``got`` defers and may defer, in place.

    Parameters
    ----------
    expected, got : array of shape (n,), dtype ``EVENT_DTYPE``
    allowed : array of shape (n,), uint16
        The deferred flags that each event may have.
    """
    for side, flag, deferred in _SIDES:
        blank = (got["flags"] & allowed & deferred) != 0
        for field in ("tick", "quantity", "count"):
            expected[f"{side}_{field}"][blank] = 0
        flags = expected["flags"][blank] & np.uint16(~(flag | CROSSED) & 0xFFFF)
        expected["flags"][blank] = flags | deferred


def differs(expected: Events, got: Events) -> Mask:
    """Say which events differ in a field that the model knows."""
    mask: Mask = np.zeros(len(got), np.bool_)
    for name in _COMPARED:
        mask |= expected[name] != got[name]
    return mask


def read_out_differs(expected: Events, got: Events, *, broken: bool = False) -> bool:
    """Say whether the ``level`` or ``order`` events of one read-out differ.

    Levels come in order; orders may come in any. ``crossed`` and the count of an order event mean
    nothing here and are not compared. In a ``broken`` read-out, whose book turned out to be invalid
    on the way, an event may say so in place of its price.
    """
    if len(expected) != len(got):
        return True
    expected, got = expected.copy(), got.copy()
    for events in (expected, got):
        events["flags"] &= ~np.uint16(CROSSED)
        orders = events["kind"] == EVENT_KIND.order
        events["bid_count"][orders] = 0
        events["ask_count"][orders] = 0
    if (expected["kind"] == EVENT_KIND.order).all():
        expected.sort(order=["order_id", "bid_tick", "ask_tick"])
        got.sort(order=["order_id", "bid_tick", "ask_tick"])
    if broken:
        distrust(expected, np.flatnonzero(got["flags"] == INVALID))
    return bool(differs(expected, got).any())


def describe(expected: np.void, got: np.void) -> str:
    """Return the differences of two events in words: field, expected, got."""
    parts = [
        f"{name} expected {_word(name, int(expected[name]))}, got {_word(name, int(got[name]))}"
        for name in _COMPARED
        if expected[name] != got[name]
    ]
    return "; ".join(parts)


def _word(field: str, value: int) -> str:
    if field == "flags":
        names = [code.name for code in EVENT_FLAG if value >> code.value & 1]
        return "|".join(names) or "none"
    return ENUMS[_ENUM_OF[field]].name_of(value) if field in _ENUM_OF else str(value)


def deferral_times(rows: NDArray[np.void], same_book: Mask) -> list[NDArray[np.uint64]]:
    """Return, for bid and ask, how long it has been deferred at each event [cycles].

    Parameters
    ----------
    rows : array
        Events ``got``, sorted by book, each book's first one perhaps an old one (``compared``)
        whose ``since`` says from which cycle on a side is deferred; ``since`` of the others is set.
    same_book : array of bool
        Whether an event is of the same book as the one before.
    """
    got, old = rows["got"], rows["compared"]
    places = np.arange(len(rows))
    times = []
    for side, flag in enumerate((BID_DEFERRED, ASK_DEFERRED)):
        was = same_book & np.roll((got["flags"] & flag) != 0, 1)
        since = np.where(old, rows["since"][:, side], got["cycle"])
        since = since[np.maximum.accumulate(np.where(was, 0, places))]
        rows["since"][:, side] = since
        times.append(np.where(was, got["cycle"] - since, np.uint64(0)))
    return times


def follow(events: Events, closing: Mask, notice: Mask) -> tuple[NDArray[np.intp], Mask]:
    """Say of each notice which closing event it takes effect after, and if it lies inside it.

    A read-out goes on when its book turns out to be invalid, and its end says so; so such a notice
    takes effect after the read-out. -1: after none of these. ``events`` are sorted by book.
    """
    at = np.flatnonzero(notice)
    book = events["book"]
    apart = np.concatenate([[True], book[1:] != book[:-1], [True]])
    detail = np.concatenate([is_detail(events), [False]])
    inside = (detail[at - 1] & ~apart[at]) | (detail[at + 1] & ~apart[at + 1])
    before = np.cumsum(closing)[at] - 1
    closed = np.concatenate([book[closing], [0]])
    mine = (before >= 0) & (closed[before] == book[at])
    return np.where(inside, before + 1, np.where(mine, before, -1)), inside
