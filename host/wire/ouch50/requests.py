"""What a participant sends to the exchange."""

from typing import Final, NamedTuple

from host.wire.fields import U32, U64
from host.wire.ouch50.dialect import OuchDialect
from host.wire.ouch50.fields import (
    Capacity,
    ClientId,
    Cross,
    Display,
    Firm,
    Side,
    Symbol,
    TimeCode,
    YesNo,
)
from host.wire.ouch50.options import Options

__all__ = [
    "REQUESTS",
    "AccountQuery",
    "CancelOrder",
    "DisableOrderEntry",
    "EnableOrderEntry",
    "EnterOrder",
    "MassCancel",
    "ModifyOrder",
    "ReplaceOrder",
]


class EnterOrder(NamedTuple):
    """A new order; ``user_ref`` rises through the day."""

    user_ref: U32
    side: Side
    quantity: U32
    symbol: Symbol
    price: U64
    time_in_force: TimeCode = "0"
    display: Display = "Y"
    capacity: Capacity = "P"
    sweep: YesNo = "N"
    cross: Cross = "N"
    client_id: ClientId = ""
    options: Options = ()


class ReplaceOrder(NamedTuple):
    """An order in the place of another; ``quantity`` counts what the chain has traded."""

    old_user_ref: U32
    user_ref: U32
    quantity: U32
    price: U64
    time_in_force: TimeCode = "0"
    display: Display = "Y"
    sweep: YesNo = "N"
    client_id: ClientId = ""
    options: Options = ()


class CancelOrder(NamedTuple):
    """Let an order trade at most ``quantity`` shares in all; 0 cancels it."""

    user_ref: U32
    quantity: U32 = 0
    options: Options = ()


class ModifyOrder(NamedTuple):
    """Change how a sale is marked, or reduce the order, at its place."""

    user_ref: U32
    side: Side
    quantity: U32
    options: Options = ()


class MassCancel(NamedTuple):
    """Cancel all orders of a firm, or those in one symbol."""

    user_ref: U32
    firm: Firm = ""
    symbol: Symbol = ""
    options: Options = ()


class DisableOrderEntry(NamedTuple):
    """Refuse new orders of a firm."""

    user_ref: U32
    firm: Firm = ""
    options: Options = ()


class EnableOrderEntry(NamedTuple):
    """Take new orders of a firm again."""

    user_ref: U32
    firm: Firm = ""
    options: Options = ()


class AccountQuery(NamedTuple):
    """Ask for the next ``user_ref``."""

    options: Options = ()


REQUESTS: Final = OuchDialect(
    [
        ("O", EnterOrder, "always"),
        ("U", ReplaceOrder, "always"),
        ("X", CancelOrder, "may"),
        ("M", ModifyOrder, "may"),
        ("C", MassCancel, "always"),
        ("D", DisableOrderEntry, "always"),
        ("E", EnableOrderEntry, "always"),
        ("Q", AccountQuery, "may"),
    ]
)
"""From a participant to the exchange."""
