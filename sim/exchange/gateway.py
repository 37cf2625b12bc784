"""OUCH 5.0 requests, done on the engine."""

from typing import Any, Final

from host.wire.fields import WireError
from host.wire.ouch50 import requests, responses
from host.wire.ouch50.codes import (
    CancelReason,
    OptionTag,
    RejectReason,
    SelfMatch,
    TimeInForce,
)
from host.wire.ouch50.options import Options, option
from sim.exchange.accounts import Account, Note
from sim.exchange.engine import MatchingEngine
from sim.exchange.orders import BUY, SELL, Event, NewOrder, Order, Rejected, Replaced

__all__ = ["request"]

_DISPLAYS: Final = "YAN"
_CONTINUOUS: Final = "N"
_PORT_DEFAULT: Final = "*"
_LIMIT: Final = "L"
_LAST_USER_REF: Final = 2**32 - 1
_STRATEGIES: Final = frozenset(strategy.value for strategy in SelfMatch)
_PASSED_OVER: Final = frozenset(
    {
        OptionTag.FIRM,
        OptionTag.POST_ONLY,
        OptionTag.SELF_MATCH,
        OptionTag.PRICE_TYPE,
        OptionTag.CUSTOMER_TYPE,
        OptionTag.GROUP,
        OptionTag.SHARES_LOCATED,
        OptionTag.LOCATE_BROKER,
        OptionTag.BBO_WEIGHT,
    }
)
"""Options that are handled elsewhere or change nothing here; others refuse the order."""


def request(
    engine: MatchingEngine, account: Account, index: int, data: bytes, time: int
) -> list[Event]:
    """Do what one message asks and return what happened; what is no request is counted.

    Parameters
    ----------
    engine : MatchingEngine
        Where it is done.
    account : Account
        Who asks.
    index : int
        The account's number on the exchange.
    data : bytes
        One OUCH message.
    time : int
        Now [ns since midnight].
    """
    try:
        message = requests.REQUESTS.decode(data)
    except WireError:
        account.problems["malformed"] += 1
        return []
    match message:
        case requests.EnterOrder():
            return _enter(engine, account, index, message)
        case requests.ReplaceOrder():
            return _replace(engine, account, message)
        case requests.CancelOrder():
            order = _open_order(account, message.user_ref)
            return engine.cancel(order, message.quantity) if order else []
        case requests.ModifyOrder():
            return _modify(engine, account, message)
        case requests.MassCancel():
            return _mass_cancel(engine, account, message, time)
        case requests.AccountQuery():
            following = min(account.next_user_ref, _LAST_USER_REF)
            account.tell(responses.AccountQueryResponse(time, following))
        case requests.DisableOrderEntry():
            account.closed = True
            account.tell(responses.EntryDisabled(time, message.user_ref, account.firm))
        case requests.EnableOrderEntry():
            account.closed = False
            account.tell(responses.EntryEnabled(time, message.user_ref, account.firm))
    return []


def _enter(
    engine: MatchingEngine, account: Account, index: int, message: requests.EnterOrder
) -> list[Event]:
    if message.user_ref < account.next_user_ref:
        account.problems["user_ref used"] += 1
        return []
    account.next_user_ref = message.user_ref + 1
    note = Note(
        user_ref=message.user_ref,
        side=message.side,
        symbol=message.symbol,
        time_in_force=message.time_in_force,
        display=message.display,
        capacity=message.capacity,
        sweep=message.sweep,
        cross=message.cross,
        client_id=message.client_id,
        options=message.options,
    )
    asked = _asked(account, index, engine.index_of.get(message.symbol, -1), message, note)
    reason = _refusal(account, message)
    if reason is None and message.cross != _CONTINUOUS:
        reason = RejectReason.INVALID_CROSS
    return [Rejected(asked, reason)] if reason else engine.enter(asked)


def _asked(
    account: Account,
    index: int,
    book: int,
    message: requests.EnterOrder | requests.ReplaceOrder,
    note: Note,
) -> NewOrder:
    """Return the order that a message asks for."""
    return NewOrder(
        account=index,
        book=book,
        side=BUY if note.side == "B" else SELL,
        price=message.price,
        quantity=message.quantity,
        time_in_force=TimeInForce(message.time_in_force),
        post_only=option(message.options, OptionTag.POST_ONLY) == "P",
        firm=account.firm,
        self_match=_self_match(account, message.options),
        attributed=message.display == "A",
        hidden=message.display == "N",
        token=note,
    )


def _self_match(account: Account, options: Options) -> SelfMatch:
    value = option(options, OptionTag.SELF_MATCH)
    return SelfMatch(value) if value in _STRATEGIES else account.self_match


def _refusal(account: Account, message: Any) -> RejectReason | None:
    """Return what the exchange does not do, or None; prices and quantities are the engine's."""
    options = message.options
    strategy = option(options, OptionTag.SELF_MATCH)
    if account.closed or option(options, OptionTag.FIRM) not in (None, "", account.firm):
        return RejectReason.FIRM_NOT_AUTHORIZED
    if message.display not in _DISPLAYS:
        return RejectReason.INVALID_DISPLAY
    if strategy not in (None, _PORT_DEFAULT) and strategy not in _STRATEGIES:
        return RejectReason.INVALID_SELF_MATCH
    if option(options, OptionTag.PRICE_TYPE) not in (None, _LIMIT):
        return RejectReason.PEGGING_NOT_ALLOWED
    if any(tag not in _PASSED_OVER and value for tag, value in options):
        return RejectReason.OTHER
    return None


def _open_order(account: Account, user_ref: int) -> Order | None:
    order = account.orders.get(user_ref)
    if order is None:
        account.problems["no such order"] += 1
    return order


def _replace(
    engine: MatchingEngine, account: Account, message: requests.ReplaceOrder
) -> list[Event]:
    old = _open_order(account, message.old_user_ref)
    if old is None:
        return []
    if message.user_ref < account.next_user_ref:
        account.problems["user_ref used"] += 1
        return []
    before = old.asked.token
    assert isinstance(before, Note)
    note = before._replace(
        user_ref=message.user_ref,
        time_in_force=message.time_in_force,
        display=message.display,
        sweep=message.sweep,
        client_id=message.client_id,
        options=message.options,
    )
    asked = _asked(account, old.asked.account, old.book, message, note)
    if account.closed:
        return [Rejected(asked, RejectReason.FIRM_NOT_AUTHORIZED)]
    if _refusal(account, message):
        return engine.cancel(old)
    events = engine.replace(old, asked)
    if isinstance(events[0], Replaced | Rejected):
        account.next_user_ref = message.user_ref + 1
    return events


def _modify(engine: MatchingEngine, account: Account, message: requests.ModifyOrder) -> list[Event]:
    order = _open_order(account, message.user_ref)
    if order is None:
        return []
    note = order.asked.token
    assert isinstance(note, Note)
    if (message.side == "B") != (note.side == "B"):
        account.problems["side cannot change"] += 1
        return []
    events = engine.modify(order, message.quantity)
    if events:
        order.asked = order.asked._replace(token=note._replace(side=message.side))
    else:
        account.problems["size cannot grow"] += 1
    return events


def _mass_cancel(
    engine: MatchingEngine, account: Account, message: requests.MassCancel, time: int
) -> list[Event]:
    if message.firm not in ("", account.firm):
        account.problems["firm of others"] += 1
        return []
    account.tell(responses.MassCancelResponse(time, message.user_ref, account.firm, message.symbol))
    wanted = [
        order
        for order in account.orders.values()
        if message.symbol in ("", engine.listings[order.book].symbol)
    ]
    return [event for o in wanted for event in engine.cancel(o, reason=CancelReason.USER)]
