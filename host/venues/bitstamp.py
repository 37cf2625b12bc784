"""Bitstamp order events (L3), as rows of comma-separated values."""

from collections.abc import Collection
from typing import Final

from host.venues.instrument import Instrument, NumberError
from host.venues.parser import MessageError, VenueParser
from hw.records import UPDATE_KIND

__all__ = ["HEADER", "BitstampParser"]

HEADER: Final = b"id,timestamp,exchange.timestamp,price,volume,action,direction"

_ADD: Final = UPDATE_KIND.add
_SET: Final = UPDATE_KIND.set
_DELETE: Final = UPDATE_KIND.delete
_REPLACE: Final = UPDATE_KIND.replace
_ACTIONS: Final = frozenset({b"created", b"changed", b"deleted"})
_SIDES: Final = {b"bid": 0, b"ask": 1}
_LARGEST: Final = 2**64 - 1


class BitstampParser(VenueParser):
    """Turn order events into add, set, delete, and replace where an order changed its price.

    The volume of a row is what remains of the order. The venue lets an order change its price
    and keep its id: that is a ``replace`` of the id by itself, so the parser remembers the price
    of each live order. There is no opening snapshot, so the book is never complete and rows of
    unknown orders are no contradiction.

    Parameters
    ----------
    symbol : str
        Name of the one instrument.
    symbols : collection of str, optional
        The only symbols to keep; all where None.
    """

    def __init__(self, *, symbol: str = "BTC/USD", symbols: Collection[str] | None = None) -> None:
        super().__init__(symbols=symbols)
        self._live: dict[int, tuple[int, int]] = {}
        self._keep = self.wanted(symbol)
        if self._keep:
            self._add_book(
                Instrument(symbol=symbol, venue="bitstamp", tick_size="0.01", lot_size="0.00000001")
            )

    def _parse(self, message: bytes, time: int) -> None:
        """Read one row; its own time stands, ``time`` is not used."""
        fields = message.rstrip(b"\r\n").split(b",")
        if len(fields) != 7:
            if not message.strip():
                return
            raise MessageError(f"expected 7 fields {HEADER.decode()}, got {message!r:.80}")
        if not self._keep or fields[0] == b"id":
            self.skipped["header" if fields[0] == b"id" else "other symbol"] += 1
            return
        number, stamp, _, price, volume, action, direction = fields
        side = _SIDES.get(direction)
        if side is None or action not in _ACTIONS:
            raise MessageError(f"expected an action and bid or ask, got {action!r}, {direction!r}")
        if not (number.isdigit() and stamp.isdigit() and volume.isdigit()):
            raise MessageError(f"expected whole id, timestamp and volume, got {message!r:.80}")
        order, quantity, nanoseconds = int(number), int(volume), int(stamp) * 1_000_000
        if max(order, quantity, nanoseconds) > _LARGEST:
            raise MessageError(f"expected numbers below 2^64, got {message!r:.80}", "out_of_range")
        try:
            tick = self.instruments[0].ticks(price.decode("ascii"))
        except NumberError as error:
            self._rows.append(self._gap(0, nanoseconds))
            code = "off_tick" if error.code == "off_step" else error.code
            raise MessageError(f"price of order {order}: {error}", code) from None
        self._emit(order, side, tick, quantity, action, nanoseconds)

    def _emit(
        self, order: int, side: int, tick: int, quantity: int, action: bytes, time: int
    ) -> None:
        live = self._live
        if action == b"created":
            live[order] = (side, tick)
            self._rows.append((0, _ADD, side, 0, order, 0, tick, quantity, time))
            return
        known = live.get(order)
        if action == b"deleted" or not quantity:
            live.pop(order, None)
            self._rows.append((0, _DELETE, side, 0, order, 0, 0, 0, time))
            return
        live[order] = (side, tick)
        if known is None or known == (side, tick):
            self._rows.append((0, _SET, side, 0, order, 0, tick, quantity, time))
        elif known[0] == side:
            self._rows.append((0, _REPLACE, side, 0, order, order, tick, quantity, time))
        else:  # a replace keeps the side
            self._rows.append((0, _DELETE, known[0], 0, order, 0, 0, 0, time))
            self._rows.append((0, _ADD, side, 0, order, 0, tick, quantity, time))
