"""The resting orders of one instrument, by price and then by time."""

from collections import OrderedDict
from heapq import heapify, heappop, heappush
from typing import Final

from sim.exchange.orders import BUY, Order

__all__ = ["Book", "BookSide", "Level"]

_STALE_PRICES: Final = 64  # below this a heap is not worth cleaning


class Level:
    """The orders at one price.

    Attributes
    ----------
    price : int
        Of all of them [0.0001].
    total : int
        Open shares that are shown.
    orders, hidden : OrderedDict of int to Order
        Those that are shown and those that are not, by number, oldest first.
    """

    __slots__ = ("hidden", "orders", "price", "total")

    def __init__(self, price: int) -> None:
        self.price = price
        self.total = 0
        self.orders: OrderedDict[int, Order] = OrderedDict()
        self.hidden: OrderedDict[int, Order] = OrderedDict()

    def first(self) -> Order:
        """Return the order that trades first."""
        return next(iter((self.orders or self.hidden).values()))

    def ranked(self) -> list[Order]:
        """Return all orders, the first to trade first."""
        return [*self.orders.values(), *self.hidden.values()]


class BookSide:
    """One side of a book.

    Parameters
    ----------
    side : int
        ``BUY`` or ``SELL``.
    """

    __slots__ = ("_heap", "levels", "sign")

    def __init__(self, side: int) -> None:
        self.sign = -1 if side == BUY else 1
        self.levels: dict[int, Level] = {}
        self._heap: list[int] = []  # prices times sign; may hold some that have no level

    def best(self) -> Level | None:
        """Return the level that trades first, or None."""
        heap, levels, sign = self._heap, self.levels, self.sign
        while heap:
            level = levels.get(heap[0] * sign)
            if level is not None:
                return level
            heappop(heap)
        return None

    def add(self, order: Order) -> None:
        """Let an order rest behind all of its price."""
        level = self.levels.get(order.price)
        if level is None:
            level = self.levels[order.price] = Level(order.price)
            heappush(self._heap, order.price * self.sign)
            if len(self._heap) > 2 * len(self.levels) + _STALE_PRICES:
                self._heap = [price * self.sign for price in self.levels]
                heapify(self._heap)
        if order.asked.hidden:
            level.hidden[order.number] = order
        else:
            level.orders[order.number] = order
            level.total += order.open
        order.resting = True

    def take(self, order: Order, quantity: int) -> None:
        """Take open shares from a resting order; with the last one it leaves."""
        level = self.levels[order.price]
        order.open -= quantity
        if order.asked.hidden:
            queue = level.hidden
        else:
            queue = level.orders
            level.total -= quantity
        if not order.open:
            del queue[order.number]
            order.resting = False
            if not level.orders and not level.hidden:
                del self.levels[order.price]

    def ranked(self) -> list[Level]:
        """Return all levels, the best first."""
        return sorted(self.levels.values(), key=lambda level: level.price * self.sign)


class Book:
    """Both sides of one instrument.

    Attributes
    ----------
    sides : tuple of BookSide
        By ``BUY`` and ``SELL``.
    """

    __slots__ = ("sides",)

    def __init__(self) -> None:
        self.sides = (BookSide(0), BookSide(1))

    def crosses(self, side: int, price: int) -> bool:
        """Say whether an order would trade at once."""
        best = self.sides[1 - side].best()
        return best is not None and (best.price <= price if side == BUY else best.price >= price)
