"""A book as its venue keeps it: the resting orders, and the best of each side."""

from heapq import heapify, heappop, heappush
from itertools import chain, count, repeat
from typing import Final

from hw.records import SIDE

__all__ = ["Clock", "Resting", "VenueBook"]

# Attribute look-ups on ``Codes`` are slow; these are needed for every update.
_ASK: Final = SIDE.ask

_FIRST_REFERENCE: Final = 1024  # smaller ids are never given out
_STALE_ENTRIES: Final = 64  # below this a heap is not worth cleaning


class Clock:
    """Time of the feed, and the order references that a venue gives out.

    Parameters
    ----------
    now : int
        Time of the first update [ns].
    id_bits : int
        Width of the references [bits]; they start again at the bottom.

    Attributes
    ----------
    now : int
        Time of the last update [ns].
    references : iterator of int
        Order references: rising, as those of a venue.
    """

    def __init__(self, now: int, *, id_bits: int) -> None:
        self.now = now
        ids = range(_FIRST_REFERENCE, 1 << id_bits)
        self.references = chain.from_iterable(repeat(ids))


class Resting:
    """One resting order; ``place`` is its index in ``VenueBook.live``, or -1."""

    __slots__ = ("order_id", "place", "quantity", "side", "tick")

    def __init__(self, order_id: int, side: int, tick: int, quantity: int) -> None:
        self.order_id = order_id
        self.side = side
        self.tick = tick
        self.quantity = quantity
        self.place = -1


class VenueBook:
    """The resting orders of one book.

    Attributes
    ----------
    live : list of Resting
        The resting orders, roughly the oldest first.
    """

    def __init__(self) -> None:
        self.live: list[Resting] = []
        self._heaps: tuple[list[tuple[int, int, Resting]], ...] = ([], [])
        self._entries = count()

    def enter(self, order: Resting) -> None:
        """Let an order rest."""
        order.place = len(self.live)
        self.live.append(order)
        heap = self._heaps[order.side]
        key = order.tick if order.side == _ASK else -order.tick
        heappush(heap, (key, next(self._entries), order))
        if len(heap) > 2 * len(self.live) + _STALE_ENTRIES:
            heap[:] = [entry for entry in heap if entry[2].place >= 0]
            heapify(heap)

    def leave(self, order: Resting) -> None:
        """Let a resting order leave."""
        last = self.live.pop()
        if last is not order:
            self.live[order.place] = last
            last.place = order.place
        order.place = -1

    def best(self, side: int) -> Resting | None:
        """Return the oldest order at the best price of a side."""
        heap = self._heaps[side]
        while heap:
            order = heap[0][2]
            if order.place >= 0:
                return order
            heappop(heap)
        return None

    def pick(self, u: float) -> Resting:
        """Return a resting order for a uniform number in [0, 1), young ones more often."""
        return self.live[int(len(self.live) * (1 - u * u)) - 1]
