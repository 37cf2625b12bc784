"""TotalView-ITCH 5.0, the messages of the book, of trades and of trading status.

Types, lengths and fields are those of Nasdaq's public "TotalView-ITCH 5.0" specification. Prices
are in 0.0001, times in ns since midnight.
"""

from typing import Annotated, Any, Final, NamedTuple

from host.venues.itch50 import LENGTHS
from host.wire.fields import U8, U16, U32, U48, U64, Alpha, Dialect, WireError, code_of

__all__ = [
    "AddOrder",
    "AddOrderAttributed",
    "BrokenTrade",
    "CrossTrade",
    "OrderCancel",
    "OrderDelete",
    "OrderExecuted",
    "OrderExecutedWithPrice",
    "OrderReplace",
    "Other",
    "StockDirectory",
    "SystemEvent",
    "Trade",
    "TradingAction",
    "decode",
    "encode",
]

Side = Annotated[str, code_of("BS")]
YesNo = Annotated[str, code_of("YN")]
Stock = Annotated[str, Alpha(8)]
Character = Annotated[str, Alpha(1)]


class SystemEvent(NamedTuple):
    """Start and end of messages (O, C), system hours (S, E) and market hours (Q, M)."""

    locate: U16
    tracking: U16
    time: U48
    code: Annotated[str, code_of("OSQMEC")]


class StockDirectory(NamedTuple):
    """What a stock is; the locate stands for it in all that follows."""

    locate: U16
    tracking: U16
    time: U48
    stock: Stock
    category: Character = "Q"
    status: Character = "N"
    round_lot: U32 = 100
    round_lots_only: Character = "N"
    classification: Character = "C"
    subtype: Annotated[str, Alpha(2)] = "Z"
    authenticity: Character = "P"
    short_sale_threshold: Character = "N"
    ipo: Character = "N"
    price_band_tier: Character = "1"
    etp: Character = "N"
    etp_leverage: U32 = 0
    inverse: Character = "N"


class TradingAction(NamedTuple):
    """A stock is halted (H), paused (P), quoted only (Q) or trades (T)."""

    locate: U16
    tracking: U16
    time: U48
    stock: Stock
    state: Annotated[str, code_of("HPQT")]
    reserved: U8 = 0
    reason: Annotated[str, Alpha(4)] = ""


class AddOrder(NamedTuple):
    """An order rests."""

    locate: U16
    tracking: U16
    time: U48
    order: U64
    side: Side
    shares: U32
    stock: Stock
    price: U32


class AddOrderAttributed(NamedTuple):
    """An order rests, and shows whose it is."""

    locate: U16
    tracking: U16
    time: U48
    order: U64
    side: Side
    shares: U32
    stock: Stock
    price: U32
    firm: Annotated[str, Alpha(4)]


class OrderExecuted(NamedTuple):
    """A resting order traded at its price."""

    locate: U16
    tracking: U16
    time: U48
    order: U64
    shares: U32
    match: U64


class OrderExecutedWithPrice(NamedTuple):
    """A resting order traded at another price."""

    locate: U16
    tracking: U16
    time: U48
    order: U64
    shares: U32
    match: U64
    printable: YesNo
    price: U32


class OrderCancel(NamedTuple):
    """A resting order lost shares and keeps its place."""

    locate: U16
    tracking: U16
    time: U48
    order: U64
    shares: U32


class OrderDelete(NamedTuple):
    """A resting order left."""

    locate: U16
    tracking: U16
    time: U48
    order: U64


class OrderReplace(NamedTuple):
    """A resting order left and another one, of its side, came."""

    locate: U16
    tracking: U16
    time: U48
    order: U64
    new_order: U64
    shares: U32
    price: U32


class Trade(NamedTuple):
    """A trade of an order that was not shown."""

    locate: U16
    tracking: U16
    time: U48
    order: U64
    side: Side
    shares: U32
    stock: Stock
    price: U32
    match: U64


class CrossTrade(NamedTuple):
    """The one print of an auction."""

    locate: U16
    tracking: U16
    time: U48
    shares: U64
    stock: Stock
    price: U32
    match: U64
    cross: Annotated[str, code_of("OCHI")]


class BrokenTrade(NamedTuple):
    """A trade never was."""

    locate: U16
    tracking: U16
    time: U48
    match: U64


class Other(NamedTuple):
    """A message that is part of ITCH 5.0 and is not looked into here."""

    letter: str
    data: bytes


_DIALECT: Final = Dialect(
    [
        ("S", SystemEvent),
        ("R", StockDirectory),
        ("H", TradingAction),
        ("A", AddOrder),
        ("F", AddOrderAttributed),
        ("E", OrderExecuted),
        ("C", OrderExecutedWithPrice),
        ("X", OrderCancel),
        ("D", OrderDelete),
        ("U", OrderReplace),
        ("P", Trade),
        ("Q", CrossTrade),
        ("B", BrokenTrade),
    ]
)
_UNREAD: Final = frozenset(map(ord, LENGTHS)) - frozenset(map(ord, _DIALECT.letters))


def encode(message: Any) -> bytes:
    """Return the bytes of a message; ``WireError`` if a value does not fit."""
    return message.data if isinstance(message, Other) else _DIALECT.encode(message)


def decode(data: bytes) -> Any:
    """Return the message; ``WireError`` if its type, length or a code is not ITCH 5.0."""
    if data and data[0] in _UNREAD:
        letter = chr(data[0])
        if len(data) != LENGTHS[letter]:
            raise WireError(f"expected {LENGTHS[letter]} bytes of {letter!r}, got {len(data)}")
        return Other(letter, data)
    return _DIALECT.decode(data)
