"""An order, and what can happen to it."""

from typing import Final, NamedTuple

from host.wire.ouch50.codes import CancelReason, RejectReason, SelfMatch, TimeInForce

__all__ = [
    "BUY",
    "SELL",
    "Accepted",
    "Broken",
    "Canceled",
    "Event",
    "Modified",
    "NewOrder",
    "Order",
    "Prevented",
    "Rejected",
    "Replaced",
    "Rested",
    "StateChanged",
    "Traded",
]

BUY: Final = 0
SELL: Final = 1


class NewOrder(NamedTuple):
    """What a participant asks for.

    Attributes
    ----------
    account : int
        Who asks, and to whom what happens is told.
    book : int
        Index of the instrument.
    side : int
        ``BUY`` or ``SELL``.
    price : int
        Limit [0.0001].
    quantity : int
        Shares; of a replacement, of the whole chain, executed ones included.
    time_in_force : TimeInForce
        ``DAY``, ``IMMEDIATE`` or ``EXTENDED``.
    post_only : bool
        Cancel it rather than let it take.
    firm : str
        Orders of one firm may be kept from trading with each other; shown if ``attributed``.
    self_match : SelfMatch
        How, when this order arrives.
    attributed : bool
        Show the firm to everybody.
    hidden : bool
        Show nothing; at a price it trades after all orders that are shown.
    token : object
        The asker's own note, handed back with each event.
    """

    account: int
    book: int
    side: int
    price: int
    quantity: int
    time_in_force: TimeInForce = TimeInForce.DAY
    post_only: bool = False
    firm: str = ""
    self_match: SelfMatch = SelfMatch.DISABLED
    attributed: bool = False
    hidden: bool = False
    token: object = None


class Order:
    """An accepted order.

    Attributes
    ----------
    number : int
        The exchange's own, rising.
    asked : NewOrder
        What it was accepted as.
    book, side, price : int
        As asked.
    open : int
        Shares that can still trade; 0 once the order is dead.
    executed : int
        Shares traded so far, by the whole chain of replaces.
    resting : bool
        Whether it is on the book.
    """

    __slots__ = ("asked", "book", "executed", "number", "open", "price", "resting", "side")

    def __init__(self, number: int, asked: NewOrder, quantity: int, executed: int) -> None:
        self.number = number
        self.asked = asked
        self.book = asked.book
        self.side = asked.side
        self.price = asked.price
        self.open = quantity
        self.executed = executed
        self.resting = False

    def __repr__(self) -> str:
        side = "SELL" if self.side else "BUY"
        return f"<order {self.number}: {side} {self.open} at {self.price} in {self.book}>"


class Accepted(NamedTuple):
    """An order came in; what follows says what became of it."""

    order: Order


class Rejected(NamedTuple):
    """Nothing changed."""

    asked: NewOrder
    reason: RejectReason


class Traded(NamedTuple):
    """Two orders traded, at the price of the one that rested."""

    maker: Order
    taker: Order
    price: int
    quantity: int
    match: int


class Rested(NamedTuple):
    """What is left of an order is on the book from now on."""

    order: Order


class Canceled(NamedTuple):
    """Shares left an order without a trade; ``rested`` if they were on the book."""

    order: Order
    quantity: int
    reason: CancelReason
    rested: bool


class Prevented(NamedTuple):
    """Shares left an order so that a firm would not trade with itself."""

    order: Order
    quantity: int
    price: int
    rested: bool
    strategy: SelfMatch


class Replaced(NamedTuple):
    """An order took the place of another; ``whole`` if it rests untouched, without a ``Rested``."""

    old: Order
    order: Order
    whole: bool


class Modified(NamedTuple):
    """An order kept its priority and lost shares, or none."""

    order: Order
    quantity: int
    rested: bool


class StateChanged(NamedTuple):
    """An instrument's trading state."""

    book: int
    state: str
    reason: str


class Broken(NamedTuple):
    """A trade never was."""

    trade: Traded
    reason: str


Event = (
    Accepted
    | Rejected
    | Traded
    | Rested
    | Canceled
    | Prevented
    | Replaced
    | Modified
    | StateChanged
    | Broken
)
"""What a request caused, in the order in which it happened."""
