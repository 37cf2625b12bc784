"""What a capture needs of a book engine, found by reading it once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host.venues.kraken import CHECKED_LEVELS
from hw.records import UPDATE_KIND
from sim.captures.capture import open_capture

__all__ = ["LiveCount", "Needs", "measure"]

_ADD = UPDATE_KIND.add
_EXECUTE = UPDATE_KIND.execute
_REDUCE = UPDATE_KIND.reduce
_DELETE = UPDATE_KIND.delete
_REPLACE = UPDATE_KIND.replace
_SET = UPDATE_KIND.set
_CLEAR = UPDATE_KIND.clear


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """The largest of everything in a capture.

    Attributes
    ----------
    books : int
        Number of books.
    peak_live_orders : int
        Most orders or levels that rest at once, over all books [orders].
    max_tick : int
        Highest price [ticks].
    max_tick_symbol : str
        The instrument that has it; empty if unknown.
    max_quantity : int
        Largest quantity of a level [lots].
    max_id : int
        Largest order id.
    max_count : int
        Most orders at one level [orders].
    updates : int
        Number of updates.
    first_time, last_time : int
        Earliest and latest time of an update [ns since epoch, UTC]; 0 where there is none.
    levels : int
        Best levels of a side that the venue's checksums are of; 0 where there are none.
    """

    books: int
    peak_live_orders: int
    max_tick: int
    max_quantity: int
    max_id: int
    max_count: int
    updates: int
    first_time: int
    last_time: int
    max_tick_symbol: str = ""
    levels: int = 0


class LiveCount:
    """Count what rests in all books: a light book without best prices.

    Updates that contradict the book are passed over: this is for sizes, not for verification.

    Attributes
    ----------
    live, peak : int
        Orders that rest now, and at most [orders].
    max_quantity : int
        Largest quantity of a level so far [lots].
    max_count : int
        Most orders at one level so far [orders].
    """

    def __init__(self) -> None:
        self.live = 0
        self.peak = 0
        self.max_quantity = 0
        self.max_count = 0
        self._orders: dict[int, dict[int, tuple[int, int]]] = {}
        self._levels: dict[int, dict[int, tuple[int, int]]] = {}

    def feed(self, updates: NDArray[np.void]) -> None:
        """Apply updates of dtype ``UPDATE_DTYPE``."""
        for book, kind, side, _, order, new_order, tick, quantity, _ in updates.tolist():
            orders = self._orders.setdefault(book, {})
            known = orders.get(order)
            key = tick * 2 + (side & 1)
            if kind == _SET:
                if known is not None:
                    self._remove(book, order, known)
                if quantity:
                    self._insert(book, order, known[0] if known else key, quantity)
            elif kind == _ADD:
                if known is None and quantity:
                    self._insert(book, order, key, quantity)
            elif kind == _CLEAR:
                self.live -= len(orders)
                orders.clear()
                self._levels.pop(book, None)
            elif known is not None:
                self._change(book, kind, order, known, quantity, (new_order, tick))

    def _change(
        self,
        book: int,
        kind: int,
        order: int,
        known: tuple[int, int],
        quantity: int,
        new: tuple[int, int],
    ) -> None:
        """Apply a kind that needs a known order; ``new`` is the id and tick of a replace."""
        if kind == _DELETE:
            self._remove(book, order, known)
        elif kind in (_EXECUTE, _REDUCE):
            self._remove(book, order, known)
            if quantity < known[1]:
                self._insert(book, order, known[0], known[1] - quantity)
        elif kind == _REPLACE:
            self._remove(book, order, known)
            if new[0] not in self._orders[book] and quantity:
                self._insert(book, new[0], new[1] * 2 + (known[0] & 1), quantity)

    def _insert(self, book: int, order: int, key: int, quantity: int) -> None:
        self._orders[book][order] = (key, quantity)
        levels = self._levels.setdefault(book, {})
        total, count = levels.get(key, (0, 0))
        levels[key] = (total + quantity, count + 1)
        self.max_quantity = max(self.max_quantity, total + quantity)
        self.max_count = max(self.max_count, count + 1)
        self.live += 1
        self.peak = max(self.peak, self.live)

    def _remove(self, book: int, order: int, known: tuple[int, int]) -> None:
        del self._orders[book][order]
        levels, (key, quantity) = self._levels[book], known
        total, count = levels[key]
        if count == 1:
            del levels[key]
        else:
            levels[key] = (total - quantity, count - 1)
        self.live -= 1


def measure(
    paths: Sequence[Path | str],
    *,
    format: str | None = None,
    symbols: Collection[str] | None = None,
) -> Needs:
    """Read a capture once and return what it needs of a book engine.

    Memory grows with the orders that rest, not with the length of the files. Arguments and
    errors are those of ``open_capture``.

    Raises
    ------
    CaptureError
        If the capture cannot be opened.
    """
    live = LiveCount()
    times: list[int] = []
    max_tick = max_quantity = max_id = levels = 0
    highest = -1  # book of the highest price
    with open_capture(paths, format=format, symbols=symbols) as capture:
        for batch in capture:
            updates = batch.updates
            if any(check.kind == "checksum" for check in batch.checks):
                levels = CHECKED_LEVELS
            live.feed(updates)
            top = updates[updates["tick"].argmax()]
            if top["tick"] > max_tick:
                max_tick, highest = int(top["tick"]), int(top["book"])
            max_quantity = max(max_quantity, int(updates["quantity"].max()))
            orders = updates[updates["kind"] <= _SET]  # a trade's number is no order id
            ids = max(orders["order_id"].max(initial=0), orders["new_order_id"].max(initial=0))
            max_id = max(max_id, int(ids))
            times = [*times[:1], int(updates["time"].min()), int(updates["time"].max())]
            times = [min(times), max(times)]
    return Needs(
        books=len(capture.instruments),
        peak_live_orders=live.peak,
        max_tick=max_tick,
        max_quantity=max(max_quantity, live.max_quantity),
        max_id=max_id,
        max_count=live.max_count,
        updates=capture.updates,
        first_time=times[0] if times else 0,
        last_time=times[-1] if times else 0,
        max_tick_symbol=capture.instruments[highest].symbol if highest >= 0 else "",
        levels=levels,
    )
