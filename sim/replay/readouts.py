"""Bring each read-out's events back to who asked for it."""

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hw.records import EVENT_FLAG, EVENT_KIND
from sim.replay.depth import Level

__all__ = ["Handler", "Readouts", "ignore"]

Handler = Callable[[list[Level], list[Level], bool], None]
"""Called with bids and offers, best first, and whether the book was valid."""

_FIELDS: Final = [
    "book", "kind", "flags", "bid_tick", "bid_quantity", "ask_tick", "ask_quantity",
]  # fmt: skip


def ignore(bids: list[Level], asks: list[Level], valid: bool) -> None:
    """Handle a read-out that nobody waits for."""


class Readouts:
    """Match level events with requests: closing events of one book come in the order sent.

    Attributes
    ----------
    pending : int
        Read-outs that were asked for and are not done.
    """

    def __init__(self) -> None:
        self.pending = 0
        self._waiting: defaultdict[int, deque[Handler]] = defaultdict(deque)
        self._levels: defaultdict[int, tuple[list[Level], list[Level]]] = defaultdict(
            lambda: ([], [])
        )

    def expect(self, book: int, handler: Handler) -> None:
        """Note that a read-out of ``book`` is sent, in the order of sending."""
        self._waiting[book].append(handler)
        self.pending += 1

    def take(self, events: NDArray[np.void]) -> None:
        """Call the handler of each read-out that these events complete.

        Raises
        ------
        ValueError
            If a read-out ends that nobody asked for.
        """
        kinds = events["kind"]
        mine = events[(kinds == EVENT_KIND.level) | (kinds == EVENT_KIND.read_done)]
        has_bid, has_ask = 1 << EVENT_FLAG.bid, 1 << EVENT_FLAG.ask
        for book, kind, flags, bid, bid_quantity, ask, ask_quantity in mine[_FIELDS].tolist():
            if kind == EVENT_KIND.read_done:
                self._done(book, not flags >> EVENT_FLAG.invalid & 1)
                continue
            bids, asks = self._levels[book]
            if flags & has_bid:
                bids.append((bid, bid_quantity))
            if flags & has_ask:
                asks.append((ask, ask_quantity))

    def _done(self, book: int, valid: bool) -> None:
        if not self._waiting[book]:
            raise ValueError(f"the device ended a read-out of book {book} that was not asked for")
        self.pending -= 1
        self._waiting[book].popleft()(*self._levels.pop(book, ([], [])), valid)
