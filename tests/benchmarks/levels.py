"""Market updates as changes of levels: what an order book without orders is fed with."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hw.records import UPDATE_KIND

__all__ = ["CLEARED", "Change", "Levels"]

CLEARED = 2  # side of a change that empties the book


class Change(NamedTuple):
    """One level is now so large.

    Attributes
    ----------
    book, side, tick, quantity : int
        The level, and what rests there now [lots]; 0 where it is gone. ``side`` may be
        ``CLEARED``.
    """

    book: int
    side: int
    tick: int
    quantity: int


class Levels:
    """Follow the orders of a feed without errors, and say what each update does to the levels."""

    def __init__(self) -> None:
        self._orders: dict[tuple[int, int], tuple[int, int, int]] = {}  # side, tick, quantity
        self._levels: dict[tuple[int, int, int], int] = {}

    def changes(self, updates: NDArray[np.void]) -> list[list[Change]]:
        """Return the changes that each update makes, in order; none, one or two an update.

        Raises
        ------
        ValueError
            If an update is one that only a faulty feed sends.
        """
        return [list(self._of(update)) for update in updates.tolist()]

    def _of(self, update: tuple[int, ...]) -> Iterable[Change]:
        book, kind, side, _, order_id, new_id, tick, quantity, _ = update
        key = (book, order_id)
        if kind == UPDATE_KIND.clear:
            self._orders = {k: v for k, v in self._orders.items() if k[0] != book}
            self._levels = {k: v for k, v in self._levels.items() if k[0] != book}
            yield Change(book, CLEARED, 0, 0)
        elif kind == UPDATE_KIND.add:
            yield self._rest(key, side & 1, tick, quantity)
        elif kind == UPDATE_KIND.set:
            if key in self._orders:
                yield self._reduce(key, self._orders[key][2] - quantity)
            elif quantity:
                yield self._rest(key, side & 1, tick, quantity)
        elif kind in (UPDATE_KIND.execute, UPDATE_KIND.reduce):
            yield self._reduce(key, quantity)
        elif kind == UPDATE_KIND.delete:
            yield self._reduce(key, self._known(key)[2])
        elif kind == UPDATE_KIND.replace:
            old_side, _, old_quantity = self._known(key)
            yield self._reduce(key, old_quantity)
            yield self._rest((book, new_id), old_side, tick, quantity)
        elif kind not in (UPDATE_KIND.trade, UPDATE_KIND.status):
            raise ValueError(f"a benchmark has no {UPDATE_KIND.name_of(kind)} updates")

    def _known(self, key: tuple[int, int]) -> tuple[int, int, int]:
        if key not in self._orders:
            raise ValueError(f"book {key[0]} has no order {key[1]}")
        return self._orders[key]

    def _rest(self, key: tuple[int, int], side: int, tick: int, quantity: int) -> Change:
        self._orders[key] = (side, tick, quantity)
        return self._change(key[0], side, tick, quantity)

    def _reduce(self, key: tuple[int, int], quantity: int) -> Change:
        side, tick, before = self._known(key)
        if quantity == before:
            del self._orders[key]
        else:
            self._orders[key] = (side, tick, before - quantity)
        return self._change(key[0], side, tick, -quantity)

    def _change(self, book: int, side: int, tick: int, delta: int) -> Change:
        level = (book, side, tick)
        now = self._levels.get(level, 0) + delta
        if now:
            self._levels[level] = now
        else:
            self._levels.pop(level, None)
        return Change(book, side, tick, now)
