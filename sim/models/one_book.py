"""One book of the reference model: a dict of orders and a dict of levels per side."""

from typing import Final

from hw.records import SIDE
from sim.models.book_event import ASK, BID, CROSSED, INVALID
from sim.models.levels import Level, Levels

__all__ = ["STATE_FIELDS", "Book", "Order", "State"]

Order = tuple[int, int, int]  # side, tick [ticks], quantity [lots]

STATE_FIELDS: Final = (
    "bid_tick", "bid_quantity", "ask_tick", "ask_quantity", "bid_count", "ask_count", "flags",
    "error",
)  # fmt: skip
State = tuple[int, int, int, int, int, int, int, int]  # in the order of STATE_FIELDS


class Book:
    """One book.

    Attributes
    ----------
    orders : dict of int to tuple
        ``order_id -> (side, tick, quantity)`` of every resting order.
    sides : tuple of Levels
        The levels of bid and ask, by the codes of ``hw.records.SIDE``.
    valid, complete : bool
        Whether the book can be trusted, and whether an unknown id is a contradiction.
    oversized : bool
        Whether a level has exceeded its bits since the book was cleared.
    """

    __slots__ = ("complete", "orders", "oversized", "sides", "valid")

    def __init__(self) -> None:
        self.clear(complete=False)

    def clear(self, *, complete: bool) -> None:
        """Empty the book and trust it from here on."""
        self.orders: dict[int, Order] = {}
        self.sides = (Levels(SIDE.bid), Levels(SIDE.ask))
        self.valid = True
        self.complete = complete
        self.oversized = False

    def best(self, side: int) -> Level | None:
        """Return tick, quantity and count of the best level of a side, or None."""
        level = self.sides[side].best()
        return level if level[2] else None

    def levels(self, side: int, n: int | None = None) -> list[Level]:
        """Return the best ``n`` levels of a side, or all: tick, quantity, count, best first."""
        return self.sides[side].ranked(n)

    def rest(self, order_id: int, side: int, tick: int, quantity: int) -> None:
        """Let a new order rest."""
        self.orders[order_id] = (side, tick, quantity)
        self.sides[side].add(tick, quantity)

    def leave(self, order_id: int) -> None:
        """Remove a resting order."""
        side, tick, quantity = self.orders.pop(order_id)
        self.sides[side].remove(tick, quantity)

    def resize(self, order_id: int, quantity: int) -> None:
        """Give a resting order another quantity; at 0 it leaves."""
        if not quantity:
            self.leave(order_id)
            return
        side, tick, before = self.orders[order_id]
        self.orders[order_id] = (side, tick, quantity)
        self.sides[side].change(tick, quantity - before)

    def state(self, error: int) -> State:
        """Return the fields of a closing event that depend on the book."""
        if not self.valid:
            return (0, 0, 0, 0, 0, 0, INVALID, error)
        bid_tick, bid_quantity, bid_count = self.sides[0].best()
        ask_tick, ask_quantity, ask_count = self.sides[1].best()
        flags = (BID if bid_count else 0) | (ASK if ask_count else 0)
        if bid_tick >= ask_tick and flags == BID | ASK:
            flags |= CROSSED
        return (
            bid_tick, bid_quantity, ask_tick, ask_quantity, bid_count, ask_count, flags, error,
        )  # fmt: skip
