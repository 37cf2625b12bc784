"""Reference model of ``gateware.book``: every book as a dict of orders and dicts of levels.

The model knows no hash, no window and no cycles: it is always exact, never defers, and its table is
full only when every slot is taken. What an update does is in ``sim.models.book_effects``.
"""

from collections import Counter
from collections.abc import Collection
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from host.device.records import EVENT_DTYPE
from hw.presets import BookParameters
from hw.records import ERROR, EVENT_KIND, SIDE, UPDATE_KIND
from sim.models.book_effects import BookEffects, Update
from sim.models.book_event import ASK, BID, READS, Event, closing_kind, to_array
from sim.models.levels import NO_LEVEL, Levels
from sim.models.one_book import STATE_FIELDS, Book, Order, State

__all__ = ["Book", "BookModel", "Order", "Update"]


class BookModel:
    """All books of an engine.

    Parameters
    ----------
    parameters : BookParameters
        Size of the engine. Capacity is ``order_slots + stash_slots``, shared by all books.
    overflow_at_once : bool
        Whether every level that exceeds its bits is noticed with its update. If not, only those
        that ``run`` is told of are, the others stay exact, and ``distrust`` may follow.

    Attributes
    ----------
    errors : Counter of int
        Events by error code, ``none`` left out.
    updates : int
        Updates applied.
    """

    def __init__(self, parameters: BookParameters, *, overflow_at_once: bool = True) -> None:
        self.parameters = parameters
        self._overflow_at_once = overflow_at_once
        self.errors: Counter[int] = Counter()
        self.updates = 0
        self._books = [Book() for _ in range(parameters.books)]
        self._effects = BookEffects(parameters)

    @property
    def orders(self) -> int:
        """Resting orders of all books, those of invalid ones included [orders]."""
        return self._effects.used

    def book(self, index: int) -> Book:
        """Return one book.

        Raises
        ------
        IndexError
            If there is no such book.
        """
        if not 0 <= index < len(self._books):
            raise IndexError(f"book must be from 0 to {len(self._books) - 1}, not {index}")
        return self._books[index]

    def apply(self, update: Update, *, full: bool = False) -> list[Event]:
        """Apply one update and return its events, the closing one last.

        Parameters
        ----------
        update : tuple of int
            The fields of ``market_update`` in their order.
        full : bool
            Act as if no slot were free: a device's buckets can be full before its table is.
        """
        read = self._read_out(update)
        self._effects.deny_slot = full
        self._effects.notice_overflow = self._overflow_at_once
        state = dict(zip(STATE_FIELDS, self._step(update), strict=True))
        cause = update[1]
        closing = Event(
            time=update[8],
            order_id=update[4],
            book=update[0],
            kind=int(closing_kind(np.array([cause], np.uint8))[0]),
            cause=cause,
            **state,
        )
        return [*read, closing]

    def run(
        self,
        updates: NDArray[np.void],
        full: Collection[int] = (),
        overflows: Collection[int] = (),
    ) -> NDArray[np.void]:
        """Apply updates in order and return all their events, ``sequence`` counted from 0.

        Parameters
        ----------
        updates : array of shape (n,), dtype ``UPDATE_DTYPE``
        full : collection of int
            Positions in ``updates`` that find no free slot, as in ``apply``.
        overflows : collection of int
            Positions at which a level that exceeds its bits is noticed, if not at all of them.

        Returns
        -------
        array of shape (m,), dtype ``EVENT_DTYPE``
            m = n without read-outs; ``cycle`` and ``latency`` are 0.
        """
        states: list[int] = []
        reads: list[Event] = []
        read_at: list[int] = []
        for position, update in enumerate(updates.tolist()):
            if update[1] in READS:
                events = self._read_out(update)
                reads += events
                read_at += [position] * len(events)
            self._effects.deny_slot = position in full
            self._effects.notice_overflow = self._overflow_at_once or position in overflows
            states += self._step(update)
        closing = _closing_events(updates, states)
        if reads:
            # Before the closing event of their own update, which keeps its place otherwise.
            closing = np.insert(closing, read_at, to_array(reads))
        closing["sequence"] = np.arange(len(closing))
        return closing

    def distrust(self, index: int) -> bool:
        """Make a book invalid, as a device does that notices later that a level is too large.

        Returns
        -------
        bool
            Whether it had reason to: the book was valid, and a level has exceeded its bits since
            the book was cleared.

        Raises
        ------
        IndexError
            If there is no such book.
        """
        book = self.book(index)
        reason = book.valid and book.oversized
        book.valid = False
        self.errors[ERROR.level_overflow] += 1
        return reason

    def unnoticed(self) -> list[int]:
        """Return the valid books with a level that exceeds its bits and that no device may miss.

        These are the levels that are closer to the best price than half a window.
        """
        return [
            index
            for index, book in enumerate(self._books)
            if book.valid and book.oversized and any(map(self._too_large, book.sides))
        ]

    def _too_large(self, levels: Levels) -> bool:
        p = self.parameters
        best = levels.best()[0]
        return any(
            quantity >> p.quantity_bits or count >> p.count_bits
            for tick, (quantity, count) in levels.by_tick.items()
            if abs(tick - best) < p.window_ticks // 2
        )

    def _step(self, update: Update) -> State:
        self.updates += 1
        index = update[0]
        if index >= len(self._books):
            error = ERROR.bad_book
            state: State = (0, 0, 0, 0, 0, 0, 0, error)
        else:
            book = self._books[index]
            error = self._effects.apply(book, update)
            state = book.state(error)
        if error:
            self.errors[error] += 1
        return state

    def _read_out(self, update: Update) -> list[Event]:
        """Return the events before the closing one: levels or orders."""
        index, kind = update[0], update[1]
        if kind not in READS or index >= len(self._books) or not self._books[index].valid:
            return []
        book = self._books[index]
        if kind == UPDATE_KIND.read_levels:
            return _level_events(book, update, self.parameters.cached_levels)
        return _order_events(book, update)


def _level_events(book: Book, update: Update, n: int) -> list[Event]:
    index, order_id, time = update[0], update[4], update[8]
    rows = zip_longest(book.levels(SIDE.bid, n), book.levels(SIDE.ask, n), fillvalue=NO_LEVEL)
    return [
        Event(
            time=time, order_id=order_id, book=index, kind=EVENT_KIND.level,
            cause=UPDATE_KIND.read_levels, index=depth,
            flags=(BID if bid[2] else 0) | (ASK if ask[2] else 0),
            bid_tick=bid[0], bid_quantity=bid[1], bid_count=bid[2],
            ask_tick=ask[0], ask_quantity=ask[1], ask_count=ask[2],
        )
        for depth, (bid, ask) in enumerate(rows)
    ]  # fmt: skip


def _order_events(book: Book, update: Update) -> list[Event]:
    index, time = update[0], update[8]
    head = Event(time=time, book=index, kind=EVENT_KIND.order, cause=UPDATE_KIND.read_orders)
    return [
        head._replace(
            order_id=order_id, flags=ASK, ask_tick=tick, ask_quantity=quantity, ask_count=1
        )
        if side == SIDE.ask
        else head._replace(
            order_id=order_id, flags=BID, bid_tick=tick, bid_quantity=quantity, bid_count=1
        )
        for order_id, (side, tick, quantity) in book.orders.items()
    ]


def _closing_events(updates: NDArray[np.void], states: list[int]) -> NDArray[np.void]:
    """Return the closing events of updates, given the flat fields of ``STATE_FIELDS``."""
    events = np.zeros(len(updates), EVENT_DTYPE)
    columns = np.array(states, np.uint64).reshape(-1, len(STATE_FIELDS))
    for column, name in enumerate(STATE_FIELDS):
        events[name] = columns[:, column]
    for name in ("time", "book", "order_id"):
        events[name] = updates[name]
    events["cause"] = updates["kind"]
    events["kind"] = closing_kind(updates["kind"])
    return events
