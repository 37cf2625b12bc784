"""The engine and the plain one side by side, given the same and compared."""

import random
from typing import Any

from host.wire.ouch50.codes import SelfMatch, TimeInForce
from sim.exchange.engine import Listing, MatchingEngine
from sim.exchange.orders import (
    BUY,
    SELL,
    Accepted,
    Canceled,
    Event,
    Modified,
    NewOrder,
    Order,
    Prevented,
    Rejected,
    Replaced,
    Rested,
    StateChanged,
    Traded,
)
from tests.sim.exchange.plain_engine import PlainEngine

__all__ = ["INCREMENTS", "LISTINGS", "Pair", "drawn"]

INCREMENTS = [1, 5]
LISTINGS = [Listing(symbol=f"S{i}", increment=step) for i, step in enumerate(INCREMENTS)]


def plain(event: Event) -> tuple[Any, ...]:
    """Return an event as the plain engine tells it, but for open shares at that moment."""
    match event:
        case Accepted(order):
            return ("accepted", order.number)
        case Rejected(_, reason):
            return ("rejected", reason.name)
        case Traded(maker, taker, price, quantity, match_number):
            return ("traded", maker.number, taker.number, price, quantity, match_number)
        case Rested(order):
            return ("rested", order.number)
        case Canceled(order, quantity, reason, rested):
            return ("canceled", order.number, quantity, reason.name, rested)
        case Prevented(order, quantity, price):
            return ("prevented", order.number, quantity, price)
        case Replaced(old, order, whole):
            return ("replaced", old.number, order.number, whole)
        case Modified(order, quantity):
            return ("modified", order.number, quantity)
        case _:
            raise AssertionError(event)


def without_open(event: tuple[Any, ...]) -> tuple[Any, ...]:
    """Leave out the open shares, which the engine's events have in their order."""
    keep = {"accepted": (0, 1), "rested": (0, 1), "replaced": (0, 1, 2, 4)}.get(event[0])
    return tuple(event[i] for i in keep) if keep else event


def asked_of(asked: dict[str, Any]) -> NewOrder:
    return NewOrder(
        account=0,
        book=asked["book"],
        side=BUY if asked["side"] == "buy" else SELL,
        price=asked["price"],
        quantity=asked["quantity"],
        time_in_force=TimeInForce[asked["time"]],
        post_only=asked["post_only"],
        firm=asked["firm"],
        self_match=SelfMatch[asked["self_match"]],
        hidden=asked["hidden"],
    )


class Pair:
    """The engine and the plain one, given the same."""

    def __init__(self) -> None:
        self.engine = MatchingEngine(LISTINGS)
        self.plain = PlainEngine(INCREMENTS)
        self.orders: dict[int, Order] = {}
        self.step(("session", "regular"))

    def step(self, step: tuple[Any, ...]) -> None:
        """Do one step with both and compare all that they say and hold."""
        self.plain.events.clear()
        events = self.do(step)
        for event in events:
            if isinstance(event, Accepted | Replaced):
                self.orders[event.order.number] = event.order
        assert [plain(e) for e in events] == [without_open(e) for e in self.plain.events]
        self._compare_books()

    def do(self, step: tuple[Any, ...]) -> list[Event]:
        """Do one step with both and return what the engine says."""
        match step:
            case ("enter", asked):
                self.plain.enter(asked)
                return self.engine.enter(asked_of(asked))
            case ("state", book, state):
                (self.plain.halted.add if state == "H" else self.plain.halted.discard)(book)
                assert self.engine.set_state(book, state) == [StateChanged(book, state, "")]
                return []
            case ("session", session):
                self.plain.set_session(session)
                return self.engine.set_session(session)
        resting = self.engine.open_orders()
        if not resting:
            return []
        order = resting[step[1] % len(resting)]
        other = self.plain.orders[order.number - 1]
        match step:
            case ("replace", _, asked):
                asked = {**asked, "book": other.asked["book"], "side": other.asked["side"]}
                self.plain.replace(other, asked)
                return self.engine.replace(order, asked_of(asked))
            case ("cancel", _, size):
                self.plain.cut(other, size, "USER")
                return self.engine.cancel(order, size)
            case (_, _, size):
                self.plain.modify(other, size)
                return self.engine.modify(order, size)
        raise AssertionError(step)

    def _compare_books(self) -> None:
        for book in range(len(LISTINGS)):
            for side, name in ((BUY, "buy"), (SELL, "sell")):
                levels = self.engine.books[book].sides[side].ranked()
                held = [(o.number, o.open) for level in levels for o in level.ranked()]
                assert held == [(o.number, o.left) for o in self.plain.resting(book, name)]
                for level in levels:
                    assert level.total == sum(o.open for o in level.orders.values())


def drawn(rng: random.Random) -> tuple[Any, ...]:
    """Return a random step; orders lie close together, so that most of them meet others."""
    book = rng.randrange(2)
    price = INCREMENTS[book] * rng.randrange(10, 21)
    asked = {
        "book": book,
        "side": rng.choice(["buy", "sell"]),
        "price": price if rng.random() < 0.98 else rng.choice([0, 2**31, price + 1]),
        "quantity": rng.randrange(1, 10) if rng.random() < 0.98 else rng.choice([0, 10**6]),
        "time": rng.choice(["DAY"] * 6 + ["IMMEDIATE", "EXTENDED"]),
        "post_only": rng.random() < 0.2,
        "firm": rng.choice("AB"),
        "hidden": rng.random() < 0.2,
        "self_match": rng.choice([s.name for s in SelfMatch] + ["DISABLED"] * 5),
    }
    kind = rng.choices(
        ["enter", "replace", "cancel", "modify", "state", "session"], [50, 15, 15, 10, 5, 2]
    )[0]
    match kind:
        case "enter":
            return (kind, asked)
        case "replace":
            return (kind, rng.randrange(1000), asked)
        case "state":
            return (kind, rng.randrange(2), rng.choice("HTTTTTTT"))
        case "session":
            return (kind, rng.choice(["regular"] * 12 + ["extended"] * 4 + ["closed"]))
        case _:
            return (kind, rng.randrange(1000), rng.randrange(10))
