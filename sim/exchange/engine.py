"""Matching by price and time, for many instruments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from host.wire.ouch50.codes import (
    MAX_PRICE,
    MAX_QUANTITY,
    CancelReason,
    RejectReason,
    SelfMatch,
    TimeInForce,
)
from sim.exchange.book import Book
from sim.exchange.orders import (
    Accepted,
    Broken,
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

__all__ = ["CLOSED", "EXTENDED", "HALTED", "REGULAR", "TRADING", "Listing", "MatchingEngine"]

CLOSED: Final = "closed"  # no order is taken
EXTENDED: Final = "extended"  # before and after regular hours
REGULAR: Final = "regular"

TRADING: Final = "T"
HALTED: Final = "H"

_TRADES: Final = 10_000  # the latest ones are kept, to be broken
_DECREMENTS: Final = (SelfMatch.DECREMENT_BOTH, SelfMatch.DECREMENT_BOTH_TOLD)
_TIMES: Final = (TimeInForce.DAY, TimeInForce.IMMEDIATE, TimeInForce.EXTENDED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """An instrument.

    Attributes
    ----------
    symbol : str
        1 to 8 characters.
    increment : int
        Prices are multiples of it [0.0001].
    round_lot : int
        For the stock directory [shares].
    """

    symbol: str
    increment: int = 100
    round_lot: int = 100

    def __post_init__(self) -> None:
        if not 1 <= len(self.symbol) <= 8 or not self.symbol.isascii():
            raise ValueError(f"a symbol has 1 to 8 ASCII characters, not {self.symbol!r}")
        if self.increment < 1:
            raise ValueError(f"an increment is at least 1, not {self.increment}")


class MatchingEngine:
    """Match orders.

    An order trades with the best price of the other side first, at that order's price; there with
    orders that are shown before hidden ones, and among those with the oldest first. What is left
    rests, or is cancelled if it is immediate. An order keeps its place when it loses shares and
    loses it when it is replaced. Every call returns what it caused, in order; the same calls give
    the same events. A call about an order that is dead does nothing.

    Parameters
    ----------
    listings : sequence of Listing
        What is traded; a book's index is its place here.

    Attributes
    ----------
    index_of : dict of str to int
        A book's index by its symbol.
    books : list of Book
        By index.
    states : list of str
        ``TRADING`` or ``HALTED``, by index.
    session : str
        ``CLOSED``, ``EXTENDED`` or ``REGULAR``.
    trades : dict of int to Traded
        The latest 10,000 trades but those that were broken, by match number.
    """

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.listings = tuple(listings)
        self.index_of = {listing.symbol: i for i, listing in enumerate(self.listings)}
        self.books = [Book() for _ in self.listings]
        self.states = [TRADING] * len(self.listings)
        self.session = CLOSED
        self.trades: dict[int, Traded] = {}
        self._orders = 0
        self._matches = 0
        self._over = False  # regular hours were, and are no more

    def enter(self, asked: NewOrder) -> list[Event]:
        """Take a new order."""
        reason = self._refusal(asked)
        if reason is not None:
            return [Rejected(asked, reason)]
        order = self._order(asked, asked.quantity, 0)
        events: list[Event] = [Accepted(order)]
        self._place(order, events)
        return events

    def replace(self, old: Order, asked: NewOrder) -> list[Event]:
        """Put a new order in the place of an open one.

        The new quantity counts what the chain has traded already. If it is not valid, or leaves
        nothing to trade, the old order is cancelled. If orders are not taken now, nothing changes.
        """
        if not old.resting:
            return []
        reason = self._refusal(asked)
        if reason in (RejectReason.DESTINATION_CLOSED, RejectReason.HALTED):
            return [Rejected(asked, reason)]
        if reason is not None or asked.quantity <= old.executed:
            return self.cancel(old)
        self.books[old.book].sides[old.side].take(old, old.open)
        order = self._order(asked, asked.quantity - old.executed, old.executed)
        whole = not self._moves(order)
        events: list[Event] = [Replaced(old, order, whole)]
        if whole:
            self.books[order.book].sides[order.side].add(order)
        else:
            self._place(order, events)
        return events

    def cancel(
        self, order: Order, size: int = 0, reason: CancelReason = CancelReason.USER
    ) -> list[Event]:
        """Cut an open order so that it trades at most ``size`` shares in all; 0 cancels it."""
        quantity = min(order.open, order.open + order.executed - size)
        if quantity <= 0:
            return []
        self.books[order.book].sides[order.side].take(order, quantity)
        return [Canceled(order, quantity, reason, rested=True)]

    def modify(self, order: Order, size: int) -> list[Event]:
        """Cut an open order as ``cancel`` does, told as a modification; also by no share."""
        quantity = min(order.open, order.open + order.executed - size)
        if quantity < 0 or not order.resting:
            return []
        if quantity:
            self.books[order.book].sides[order.side].take(order, quantity)
        return [Modified(order, quantity, rested=True)]

    def set_state(self, book: int, state: str, reason: str = "") -> list[Event]:
        """Halt an instrument or let it trade; while halted it takes cancels only."""
        if state not in (TRADING, HALTED):
            raise ValueError(f"a state is {TRADING} or {HALTED}, not {state!r}")
        self.states[book] = state
        return [StateChanged(book, state, reason)]

    def set_session(self, session: str) -> list[Event]:
        """Open or close; when regular hours end, day orders end, and with the rest all orders."""
        events: list[Event] = []
        ended = self.session == REGULAR and session != REGULAR
        if ended or session == CLOSED:
            for order in self.open_orders():
                if session == CLOSED or order.asked.time_in_force is TimeInForce.DAY:
                    events += self.cancel(order, reason=CancelReason.TIMEOUT)
        self.session = session
        self._over = ended or (self._over and session == EXTENDED)
        return events

    def break_trade(self, match: int, reason: str = "S") -> list[Event]:
        """Undo a trade: both sides are told, the books stay as they are."""
        trade = self.trades.pop(match, None)
        return [] if trade is None else [Broken(trade, reason)]

    def open_orders(self) -> list[Order]:
        """Return all resting orders: by book, buys first, in priority."""
        return [
            order
            for book in self.books
            for side in book.sides
            for level in side.ranked()
            for order in level.ranked()
        ]

    def _order(self, asked: NewOrder, quantity: int, executed: int) -> Order:
        self._orders += 1
        return Order(self._orders, asked, quantity, executed)

    def _refusal(self, asked: NewOrder) -> RejectReason | None:
        """Return why an order cannot be taken, or None."""
        if self.session == CLOSED:
            return RejectReason.DESTINATION_CLOSED
        if not 0 <= asked.book < len(self.books):
            return RejectReason.INVALID_SYMBOL
        if self.states[asked.book] != TRADING:
            return RejectReason.HALTED
        if not 0 < asked.quantity <= MAX_QUANTITY:
            return RejectReason.INVALID_QUANTITY
        price = asked.price
        if not 0 < price <= MAX_PRICE or price % self.listings[asked.book].increment:
            return RejectReason.INVALID_PRICE
        if asked.time_in_force not in _TIMES:
            return RejectReason.OTHER
        return None

    def _takes(self, order: Order) -> bool:
        return self.books[order.book].crosses(order.side, order.price)

    def _too_late(self, order: Order) -> bool:
        return self._over and order.asked.time_in_force is TimeInForce.DAY

    def _moves(self, order: Order) -> bool:
        """Say whether an order does anything but rest."""
        immediate = order.asked.time_in_force is TimeInForce.IMMEDIATE
        return immediate or self._too_late(order) or self._takes(order)

    def _place(self, order: Order, events: list[Event]) -> None:
        """Let a new order trade, and rest or leave."""
        asked = order.asked
        if self._too_late(order):
            _drop(order, CancelReason.CLOSED, events)
            return
        if asked.post_only and self._takes(order):
            _drop(order, CancelReason.POST_ONLY, events)
            return
        self._match(order, events)
        if not order.open:
            return
        if asked.time_in_force is TimeInForce.IMMEDIATE:
            _drop(order, CancelReason.IMMEDIATE, events)
        else:
            self.books[order.book].sides[order.side].add(order)
            events.append(Rested(order))

    def _match(self, taker: Order, events: list[Event]) -> None:
        makers = self.books[taker.book].sides[1 - taker.side]
        limit = taker.price * makers.sign
        guarded = taker.asked.self_match is not SelfMatch.DISABLED
        while taker.open:
            level = makers.best()
            if level is None or level.price * makers.sign > limit:
                return
            maker = level.first()
            if guarded and maker.asked.firm == taker.asked.firm:
                self._prevent(maker, taker, events)
                continue
            quantity = min(maker.open, taker.open)
            makers.take(maker, quantity)
            taker.open -= quantity
            maker.executed += quantity
            taker.executed += quantity
            self._matches += 1
            trade = Traded(maker, taker, level.price, quantity, self._matches)
            self.trades[self._matches] = trade
            self.trades.pop(self._matches - _TRADES, None)
            events.append(trade)

    def _prevent(self, maker: Order, taker: Order, events: list[Event]) -> None:
        """Let two orders of one firm pass each other, as the newer one asks."""
        strategy = taker.asked.self_match
        if strategy is SelfMatch.CANCEL_NEWEST:
            _drop(taker, CancelReason.SELF_MATCH, events)
        elif strategy is SelfMatch.CANCEL_OLDEST:
            events += self.cancel(maker, reason=CancelReason.SELF_MATCH)
        else:
            assert strategy in _DECREMENTS
            quantity = min(maker.open, taker.open)
            self.books[maker.book].sides[maker.side].take(maker, quantity)
            taker.open -= quantity
            events.append(Prevented(maker, quantity, maker.price, True, strategy))
            events.append(Prevented(taker, quantity, maker.price, False, strategy))


def _drop(order: Order, reason: CancelReason, events: list[Event]) -> None:
    """Cancel what is open of an order that is not on the book."""
    events.append(Canceled(order, order.open, reason, rested=False))
    order.open = 0
