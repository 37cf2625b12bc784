"""NASDAQ TotalView-ITCH 5.0: binary messages, one book for each stock.

Message types, lengths and offsets are those of Nasdaq's public "TotalView-ITCH 5.0"
specification. Numbers are big-endian; prices have four implied decimals.
"""

from collections.abc import Collection
from struct import Struct
from typing import Final

from host.venues.instrument import Instrument
from host.venues.parser import COMPLETE, MessageError, Row, VenueParser
from hw.records import UPDATE_KIND

__all__ = ["LENGTHS", "Itch50Parser"]

LENGTHS: Final = {
    "S": 12,  # system event
    "R": 39,  # stock directory
    "H": 25,  # stock trading action
    "Y": 20,  # short sale restriction
    "L": 26,  # market participant position
    "V": 35,  # market-wide circuit breaker decline levels
    "W": 12,  # market-wide circuit breaker status
    "K": 28,  # IPO quoting period
    "J": 35,  # limit-up limit-down auction collar
    "h": 21,  # operational halt
    "A": 36,  # add order
    "F": 40,  # add order with attribution
    "E": 31,  # order executed
    "C": 36,  # order executed with price
    "X": 23,  # order cancel
    "D": 19,  # order delete
    "U": 35,  # order replace
    "P": 44,  # trade (non-cross)
    "Q": 40,  # cross trade
    "B": 19,  # broken trade
    "I": 50,  # net order imbalance
    "N": 20,  # retail interest
    "O": 48,  # direct listing with capital raise
}
"""Bytes of a message by its type, the type included."""

_LENGTH_OF: Final = {ord(kind): length for kind, length in LENGTHS.items()}

# type, locate, tracking, timestamp: high 16 and low 32 bits; then the message's own fields
_HEAD: Final = Struct(">xHxxHI")
_ADD: Final = Struct(">QcI8sI")  # order, side, shares, stock, price
_EXECUTED: Final = Struct(">QI")  # order, shares; the same in a cancel
_ORDER: Final = Struct(">Q")
_REPLACE: Final = Struct(">QQII")  # order, new order, shares, price
_CROSS: Final = Struct(">Q8sI")  # shares, stock, price
_BODY: Final = _HEAD.size

_K_ADD: Final = UPDATE_KIND.add
_K_EXECUTE: Final = UPDATE_KIND.execute
_K_REDUCE: Final = UPDATE_KIND.reduce
_K_DELETE: Final = UPDATE_KIND.delete
_K_REPLACE: Final = UPDATE_KIND.replace
_K_CLEAR: Final = UPDATE_KIND.clear
_K_TRADE: Final = UPDATE_KIND.trade
_K_STATUS: Final = UPDATE_KIND.status


class Itch50Parser(VenueParser):
    """Keep order-by-order books.

    A book opens with the first order of its stock. Where the feed is read from its start of
    messages, books are complete: an unknown order is then a contradiction. The tick is 0.0001,
    the finest that the venue uses: below 1.00 prices have four decimals, above it two.

    Parameters
    ----------
    midnight : int
        Midnight of the day, in the venue's local time [ns since epoch, UTC]; messages count from
        it. Times are those of the venue: the time given to ``parse`` is not used.
    symbols : collection of str, optional
        The only stocks to keep; all where None.
    """

    def __init__(self, *, midnight: int = 0, symbols: Collection[str] | None = None) -> None:
        super().__init__(symbols=symbols)
        self._midnight = midnight
        self._stocks: dict[int, str] = {}  # by locate; wanted ones only
        self._passed: set[int] = set()  # locates that the filter drops
        self._books: dict[int, int] = {}
        self._from_start = False
        self._handlers = {
            b"A": self._on_add,
            b"F": self._on_add,
            b"E": self._on_executed,
            b"C": self._on_executed,
            b"X": self._on_cancel,
            b"D": self._on_delete,
            b"U": self._on_replace,
            b"P": self._on_trade,
            b"Q": self._on_cross,
            b"H": self._on_status,
            b"B": self._on_status,
            b"h": self._on_status,
        }

    def _parse(self, message: bytes, time: int) -> None:
        kind = message[:1]
        if _LENGTH_OF.get(message[0] if message else 0) != len(message):
            raise MessageError(_length_text(message))
        locate, high, low = _HEAD.unpack_from(message)
        now = self._midnight + (high << 32 | low)
        handler = self._handlers.get(kind)
        if handler is not None:
            if locate in self._passed:
                self.skipped["other symbol"] += 1
            else:
                handler(message, locate, now)
        elif kind == b"R":
            self._learn(locate, message[11:19])
        else:
            self._from_start |= kind == b"S" and message[11:12] == b"O"
            self.skipped[f"type {kind.decode()}"] += 1

    def _learn(self, locate: int, stock: bytes) -> None:
        symbol = stock.decode("ascii").rstrip(" ")
        if self.wanted(symbol):
            self._stocks[locate] = symbol
        else:
            self._passed.add(locate)

    def _book(self, locate: int, stock: bytes, time: int) -> int | None:
        """Return the book of a stock, opened if need be; None where the filter drops it."""
        book = self._books.get(locate)
        if book is None:
            if locate not in self._stocks:  # the directory was sent before the capture began
                self._learn(locate, stock)
                if locate in self._passed:
                    self.skipped["other symbol"] += 1
                    return None
            book = self._books[locate] = self._add_book(
                Instrument(
                    symbol=self._stocks[locate], venue="nasdaq", tick_size="0.0001", lot_size="1"
                )
            )
            flags = COMPLETE if self._from_start else 0
            self._rows.append((book, _K_CLEAR, 0, flags, 0, 0, 0, 0, time))
        return book

    def _on_add(self, message: bytes, locate: int, time: int) -> None:
        order, side, shares, stock, price = _ADD.unpack_from(message, _BODY)
        if side not in (b"B", b"S"):
            raise MessageError(f"expected the side B or S of order {order}, got {side!r}")
        book = self._book(locate, stock, time)
        if book is not None:
            bit = 0 if side == b"B" else 1
            self._rows.append((book, _K_ADD, bit, 0, order, 0, price, shares, time))

    def _known(self, locate: int) -> int | None:
        """Return the open book of a stock, or None, counted."""
        book = self._books.get(locate)
        if book is None:
            self.skipped["event before the first order"] += 1
        return book

    def _change(self, locate: int, kind: int, order: int, shares: int, time: int) -> None:
        book = self._known(locate)
        if book is not None:
            self._rows.append((book, kind, 0, 0, order, 0, 0, shares, time))

    def _on_executed(self, message: bytes, locate: int, time: int) -> None:
        order, shares = _EXECUTED.unpack_from(message, _BODY)
        self._change(locate, _K_EXECUTE, order, shares, time)

    def _on_cancel(self, message: bytes, locate: int, time: int) -> None:
        order, shares = _EXECUTED.unpack_from(message, _BODY)
        self._change(locate, _K_REDUCE, order, shares, time)

    def _on_delete(self, message: bytes, locate: int, time: int) -> None:
        self._change(locate, _K_DELETE, _ORDER.unpack_from(message, _BODY)[0], 0, time)

    def _on_replace(self, message: bytes, locate: int, time: int) -> None:
        order, new_order, shares, price = _REPLACE.unpack_from(message, _BODY)
        book = self._known(locate)
        if book is not None:
            row: Row = (book, _K_REPLACE, 0, 0, order, new_order, price, shares, time)
            self._rows.append(row)

    def _on_trade(self, message: bytes, locate: int, time: int) -> None:
        order, side, shares, _, price = _ADD.unpack_from(message, _BODY)
        book = self._known(locate)
        if book is not None:
            bit = 0 if side == b"B" else 1
            self._rows.append((book, _K_TRADE, bit, 0, order, 0, price, shares, time))

    def _on_cross(self, message: bytes, locate: int, time: int) -> None:
        shares, _, price = _CROSS.unpack_from(message, _BODY)
        book = self._known(locate)
        if book is not None:
            self._rows.append((book, _K_TRADE, 0, 0, 0, 0, price, shares, time))

    def _on_status(self, message: bytes, locate: int, time: int) -> None:
        self._change(locate, _K_STATUS, 0, 0, time)


def _length_text(message: bytes) -> str:
    kind = message[:1].decode("latin-1")
    if kind in LENGTHS:
        return f"expected {LENGTHS[kind]} bytes of a message {kind!r}, got {len(message)}"
    return f"expected a message type of {''.join(LENGTHS)}, got {kind!r}"
