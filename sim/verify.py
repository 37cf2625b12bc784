"""Check every event of a device against the reference model."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from hw.presets import BookParameters
from hw.records import ERROR, EVENT_KIND, UPDATE_KIND
from sim.comparison import (
    DEFERRED,
    Events,
    Mask,
    defer_like,
    deferral_times,
    describe,
    differs,
    distrust,
    follow,
    is_detail,
    is_notice,
    noticed,
    read_out_differs,
    restate,
)
from sim.models.book import BookModel
from sim.models.book_event import ASK_DEFERRED, BID_DEFERRED, INVALID
from sim.verification import Verification

__all__ = ["Verification", "Verifier"]

# An event of the device, what the model says, the number of the update, the cycle since which bid
# and ask are deferred, and whether the event is an old one that is only here because the next one
# of its book refers to it.
_ROW: Final = np.dtype(
    [
        ("got", EVENT_DTYPE),
        ("expected", EVENT_DTYPE),
        ("update", "<i8"),
        ("since", "<u8", 2),
        ("compared", "?"),
    ]
)


class Verifier:
    """Compare what a device says with the reference model, event by event.

    The closing events of one book come in the order of its updates, so the n-th closing event of a
    book belongs to its n-th update; events may come any time later than their updates. The model
    is run only as far as events have come, and is told what depends on the device's insides:
    where it says ``table_full`` the model finds no slot either, and a level that is too large makes
    the model's book invalid when the device says so, at its update or by an event of its own.

    Parameters
    ----------
    parameters : BookParameters
        What the device was built with.

    Attributes
    ----------
    model : BookModel
        The reference, as of the events that have come.
    result : Verification
        What was found so far.
    """

    def __init__(self, parameters: BookParameters) -> None:
        self.model = BookModel(parameters, overflow_at_once=False)
        self.result = Verification()
        self._sequence = 0
        self._pending = np.zeros(0, UPDATE_DTYPE)
        self._numbers = np.zeros(0, np.int64)  # of the pending updates
        self._held = np.zeros(0, EVENT_DTYPE)  # of read-outs that have not ended
        self._last = np.zeros(0, _ROW)  # the last compared event of each book

    def feed(self, updates: NDArray[np.void], events: NDArray[np.void]) -> None:
        """Take the updates that were sent and the events that came, and compare what can be.

        Parameters
        ----------
        updates : array of shape (n,), dtype ``UPDATE_DTYPE``
            May be empty.
        events : array of shape (m,), dtype ``EVENT_DTYPE``
            In the order in which the device gave them. May be empty, and may lag.
        """
        self._check_sequence(events)
        first = self.result.updates
        self.result.updates += len(updates)
        self.result.events += len(events)
        self._pending = np.concatenate([self._pending, updates])
        self._numbers = np.concatenate([self._numbers, np.arange(first, first + len(updates))])
        events = np.concatenate([self._held, events])
        events = events[np.argsort(events["book"], kind="stable")]
        events, closing = self._drop_unasked(events)
        detail, notice = is_detail(events), is_notice(events)
        got = events[closing]
        after, inside = follow(events, closing, notice)
        expected, numbers = self._expect(got, events["book"][notice], after)
        self._compare_read_outs(expected, events[closing | detail], numbers, after[inside])
        expected = expected[~is_detail(expected)]
        distrust(expected, after[inside])
        self._count(expected, got, events[notice])

        told = ~detail
        rows = np.zeros(int(told.sum()), _ROW)
        rows["got"] = events[told]
        rows["expected"][closing[told]] = expected
        rows["expected"][notice[told]] = noticed(events["book"][notice])
        rows["update"][closing[told]] = numbers
        self._compare(np.concatenate([self._last, rows]))

    def finish(self) -> Verification:
        """Say what is missing after the last event, and return the result."""
        if len(self._pending):
            update = self._pending[0]
            self.result.note(
                f"{len(self._pending)} updates have no closing event; the first is update "
                f"{self._numbers[0]} ({UPDATE_KIND.name_of(int(update['kind']))}) of book "
                f"{update['book']}",
                len(self._pending),
            )
        if len(self._held):
            self.result.note(f"{len(self._held)} events of read-outs without a read_done")
        for book in self.model.unnoticed():
            self.result.note(f"book {book}: a level is too large, and the book is not invalid")
        for row in self._last[(self._last["got"]["flags"] & DEFERRED) != 0]:
            self.result.note(f"book {row['got']['book']}: a deferred side was never resolved")
        return self.result

    def _check_sequence(self, events: Events) -> None:
        expected = np.arange(self._sequence, self._sequence + len(events), dtype=np.uint64)
        jumps = np.flatnonzero(np.diff(events["sequence"] - expected, prepend=np.uint64(0)))
        if len(jumps):
            at = jumps[0]
            self.result.note(
                f"sequence expected {expected[at]}, got {events['sequence'][at]}", len(jumps)
            )
        if len(events):
            self._sequence = int(events["sequence"][-1]) + 1

    def _drop_unasked(self, events: Events) -> tuple[Events, Mask]:
        """Put aside the events that have no update and those that more must follow.

        Return the others, and which of them are closing events. ``events`` are sorted by book.
        """
        book, detail, notice = events["book"], is_detail(events), is_notice(events)
        closing = ~detail & ~notice & (events["kind"] != EVENT_KIND.resolved)
        through = np.cumsum(closing)
        rank = through - closing
        rank = rank - rank[np.searchsorted(book, book)]
        due = np.bincount(self._pending["book"], minlength=1 << 16)[book]
        unasked = closing & (rank >= due)
        for event in events[unasked]:
            self.result.note(f"book {event['book']}: a closing event without an update")
        # After the last closing event of a book: a read-out that has not ended, and a notice that
        # may turn out to lie within one.
        last = ~closing & (through == through[np.searchsorted(book, book, side="right") - 1])
        awaits = np.zeros(1 << 16, np.bool_)
        awaits[book[last & (detail | (notice & (rank < due)))]] = True
        held = last & awaits[book]
        self._held = events[held]
        keep = ~(unasked | held)
        return events[keep], closing[keep]

    def _expect(
        self, got: Events, books: NDArray[np.uint16], after: NDArray[np.intp]
    ) -> tuple[Events, NDArray[np.int64]]:
        """Run the model on the updates of these closing events.

        ``books`` are those found invalid by an event without an update, each ``after`` one of the
        closing events, or -1. Return the model's events sorted by book, and the number of each
        update in the order of ``got``.
        """
        pending = self._pending
        by_book = np.argsort(pending["book"], kind="stable")
        book = pending["book"][by_book]
        rank = np.arange(len(book)) - np.searchsorted(book, book)
        come = np.bincount(got["book"], minlength=1 << 16)
        chosen = by_book[rank < come[book]]  # in the order of got
        in_order = np.sort(chosen)
        place = np.searchsorted(in_order, chosen)
        full = place[got["error"] == ERROR.table_full]
        overflows = place[got["error"] == ERROR.level_overflow]
        cuts = np.concatenate([place, [-1]])[after] + 1
        parts, start = [], 0
        for at in [*np.argsort(cuts, kind="stable").tolist(), None]:
            end = len(in_order) if at is None else int(cuts[at])
            parts.append(
                self.model.run(
                    pending[in_order[start:end]],
                    frozenset((full - start).tolist()),
                    frozenset((overflows - start).tolist()),
                )
            )
            start = end
            if at is not None:
                self._distrust(int(books[at]))
        expected = np.concatenate(parts)
        numbers = self._numbers[chosen]
        self._pending = np.delete(pending, chosen)
        self._numbers = np.delete(self._numbers, chosen)
        return expected[np.argsort(expected["book"], kind="stable")], numbers

    def _distrust(self, book: int) -> None:
        """Let the device find a level of a book too large, if one is or was."""
        if book >= self.model.parameters.books or not self.model.distrust(book):
            self.result.note(f"book {book}: level_overflow, but no level was too large")

    def _compare_read_outs(
        self, expected: Events, got: Events, numbers: NDArray[np.int64], broken: NDArray[np.intp]
    ) -> None:
        """Compare the events before each closing event. Both arrays are sorted by book."""
        ends = [np.flatnonzero(~is_detail(events)) for events in (expected, got)]
        starts = [np.concatenate([[-1], end[:-1]]) + 1 for end in ends]
        reads = expected["kind"][ends[0]] == EVENT_KIND.read_done
        listed = ends[1] > starts[1]
        for k in np.flatnonzero(reads | listed):
            self.result.read_outs += int(reads[k])
            wanted = expected[starts[0][k] : ends[0][k]]
            listing = got[starts[1][k] : ends[1][k]]
            if read_out_differs(wanted, listing, broken=bool((broken == k).any())):
                self.result.note(
                    f"book {got['book'][ends[1][k]]}, update {numbers[k]}: read-out differs: "
                    f"expected {len(wanted)} events, got {len(listing)}"
                )

    def _count(self, expected: Events, got: Events, notices: Events) -> None:
        result = self.result
        full = ERROR.table_full
        result.capacity += int(((got["error"] == full) & (expected["error"] == full)).sum())
        result.notices += len(notices)
        got = np.concatenate([got, notices])
        error = got["error"]
        harmless = np.isin(error, (ERROR.none, ERROR.book_invalid, ERROR.bad_kind))
        result.invalidations += int((((got["flags"] & INVALID) != 0) & ~harmless).sum())
        for code, count in enumerate(np.bincount(error)):
            if code != ERROR.none and count:
                name = ERROR.name_of(code)
                result.errors[name] = result.errors.get(name, 0) + int(count)
        for flag in (BID_DEFERRED, ASK_DEFERRED):
            result.deferred += int(((got["flags"] & flag) != 0).sum())

    def _compare(self, rows: NDArray[np.void]) -> None:
        """Compare closing and ``resolved`` events; keep the last of each book for the next call."""
        rows = rows[np.argsort(rows["got"]["book"], kind="stable")]
        if not len(rows):
            return
        got, fresh = rows["got"], ~rows["compared"]
        resolved = fresh & (got["kind"] == EVENT_KIND.resolved)
        # A resolved event repeats the closing event before it; a notice follows one.
        places = np.arange(len(rows))
        source = np.maximum.accumulate(np.where(resolved, 0, places))
        rows["expected"] = rows["expected"][source]
        source = np.maximum.accumulate(np.where(resolved | is_notice(got), 0, places))
        rows["update"] = rows["update"][source]
        same_book = np.concatenate([[False], got["book"][1:] == got["book"][:-1]])
        due = np.where(same_book, np.roll(got["flags"], 1) & DEFERRED, 0).astype(np.uint16)

        expected = rows["expected"].copy()
        restate(expected, resolved)
        open_to = (expected["kind"] == EVENT_KIND.best) & ((expected["flags"] & INVALID) == 0)
        may = np.where(resolved, due, np.where(open_to, DEFERRED, 0)).astype(np.uint16)
        defer_like(expected, got, may)
        wrong = fresh & differs(expected, got)
        unasked = resolved & (due == 0)
        timed = fresh & (resolved | is_notice(got)) & (got["latency"] != 0)
        self.result.compared += int(fresh.sum())
        self.result.resolved += int(resolved.sum())
        for at in self.result.first_of(np.flatnonzero(wrong | unasked | timed)):
            words = [describe(expected[at], got[at])] if wrong[at] else []
            if unasked[at]:
                words.append("resolved without a deferred side")
            if timed[at]:
                words.append(f"latency expected 0, got {got['latency'][at]}")
            where = f"book {got['book'][at]}, update {rows['update'][at]}"
            self.result.note(f"{where}: {'; '.join(words)}")

        self._time_deferrals(rows, same_book)
        last = np.concatenate([got["book"][1:] != got["book"][:-1], [True]])
        self._last = rows[last]
        self._last["compared"] = True
        invalid = (self._last["got"]["flags"] & INVALID) != 0
        self.result.invalid_books = tuple(self._last["got"]["book"][invalid].tolist())

    def _time_deferrals(self, rows: NDArray[np.void], same_book: Mask) -> None:
        """Note each side that stayed deferred for longer than the bound. Rows sorted by book."""
        bound = self.model.parameters.deferred_bound
        for waited in deferral_times(rows, same_book):
            self.result.deferred_longest = max(self.result.deferred_longest, int(waited.max()))
            for at in self.result.first_of(np.flatnonzero(waited > bound)):
                self.result.note(
                    f"book {rows['got']['book'][at]}, update {rows['update'][at]}: a side was "
                    f"deferred for {waited[at]} cycles, expected at most {bound}"
                )
