"""What a run's updates and events add up to, kept in bounded memory."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hw.records import ERROR, EVENT_FLAG, EVENT_KIND, UPDATE_KIND
from sim.comparison import is_notice
from sim.replay.path import NO_PRICE, PathRecorder

__all__ = ["LatencySummary", "Quote", "Tally", "summarise"]

_READS: Final = (UPDATE_KIND.read_levels, UPDATE_KIND.read_orders)
_CLOSING: Final = (EVENT_KIND.best, EVENT_KIND.cleared, EVENT_KIND.read_done)
_SIDES: Final = (
    ("bid", EVENT_FLAG.bid, EVENT_FLAG.bid_deferred),
    ("ask", EVENT_FLAG.ask, EVENT_FLAG.ask_deferred),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """Best price of one side.

    Attributes
    ----------
    tick : int
        Price [ticks].
    quantity : int
        Quantity at that price [lots].
    """

    tick: int
    quantity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LatencySummary:
    """Latency of one kind of update [cycles]."""

    count: int
    min: int
    p50: int
    p99: int
    max: int


def summarise(histogram: Counter[int]) -> LatencySummary:
    """Return the summary of a histogram ``{cycles: updates}`` that is not empty.

    Quantiles are the smallest latency that at least that share of the updates does not exceed.
    """
    cycles = np.array(sorted(histogram), np.int64)
    reached = np.cumsum([histogram[c] for c in cycles.tolist()])
    total = int(reached[-1])

    def quantile(percent: int) -> int:
        return int(cycles[np.searchsorted(reached, -(-total * percent // 100))])

    return LatencySummary(
        count=total,
        min=int(cycles[0]),
        p50=quantile(50),
        p99=quantile(99),
        max=int(cycles[-1]),
    )


class Tally:
    """Count updates and events, and keep the last state of every book.

    Parameters
    ----------
    books : int
        Number of books of the device. Updates and events of others count in the totals alone.
    path : PathRecorder
        Gets every best price.

    Attributes
    ----------
    updates : int
        Updates of the capture, read-outs left out.
    mix : array of shape (books, 256), int64
        Updates by book and kind, read-outs left out.
    closed : int
        Closing events, those of read-outs included: must equal what was sent.
    errors : Counter of str
        Updates by what was wrong with them, and levels found too large after their updates.
    deferred : int
        Closing events with a side that was not known yet.
    crossed : array of shape (books,), int64
        Events in which the book was crossed.
    latencies : dict of int to Counter
        Histogram ``{cycles: updates}`` by update kind, read-outs left out.
    lost : int
        Events that are missing in the sequence.
    """

    def __init__(self, *, books: int, path: PathRecorder) -> None:
        self.updates = 0
        self.mix = np.zeros((books, 256), np.int64)
        self.closed = 0
        self.errors: Counter[str] = Counter()
        self.deferred = 0
        self.crossed = np.zeros(books, np.int64)
        self.invalid = np.zeros(books, bool)
        self.latencies: dict[int, Counter[int]] = {}
        self.lost = 0
        self._books = books
        self._path = path
        self._ticks = np.full((2, books), NO_PRICE, np.int64)
        self._quantities = np.zeros((2, books), np.uint64)
        self._time = 0
        self._sequence = 0

    def add_updates(self, updates: NDArray[np.void]) -> None:
        """Count updates of the capture."""
        own = updates[~np.isin(updates["kind"], _READS)]
        self.updates += len(own)
        own = own[own["book"] < self._books]
        flat = own["book"].astype(np.int64) * 256 + own["kind"]
        self.mix += np.bincount(flat, minlength=self.mix.size).reshape(self.mix.shape)

    def add_events(self, events: NDArray[np.void]) -> None:
        """Count events, in the order in which they came."""
        if not len(events):
            return
        self._count_lost(events["sequence"])
        notices = is_notice(events)  # of a level too large: they close no update
        closing = np.isin(events["kind"], _CLOSING) & ~notices
        self.closed += int(closing.sum())
        for code, count in zip(*_counts(events["error"][closing | notices]), strict=True):
            if code != ERROR.none:
                self.errors[ERROR.name_of(code)] += count
        self._count_latencies(events[closing & ~np.isin(events["cause"], _READS)])
        self._note_states(events, closing | notices)

    def quote(self, book: int, side: int) -> Quote | None:
        """Return the last known best price of a side (0 bid, 1 ask), None where it is empty."""
        tick, quantity = int(self._ticks[side, book]), int(self._quantities[side, book])
        return None if tick == NO_PRICE else Quote(tick=tick, quantity=quantity)

    def _count_lost(self, sequence: NDArray[np.uint64]) -> None:
        last = int(sequence[-1])
        self.lost += last + 1 - self._sequence - len(sequence)
        self._sequence = last + 1

    def _count_latencies(self, closing: NDArray[np.void]) -> None:
        for cause in np.unique(closing["cause"]).tolist():
            cycles = closing["latency"][closing["cause"] == cause]
            histogram = self.latencies.setdefault(cause, Counter())
            for value, count in zip(*_counts(cycles), strict=True):
                histogram[value] += count

    def _note_states(self, events: NDArray[np.void], telling: NDArray[np.bool_]) -> None:
        time = self._times(events["time"])
        stating = (telling | (events["kind"] == EVENT_KIND.resolved)) & (
            events["book"] < self._books
        )
        events, time = events[stating], time[stating]
        book, flags = events["book"], events["flags"]
        self.invalid[book] = _bit(flags, EVENT_FLAG.invalid)
        np.add.at(self.crossed, book[_bit(flags, EVENT_FLAG.crossed)], 1)
        deferred = np.zeros(len(events), bool)
        for side, (name, present_bit, deferred_bit) in enumerate(_SIDES):
            unknown = _bit(flags, deferred_bit)
            deferred |= unknown
            known = events[~unknown]
            present = _bit(known["flags"], present_bit)
            tick = np.where(present, known[f"{name}_tick"].astype(np.int64), NO_PRICE)
            self._ticks[side, known["book"]] = tick  # of repeated books NumPy keeps the last
            self._quantities[side, known["book"]] = known[f"{name}_quantity"]
            self._path.add(side, known["book"], time[~unknown], tick)
        self.deferred += int((deferred & (events["kind"] != EVENT_KIND.resolved)).sum())

    def _times(self, time: NDArray[np.uint64]) -> NDArray[np.int64]:
        # `resolved` carries no time: it happens at that of the event before it.
        stamped = np.where(time > 0, np.arange(len(time)), -1)
        index = np.maximum.accumulate(stamped)
        times = np.where(index < 0, self._time, time[index].astype(np.int64))
        self._time = int(times[-1])
        return times


def _bit(flags: NDArray[Any], number: int) -> NDArray[np.bool_]:
    return (flags >> number & 1).astype(bool)


def _counts(values: NDArray[Any]) -> tuple[list[int], list[int]]:
    found, counts = np.unique(values, return_counts=True)
    return found.tolist(), counts.tolist()
