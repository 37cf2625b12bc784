"""Coinbase: level2 snapshot and updates, and matches."""

from collections.abc import Collection
from typing import Any, Final

from host.venues.instrument import Instrument, decimals_used, step_of
from host.venues.jsontext import loads
from host.venues.parser import COMPLETE, MessageError, Row, VenueParser, level_rows, required
from hw.records import UPDATE_KIND

__all__ = ["CoinbaseParser"]

_TRADE: Final = UPDATE_KIND.trade
_CLEAR: Final = UPDATE_KIND.clear
_SIDES: Final = {"buy": 0, "sell": 1}


class CoinbaseParser(VenueParser):
    """Keep books of the ``level2`` channel.

    The channel has no sequence numbers, so a lost message cannot be seen. An update that cannot
    be read makes its book a gap, until the next snapshot.

    A reply of the REST call ``products``, given as a message before a product's snapshot, says
    its increments. A product without gets the decimals that its snapshot uses; ``notes`` says so.

    Parameters
    ----------
    symbols : collection of str, optional
        The only products to keep, such as ``BTC-USD``; all where None.
    """

    def __init__(self, *, symbols: Collection[str] | None = None) -> None:
        super().__init__(symbols=symbols)
        self._increments: dict[str, tuple[str, str]] = {}
        self._books: dict[str, int] = {}

    def _parse(self, message: bytes, time: int) -> None:
        document = loads(message)
        if isinstance(document, list):
            for product in document:
                steps = product["quote_increment"], product["base_increment"]
                self._increments[product["id"]] = steps
            return
        if not isinstance(document, dict):
            raise MessageError(f"expected a JSON object, got {message!r:.60}")
        kind = required(document, "type", str)
        if kind not in ("snapshot", "l2update", "match"):
            self._skip_kind(kind[:40])
            return
        symbol = required(document, "product_id", str)
        if not self.wanted(symbol):
            self.skipped["other symbol"] += 1
        elif kind == "snapshot":
            self._on_snapshot(symbol, document, time)
        elif symbol not in self._books:
            self.skipped[f"{kind} before a snapshot"] += 1
        elif kind == "l2update":
            self._on_update(self._books[symbol], document, time)
        else:
            self._on_match(self._books[symbol], document, time)

    def _on_snapshot(self, symbol: str, document: dict[str, Any], time: int) -> None:
        levels = (required(document, "bids", list), required(document, "asks", list))
        if symbol not in self._books:
            self._books[symbol] = self._add_book(self._instrument(symbol, levels))
        book = self._books[symbol]
        rows: list[Row] = [(book, _CLEAR, 0, COMPLETE, 0, 0, 0, 0, time)]
        try:
            for side in (0, 1):
                level_rows(book, self.instruments[book], side, levels[side], time, rows)
        except (ValueError, LookupError, TypeError):
            self._rows.append(self._gap(book, time))
            raise
        self._rows += rows

    def _instrument(self, symbol: str, levels: tuple[list[Any], list[Any]]) -> Instrument:
        steps = self._increments.get(symbol)
        if steps is None:
            both = [*levels[0], *levels[1]]
            price = max((decimals_used(level[0]) for level in both), default=0)
            quantity = max((decimals_used(level[1]) for level in both), default=0)
            steps = step_of(price), step_of(quantity)
            self.notes.append(f"{symbol}: tick {steps[0]} and lot {steps[1]} from the digits used")
        return Instrument(symbol=symbol, venue="coinbase", tick_size=steps[0], lot_size=steps[1])

    def _on_update(self, book: int, document: dict[str, Any], time: int) -> None:
        instrument, rows = self.instruments[book], list[Row]()
        try:
            for side, price, size in document["changes"]:
                level_rows(book, instrument, _SIDES[side], ((price, size),), time, rows)
        except (ValueError, LookupError, TypeError):
            self._rows.append(self._gap(book, time))
            raise
        self._rows += rows

    def _on_match(self, book: int, document: dict[str, Any], time: int) -> None:
        rows: list[Row] = []
        level = (document["price"], document["size"])
        side = _SIDES[document["side"]]  # of the order that rested
        number = required(document, "trade_id", int) & (2**64 - 1)
        level_rows(book, self.instruments[book], side, [level], time, rows)
        tick, quantity = rows[0][6:8]
        self._rows.append((book, _TRADE, side, 0, number, 0, tick, quantity, time))
