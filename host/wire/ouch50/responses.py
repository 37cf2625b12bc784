"""What the exchange tells a participant."""

from typing import Annotated, Final, NamedTuple

from host.wire.fields import U16, U32, U64, code_of
from host.wire.ouch50.dialect import OuchDialect
from host.wire.ouch50.fields import (
    Capacity,
    ClientId,
    Code,
    Cross,
    Display,
    Firm,
    Side,
    State,
    Symbol,
    TimeCode,
    YesNo,
)
from host.wire.ouch50.options import Options

__all__ = [
    "RESPONSES",
    "Accepted",
    "AccountQueryResponse",
    "BrokenTrade",
    "CancelPending",
    "CancelReject",
    "Canceled",
    "EntryDisabled",
    "EntryEnabled",
    "Executed",
    "MassCancelResponse",
    "Modified",
    "PriorityUpdate",
    "Rejected",
    "Replaced",
    "Restated",
    "SelfMatchCanceled",
    "SystemEvent",
]


class SystemEvent(NamedTuple):
    """Start (S) or end (E) of the day."""

    time: U64
    code: Annotated[str, code_of("SE")]


class Accepted(NamedTuple):
    """An order was taken, as ``EnterOrder`` asked."""

    time: U64
    user_ref: U32
    side: Side
    quantity: U32
    symbol: Symbol
    price: U64
    time_in_force: TimeCode
    display: Display
    order: U64
    capacity: Capacity
    sweep: YesNo
    cross: Cross
    state: State
    client_id: ClientId
    options: Options = ()


class Replaced(NamedTuple):
    """An order took the place of another; ``quantity`` is what is open of it."""

    time: U64
    old_user_ref: U32
    user_ref: U32
    side: Side
    quantity: U32
    symbol: Symbol
    price: U64
    time_in_force: TimeCode
    display: Display
    order: U64
    capacity: Capacity
    sweep: YesNo
    cross: Cross
    state: State
    client_id: ClientId
    options: Options = ()


class Canceled(NamedTuple):
    """``quantity`` shares left an order; see ``CancelReason``."""

    time: U64
    user_ref: U32
    quantity: U32
    reason: Code
    options: Options = ()


class SelfMatchCanceled(NamedTuple):
    """Shares left an order instead of trading with the same firm ("AIQ canceled")."""

    time: U64
    user_ref: U32
    quantity: U32
    reason: Annotated[str, code_of("Q")]
    prevented: U32
    price: U64
    liquidity: Code
    strategy: Code
    options: Options = ()


class Executed(NamedTuple):
    """An order traded; it added (A) or removed (R) liquidity."""

    time: U64
    user_ref: U32
    quantity: U32
    price: U64
    liquidity: Code
    match: U64
    options: Options = ()


class BrokenTrade(NamedTuple):
    """A trade never was."""

    time: U64
    user_ref: U32
    match: U64
    reason: Annotated[str, code_of("ECSX")]
    client_id: ClientId
    options: Options = ()


class Rejected(NamedTuple):
    """Nothing was done; see ``RejectReason``."""

    time: U64
    user_ref: U32
    reason: U16
    client_id: ClientId
    options: Options = ()


class CancelPending(NamedTuple):
    """A cancel waits for an auction."""

    time: U64
    user_ref: U32
    options: Options = ()


class CancelReject(NamedTuple):
    """A cancel could not be done."""

    time: U64
    user_ref: U32
    options: Options = ()


class PriorityUpdate(NamedTuple):
    """The system gave an order another place."""

    time: U64
    user_ref: U32
    price: U64
    display: Display
    order: U64
    options: Options = ()


class Modified(NamedTuple):
    """What an order is after ``ModifyOrder``."""

    time: U64
    user_ref: U32
    side: Side
    quantity: U32
    options: Options = ()


class Restated(NamedTuple):
    """The system changed what an order shows."""

    time: U64
    user_ref: U32
    reason: Annotated[str, code_of("RP")]
    options: Options = ()


class MassCancelResponse(NamedTuple):
    """A mass cancel was taken."""

    time: U64
    user_ref: U32
    firm: Firm
    symbol: Symbol
    options: Options = ()


class EntryDisabled(NamedTuple):
    """New orders of a firm are refused from now on."""

    time: U64
    user_ref: U32
    firm: Firm
    options: Options = ()


class EntryEnabled(NamedTuple):
    """New orders of a firm are taken from now on."""

    time: U64
    user_ref: U32
    firm: Firm
    options: Options = ()


class AccountQueryResponse(NamedTuple):
    """The next ``user_ref``."""

    time: U64
    next_user_ref: U32
    options: Options = ()


RESPONSES: Final = OuchDialect(
    [
        ("S", SystemEvent, "never"),
        ("A", Accepted, "always"),
        ("U", Replaced, "always"),
        ("C", Canceled, "may"),
        ("D", SelfMatchCanceled, "may"),
        ("E", Executed, "always"),
        ("B", BrokenTrade, "may"),
        ("J", Rejected, "may"),
        ("P", CancelPending, "may"),
        ("I", CancelReject, "may"),
        ("T", PriorityUpdate, "may"),
        ("M", Modified, "may"),
        ("R", Restated, "always"),
        ("X", MassCancelResponse, "always"),
        ("G", EntryDisabled, "always"),
        ("K", EntryEnabled, "always"),
        ("Q", AccountQueryResponse, "may"),
    ]
)
"""From the exchange to a participant."""
