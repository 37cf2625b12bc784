"""Reference models of gateware.feed: what a packet says, and which messages of two lines pass."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from host.wire import itch50
from host.wire.fields import WireError
from hw.records import SIDE, UPDATE_KIND

__all__ = ["Arbiter", "Packet", "item_of", "read_packet"]

_HEADER_BYTES: Final = 20
_SHORTEST: Final = 8
_END_OF_SESSION: Final = 0xFFFF


@dataclass(frozen=True, kw_only=True)
class Packet:
    """What was read of a packet: messages until something was wrong, and whether nothing was."""

    session: bytes
    sequence: int
    count: int
    messages: tuple[bytes, ...]
    complete: bool
    end_of_session: bool

    @property
    def next(self) -> int:
        """The number behind the last message that the header claims."""
        return (self.sequence + self.count) % (1 << 64)


def read_packet(payload: bytes) -> Packet | None:
    """Return what a MoldUDP64 packet says; None if it is shorter than its header.

    References
    ----------
    Nasdaq, "MoldUDP64 Protocol Specification", version 1.00, sections 2 and 3.
    """
    if len(payload) < _HEADER_BYTES:
        return None
    count = int.from_bytes(payload[18:20], "big")
    ends = count == _END_OF_SESSION
    count = 0 if ends else count
    messages: list[bytes] = []
    at = _HEADER_BYTES
    while len(messages) < count:
        length = int.from_bytes(payload[at : at + 2], "big")
        if length < _SHORTEST or at + 2 + length > len(payload):
            break
        messages.append(payload[at + 2 : at + 2 + length])
        at += 2 + length
    return Packet(
        session=payload[:10],
        sequence=int.from_bytes(payload[10:18], "big"),
        count=count,
        messages=tuple(messages),
        complete=len(messages) == count and at == len(payload),
        end_of_session=ends,
    )


def item_of(message: bytes, books: Mapping[int, int]) -> dict[str, int] | str:
    """Return the update of an ITCH message, or why there is none.

    Parameters
    ----------
    message : bytes
        One message.
    books : mapping of int to int
        Book of each locate.

    Returns
    -------
    dict or str
        ``malformed``, ``other_type`` or ``other_stock``, as ``ItchDecoder`` counts.
    """
    try:
        read = itch50.decode(message)
    except WireError:
        return "malformed"
    change = _change_of(read, message)
    if change is None:
        return "other_type"
    book = books.get(int.from_bytes(message[1:3], "big"))
    if book is None:
        return "other_stock"
    blank = dict.fromkeys(("side", "order_id", "new_order_id", "tick", "quantity"), 0)
    return {**blank, "book": book, **change}


def _change_of(read: Any, message: bytes) -> dict[str, int] | None:
    kinds = UPDATE_KIND
    match read:
        case itch50.AddOrder() | itch50.AddOrderAttributed() | itch50.Trade():
            kind = kinds.trade if isinstance(read, itch50.Trade) else kinds.add
            side = SIDE.bid if read.side == "B" else SIDE.ask
            return {
                "kind": kind, "side": side, "order_id": read.order, "tick": read.price,
                "quantity": read.shares,
            }  # fmt: skip
        case itch50.OrderExecuted() | itch50.OrderExecutedWithPrice():
            return {"kind": kinds.execute, "order_id": read.order, "quantity": read.shares}
        case itch50.OrderCancel():
            return {"kind": kinds.reduce, "order_id": read.order, "quantity": read.shares}
        case itch50.OrderDelete():
            return {"kind": kinds.delete, "order_id": read.order}
        case itch50.OrderReplace():
            return {
                "kind": kinds.replace, "order_id": read.order, "new_order_id": read.new_order,
                "tick": read.price, "quantity": read.shares,
            }  # fmt: skip
        case itch50.CrossTrade():
            return {"kind": kinds.trade, "tick": read.price, "quantity": read.shares}
        case itch50.TradingAction() | itch50.BrokenTrade():
            return {"kind": kinds.status}
    return {"kind": kinds.status} if message[:1] == b"h" else None


@dataclass
class Arbiter:
    """Which numbers pass: each once, in order, as long as one of two lines has it.

    Attributes
    ----------
    expected : int
        The number that comes next.
    """

    expected: int
    _there: set[int] = field(default_factory=set)

    def offer(self, numbers: Iterable[int]) -> list[int]:
        """Take the numbers that a line has; return those that pass now."""
        self._there.update(number for number in numbers if number >= self.expected)
        passed = []
        while self.expected in self._there:
            self._there.discard(self.expected)
            passed.append(self.expected)
            self.expected += 1
        return passed
