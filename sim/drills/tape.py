"""A tape: what the feeds of some venues say over time, and what traded there."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.records import UPDATE_DTYPE
from hw.records import SIDE, UPDATE_KIND
from sim.models.book_effects import Update
from sim.orderflow.venue_book import Clock, Resting, VenueBook

__all__ = ["Print", "Tape", "VenueFeed", "merge_feeds"]

_BID: Final = SIDE.bid
_COMPLETE: Final = 1


@dataclass(frozen=True, slots=True)
class Print:
    """A trade on the tape.

    Attributes
    ----------
    time : int
        When the venue made it [ns].
    book : int
        Book index.
    side : int
        Of the resting order: bid where somebody sold.
    tick : int
        Price [ticks].
    quantity : int
        [lots].
    """

    time: int
    book: int
    side: int
    tick: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Tape:
    """Updates of some books and what traded, both in the order of time.

    Attributes
    ----------
    updates : array of shape (n,), dtype ``UPDATE_DTYPE``
    prints : list of Print
    """

    updates: NDArray[np.void]
    prints: list[Print]

    def steps(self) -> Iterator[tuple[int, NDArray[np.void], list[Print]]]:
        """Yield each instant at which something happens, with its updates and its trades."""
        times = self.updates["time"]
        edges = [0, *(np.flatnonzero(np.diff(times)) + 1).tolist(), len(times)]
        prints, n = self.prints, 0
        for start, end in pairwise(edges):
            if start == end:
                continue
            now, first = int(times[start]), n
            while n < len(prints) and prints[n].time <= now:
                n += 1
            yield now, self.updates[start:end], prints[first:n]


def merge_feeds(*feeds: "VenueFeed") -> Tape:
    """Return the tape of some feeds; what happens at the same time keeps the order of the feeds."""
    rows = [row for feed in feeds for row in feed.out]
    updates = np.array(rows, UPDATE_DTYPE)
    updates = updates[np.argsort(updates["time"], kind="stable")]
    prints = sorted((p for feed in feeds for p in feed.prints), key=lambda p: p.time)
    return Tape(updates, prints)


class VenueFeed:
    """The order book of a venue, order by order, that says what happens to it.

    Parameters
    ----------
    book : int
        Book index.
    start : int
        Time of the first update [ns], which clears the book.

    Attributes
    ----------
    now : int
        The time; the caller moves it on [ns].
    out : list of Update
        What the feed has said.
    prints : list of Print
        What has traded.
    """

    def __init__(self, book: int, start: int) -> None:
        self.book = book
        self.now = start
        self.out: list[Update] = []
        self.prints: list[Print] = []
        self._orders = VenueBook()
        self._ids = Clock(start, id_bits=32).references
        self._say(UPDATE_KIND.clear, flags=_COMPLETE)

    def best(self, side: int) -> Resting | None:
        """Return the order that trades next on a side."""
        return self._orders.best(side)

    def rest(self, side: int, tick: int, quantity: int, *, crosses: bool = False) -> Resting:
        """Let a new order rest.

        Raises
        ------
        ValueError
            If it would trade, and ``crosses`` does not say that the feed is wrong.
        """
        other = self.best(1 - side)
        if not crosses and other and (tick >= other.tick if side == _BID else tick <= other.tick):
            raise ValueError(f"an order at {tick} would trade with the one at {other.tick}")
        order = Resting(next(self._ids), side, tick, quantity)
        self._orders.enter(order)
        self._say(UPDATE_KIND.add, order, quantity)
        return order

    def cancel(self, order: Resting) -> None:
        """Let a resting order leave."""
        self._orders.leave(order)
        self._say(UPDATE_KIND.delete, order)

    def quote(self, mid: int, *, half: int, levels: int, quantity: int) -> None:
        """Replace every order by some levels a side about a mid, ``half`` a spread away."""
        for side in (SIDE.bid, SIDE.ask):
            while (order := self.best(side)) is not None:
                self.cancel(order)
        for n in range(levels):
            self.rest(SIDE.bid, mid - half - n, quantity)
            self.rest(SIDE.ask, mid + half + n, quantity)

    def repeat(self) -> None:
        """Say something that changes nothing."""
        self._say(UPDATE_KIND.status)

    def lose(self) -> None:
        """Say that updates were lost."""
        self._say(UPDATE_KIND.gap)

    def begin_anew(self) -> None:
        """Empty the book, and say so."""
        self._orders = VenueBook()
        self._say(UPDATE_KIND.clear, flags=_COMPLETE)

    def trade_next(self, side: int, quantity: int) -> int:
        """Trade with the best order of a side; return how much of it traded [lots]."""
        order = self.best(side)
        if order is None:
            return 0
        traded = min(quantity, order.quantity)
        order.quantity -= traded
        if not order.quantity:
            self._orders.leave(order)
        self._say(UPDATE_KIND.execute, order, traded)
        self.prints.append(Print(self.now, self.book, side, order.tick, traded))
        return traded

    def _say(
        self, kind: int, order: Resting | None = None, quantity: int = 0, *, flags: int = 0
    ) -> None:
        about = (order.side, flags, order.order_id) if order else (0, flags, 0)
        tick = order.tick if order and kind == UPDATE_KIND.add else 0
        self.out.append((self.book, kind, *about, 0, tick, quantity, self.now))
