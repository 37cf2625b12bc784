"""Accounts, and what the exchange answers them in OUCH 5.0."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from host.wire.ouch50 import responses
from host.wire.ouch50.codes import SelfMatch
from host.wire.ouch50.options import Options
from sim.exchange.orders import (
    Accepted,
    Broken,
    Canceled,
    Event,
    Modified,
    Order,
    Prevented,
    Rejected,
    Replaced,
    Traded,
)

__all__ = ["Account", "Note", "answer"]

_ADDED: Final = "A"
_ADDED_HIDDEN: Final = "J"
_REMOVED: Final = "R"
_LIVE: Final = "L"


class Note(NamedTuple):
    """What an answer repeats of a request: the token of an account's order."""

    user_ref: int
    side: str
    symbol: str
    time_in_force: str
    display: str
    capacity: str
    sweep: str
    cross: str
    client_id: str
    options: Options


@dataclass(slots=True)
class Account:
    """One participant on the wire.

    Attributes
    ----------
    user, password : str
        For the logon, at most 6 and 10 characters.
    firm : str
        Whose orders these are, at most 4 characters.
    self_match : SelfMatch
        For orders that do not say.
    cancel_on_disconnect : bool
        Cancel its open orders when its connection ends.
    next_user_ref : int
        The smallest ``user_ref`` that is still free.
    closed : bool
        No new orders, as the account asked.
    orders : dict of int to Order
        The open ones, by ``user_ref``.
    told : list of bytes
        All answers so far, encoded, in order: sequenced messages 1, 2, ...
    problems : Counter
        Requests that nothing was done with, by why.
    """

    user: str
    password: str
    firm: str
    self_match: SelfMatch = SelfMatch.DISABLED
    cancel_on_disconnect: bool = False
    next_user_ref: int = 1
    closed: bool = False
    orders: dict[int, Order] = field(default_factory=dict)
    told: list[bytes] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for name, most in (("user", 6), ("password", 10), ("firm", 4)):
            text = getattr(self, name)
            if not (text.isascii() and 1 <= len(text) <= most):
                raise ValueError(f"a {name} has 1 to {most} ASCII characters, not {text!r}")

    def tell(self, message: NamedTuple) -> None:
        """Queue an answer."""
        self.told.append(responses.RESPONSES.encode(message))


def answer(accounts: dict[int, Account], events: Iterable[Event], time: int) -> None:
    """Tell each account what happened to its orders; orders of nobody are passed over."""
    for event in events:
        match event:
            case Accepted(order):
                _accepted(accounts, order, time)
            case Replaced(old, order):
                _replaced(accounts, old, order, time)
            case Traded(maker, taker, price, quantity, match_number):
                for order, flag in ((maker, _added(maker)), (taker, _REMOVED)):
                    done = (quantity, price, flag, match_number)
                    _tell(accounts, order, responses.Executed, time, done)
            case Canceled(order, quantity, reason):
                _tell(accounts, order, responses.Canceled, time, (quantity, reason.value))
            case Prevented():
                _prevented(accounts, event, time)
            case Modified(order):
                _modified(accounts, order, time)
            case Rejected(asked, reason) if asked.account in accounts:
                note = _note(asked.token)
                message = responses.Rejected(time, note.user_ref, reason, note.client_id)
                accounts[asked.account].tell(message)
            case Broken(trade, reason):
                for order in (trade.maker, trade.taker):
                    client = _note_of(accounts, order)
                    broken = (trade.match, reason, client.client_id if client else "")
                    _tell(accounts, order, responses.BrokenTrade, time, broken)


def _added(order: Order) -> str:
    return _ADDED_HIDDEN if order.asked.hidden else _ADDED


def _note(token: object) -> Note:
    assert isinstance(token, Note)
    return token


def _note_of(accounts: dict[int, Account], order: Order) -> Note | None:
    return _note(order.asked.token) if order.asked.account in accounts else None


def _tell(
    accounts: dict[int, Account],
    order: Order,
    message: type,
    time: int,
    rest: tuple[object, ...],
) -> None:
    """Tell an order's account; forget the order once it is dead."""
    account = accounts.get(order.asked.account)
    if account is None:
        return
    note = _note(order.asked.token)
    account.tell(message(time, note.user_ref, *rest))
    if not order.open:
        account.orders.pop(note.user_ref, None)


def _accepted(accounts: dict[int, Account], order: Order, time: int) -> None:
    account = accounts.get(order.asked.account)
    if account is None:
        return
    note = _note(order.asked.token)
    account.orders[note.user_ref] = order
    account.tell(
        responses.Accepted(
            time, note.user_ref, note.side, order.asked.quantity, *_terms(note, order)
        )
    )


def _replaced(accounts: dict[int, Account], old: Order, order: Order, time: int) -> None:
    account = accounts.get(order.asked.account)
    if account is None:
        return
    note, before = _note(order.asked.token), _note(old.asked.token)
    account.orders.pop(before.user_ref, None)
    account.orders[note.user_ref] = order
    quantity, refs = order.asked.quantity - old.executed, (before.user_ref, note.user_ref)
    account.tell(
        responses.Replaced(time, refs[0], refs[1], note.side, quantity, *_terms(note, order))
    )


def _terms(note: Note, order: Order) -> tuple[str, int, str, str, int, str, str, str, str, str]:
    """Return the fields from the symbol to the client's id, without options."""
    timing = (note.time_in_force, note.display, order.number)
    kind = (note.capacity, note.sweep, note.cross, _LIVE, note.client_id)
    return (note.symbol, order.price, *timing, *kind)


def _prevented(accounts: dict[int, Account], event: Prevented, time: int) -> None:
    order, quantity, price, rested, strategy = event
    if strategy is SelfMatch.DECREMENT_BOTH_TOLD:
        flag = _added(order) if rested else _REMOVED
        rest = (quantity, "Q", quantity, price, flag, strategy.value)
        _tell(accounts, order, responses.SelfMatchCanceled, time, rest)
    else:
        _tell(accounts, order, responses.Canceled, time, (quantity, "Q"))


def _modified(accounts: dict[int, Account], order: Order, time: int) -> None:
    note = _note_of(accounts, order)
    if note is not None:
        size = order.open + order.executed
        _tell(accounts, order, responses.Modified, time, (note.side, size))
