"""Matching as plainly as can be: one list of orders, searched from end to end each time."""

from dataclasses import dataclass
from typing import Any

__all__ = ["PlainEngine", "PlainOrder"]

MAX_QUANTITY = 999_999
MAX_PRICE = 1_999_999_900


@dataclass
class PlainOrder:
    """One order that was ever accepted; ``place`` is its time priority."""

    number: int
    asked: dict[str, Any]
    left: int
    done: int
    place: int = -1  # not on the book


class PlainEngine:
    """What the documentation says, step by step; events are tuples of plain values."""

    def __init__(self, increments: list[int]) -> None:
        self.increments = increments
        self.orders: list[PlainOrder] = []
        self.halted: set[int] = set()
        self.session = "closed"
        self.after_hours = False
        self.matches = 0
        self.clock = 0
        self.events: list[tuple[Any, ...]] = []

    def resting(self, book: int, side: str) -> list[PlainOrder]:
        """Return a side's orders, the first to trade first."""
        found = [
            o
            for o in self.orders
            if o.place >= 0 and o.asked["book"] == book and o.asked["side"] == side
        ]
        sign = -1 if side == "buy" else 1
        return sorted(found, key=lambda o: (sign * o.asked["price"], o.asked["hidden"], o.place))

    def refusal(self, asked: dict[str, Any]) -> str | None:
        """Return why an order is not taken, or None."""
        if self.session == "closed":
            return "DESTINATION_CLOSED"
        if asked["book"] in self.halted:
            return "HALTED"
        if not 1 <= asked["quantity"] <= MAX_QUANTITY:
            return "INVALID_QUANTITY"
        if not 1 <= asked["price"] <= MAX_PRICE:
            return "INVALID_PRICE"
        if asked["price"] % self.increments[asked["book"]] != 0:
            return "INVALID_PRICE"
        return None

    def enter(self, asked: dict[str, Any]) -> None:
        """Take a new order."""
        reason = self.refusal(asked)
        if reason:
            self.events.append(("rejected", reason))
            return
        order = self.accept(asked, asked["quantity"], 0)
        self.events.append(("accepted", order.number, order.left))
        self.work(order)

    def replace(self, old: PlainOrder, asked: dict[str, Any]) -> None:
        """Put another order in the place of a resting one."""
        reason = self.refusal(asked)
        if reason in ("DESTINATION_CLOSED", "HALTED"):
            self.events.append(("rejected", reason))
        elif reason or asked["quantity"] <= old.done:
            self.cut(old, 0, "USER")
        else:
            old.left, old.place = 0, -1
            order = self.accept(asked, asked["quantity"] - old.done, old.done)
            before = len(self.events)
            self.events.append(("replaced", old.number, order.number, order.left))
            self.work(order)
            whole = self.events[before + 1 :] == [("rested", order.number, order.left)]
            if whole:
                self.events.pop()
            self.events[before] += (whole,)

    def accept(self, asked: dict[str, Any], left: int, done: int) -> PlainOrder:
        """Give an order its number."""
        order = PlainOrder(len(self.orders) + 1, asked, left, done)
        self.orders.append(order)
        return order

    def work(self, order: PlainOrder) -> None:
        """Let an order trade, rest or leave."""
        asked = order.asked
        other = "sell" if asked["side"] == "buy" else "buy"

        def first() -> PlainOrder | None:
            for maker in self.resting(asked["book"], other)[:1]:
                price = maker.asked["price"]
                ok = price <= asked["price"] if other == "sell" else price >= asked["price"]
                return maker if ok else None
            return None

        if self.after_hours and asked["time"] == "DAY":
            self.drop(order, "CLOSED")
        elif asked["post_only"] and first():
            self.drop(order, "POST_ONLY")
        while order.left and (maker := first()):
            self.meet(maker, order)
        if order.left and asked["time"] == "IMMEDIATE":
            self.drop(order, "IMMEDIATE")
        if order.left:
            self.clock += 1
            order.place = self.clock
            self.events.append(("rested", order.number, order.left))

    def meet(self, maker: PlainOrder, taker: PlainOrder) -> None:
        """Let two orders trade, or pass each other."""
        size = min(maker.left, taker.left)
        price = maker.asked["price"]
        how = taker.asked["self_match"]
        if how != "DISABLED" and maker.asked["firm"] == taker.asked["firm"]:
            if how == "CANCEL_NEWEST":
                self.drop(taker, "SELF_MATCH")
            elif how == "CANCEL_OLDEST":
                self.cut(maker, 0, "SELF_MATCH")
            else:
                self.lose(maker, size)
                self.lose(taker, size)
                self.events.append(("prevented", maker.number, size, price))
                self.events.append(("prevented", taker.number, size, price))
            return
        self.lose(maker, size)
        self.lose(taker, size)
        maker.done += size
        taker.done += size
        self.matches += 1
        self.events.append(("traded", maker.number, taker.number, price, size, self.matches))

    def lose(self, order: PlainOrder, size: int) -> None:
        """Take shares; an order without any is off the book."""
        order.left -= size
        if order.left == 0:
            order.place = -1

    def drop(self, order: PlainOrder, reason: str) -> None:
        """Cancel an order that never rested."""
        self.events.append(("canceled", order.number, order.left, reason, False))
        order.left = 0

    def cut(self, order: PlainOrder, size: int, reason: str) -> None:
        """Leave an order at most ``size`` shares in all."""
        target = max(size - order.done, 0)
        if target < order.left:
            self.events.append(("canceled", order.number, order.left - target, reason, True))
            self.lose(order, order.left - target)

    def modify(self, order: PlainOrder, size: int) -> None:
        """Cut an order, or leave it as it is."""
        target = max(size - order.done, 0)
        if target <= order.left:
            self.events.append(("modified", order.number, order.left - target))
            self.lose(order, order.left - target)

    def set_session(self, session: str) -> None:
        """Open or close."""
        ends = self.session == "regular" and session != "regular"
        for book in range(len(self.increments)):
            for side in ("buy", "sell"):
                for order in self.resting(book, side):
                    if session == "closed" or (ends and order.asked["time"] == "DAY"):
                        self.cut(order, 0, "TIMEOUT")
        if ends:
            self.after_hours = True
        elif session != "extended":
            self.after_hours = False
        self.session = session
