"""LOBSTER message files: Nasdaq order events of one stock as comma-separated values.

Columns: time [s after midnight], type, order id, size, price times 10,000, direction (1 buy,
-1 sell, of the resting order). See "Output structure" of LOBSTER's public documents.
"""

import re
from collections.abc import Collection
from typing import Final

from host.venues.instrument import Instrument
from host.venues.parser import MessageError, VenueParser
from hw.records import UPDATE_KIND

__all__ = ["LobsterParser"]

_ROW: Final = re.compile(
    rb"([0-9]{1,5})(?:\.([0-9]{1,12}))?,([1-7]),([0-9]{1,20}),([0-9]{1,20}),"
    rb"(-?[0-9]{1,20}),(-1|0|1)(?:,[^\r\n]*)?\s*",
    re.ASCII,
)
_KINDS: Final = {
    b"1": UPDATE_KIND.add,
    b"2": UPDATE_KIND.reduce,  # partial cancellation
    b"3": UPDATE_KIND.delete,
    b"4": UPDATE_KIND.execute,  # of a visible order
    b"5": UPDATE_KIND.trade,  # of a hidden order
    b"6": UPDATE_KIND.trade,  # cross
    b"7": UPDATE_KIND.status,  # halt; the price says which
}
_PRICED: Final = (UPDATE_KIND.add, UPDATE_KIND.trade)
_LARGEST: Final = 2**63 - 1
_EXPECTED: Final = "time,type (1-7),order id,size,price,direction (1 or -1)"


class LobsterParser(VenueParser):
    """Turn order events into updates of one book.

    The files start with orders already resting that they do not tell, so the book is never
    complete and an unknown order is no contradiction.

    Parameters
    ----------
    symbol : str
        The stock.
    midnight : int
        Midnight of the day, in the venue's local time [ns since epoch, UTC]; times count from it.
    symbols : collection of str, optional
        The only symbols to keep; all where None.
    """

    def __init__(
        self, *, symbol: str = "?", midnight: int = 0, symbols: Collection[str] | None = None
    ) -> None:
        super().__init__(symbols=symbols)
        self._midnight = midnight
        self._keep = self.wanted(symbol)
        if self._keep:
            self._add_book(
                Instrument(symbol=symbol, venue="nasdaq", tick_size="0.0001", lot_size="1")
            )

    def _parse(self, message: bytes, time: int) -> None:
        """Read one row; its own time stands, ``time`` is not used."""
        found = _ROW.fullmatch(message)
        if found is None:
            if not message.strip():
                return
            raise MessageError(f"expected {_EXPECTED}, got {message!r:.80}")
        if not self._keep:
            self.skipped["other symbol"] += 1
            return
        seconds, fraction, code, order_text, size_text, price_text, direction = found.groups()
        kind, order = _KINDS[code], int(order_text)
        size, price = int(size_text), int(price_text)
        if kind == UPDATE_KIND.status:
            order = size = price = 0
        elif price < 0 or (direction == b"0" and kind != UPDATE_KIND.trade):
            raise MessageError(f"expected {_EXPECTED}, got {message!r:.80}")
        if max(order, size, price) > _LARGEST:
            raise MessageError(f"expected numbers below 2^63, got {message!r:.80}", "out_of_range")
        now = self._midnight + int(seconds) * 1_000_000_000
        now += int((fraction or b"0").ljust(9, b"0")[:9])
        tick = price if kind in _PRICED else 0
        side = 1 if direction == b"-1" else 0
        self._rows.append((0, kind, side, 0, order, 0, tick, size, now))
