"""The price levels of one side of a book: the plain reference."""

from heapq import heapify, heappop, heappush
from typing import Final

from hw.records import SIDE

__all__ = ["NO_LEVEL", "Level", "Levels"]

Level = tuple[int, int, int]  # tick [ticks], quantity [lots], count [orders]

NO_LEVEL: Final[Level] = (0, 0, 0)
_STALE_KEYS: Final = 64  # below this a heap is not worth cleaning


class Levels:
    """Quantity and order count of every tick of one side, and the best of them.

    ``by_tick`` is the truth. The heap only finds the best quickly: it holds the key of every
    level, and keys of levels that are gone, which are dropped when they come to the top.

    Parameters
    ----------
    side : int
        Code of ``hw.records.SIDE``.

    Attributes
    ----------
    by_tick : dict of int to list of int
        ``tick -> [quantity, count]`` of every level that holds an order.
    """

    __slots__ = ("_heap", "_sign", "by_tick")

    def __init__(self, side: int) -> None:
        self._sign = 1 if side == SIDE.ask else -1  # smaller key, better price
        self._heap: list[int] = []
        self.by_tick: dict[int, list[int]] = {}

    def __len__(self) -> int:
        """Return the number of levels."""
        return len(self.by_tick)

    def at(self, tick: int) -> tuple[int, int]:
        """Return quantity [lots] and count [orders] at a tick; 0 and 0 where there is no level."""
        level = self.by_tick.get(tick)
        return (level[0], level[1]) if level else (0, 0)

    def add(self, tick: int, quantity: int) -> None:
        """Let one more order of ``quantity`` rest at ``tick``."""
        level = self.by_tick.get(tick)
        if level:
            level[0] += quantity
            level[1] += 1
            return
        self.by_tick[tick] = [quantity, 1]
        if len(self._heap) > 2 * len(self.by_tick) + _STALE_KEYS:
            self._heap = [self._sign * t for t in self.by_tick]
            heapify(self._heap)
        else:
            heappush(self._heap, self._sign * tick)

    def change(self, tick: int, delta: int) -> None:
        """Change the quantity of an order at ``tick`` by ``delta``; the order stays."""
        self.by_tick[tick][0] += delta

    def remove(self, tick: int, quantity: int) -> None:
        """Take an order of ``quantity`` away from ``tick``."""
        level = self.by_tick[tick]
        level[0] -= quantity
        level[1] -= 1
        if not level[1]:
            del self.by_tick[tick]

    def best(self) -> Level:
        """Return the best level, or ``NO_LEVEL`` where there is none."""
        heap, by_tick = self._heap, self.by_tick
        while heap:
            tick = self._sign * heap[0]
            level = by_tick.get(tick)
            if level:
                return tick, level[0], level[1]
            heappop(heap)
        return NO_LEVEL

    def ranked(self, n: int | None = None) -> list[Level]:
        """Return the best ``n`` levels, or all of them, best first."""
        ticks = sorted(self.by_tick, reverse=self._sign < 0)[:n]
        return [(tick, *self.at(tick)) for tick in ticks]
