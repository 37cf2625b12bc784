"""Binance: depth diffs, book tickers, trades and REST snapshots of spot, USD-M and COIN-M.

The rules for a local book are those of Binance's public documents ("How to manage a local order
book correctly"), with the difference between spot and futures that they state.
"""

from collections import deque
from collections.abc import Collection
from typing import Any, Final

from host.venues.binance_book import Book, Held, expected_best
from host.venues.binance_steps import steps_for
from host.venues.instrument import Instrument
from host.venues.jsontext import loads
from host.venues.parser import (
    COMPLETE,
    MessageError,
    Row,
    VenueParser,
    level_rows,
    required,
)
from hw.records import UPDATE_KIND

__all__ = ["BinanceParser"]

SPOT: Final = "binance"
USD_M: Final = "binance-usdm"
COIN_M: Final = "binance-coinm"

_WAITING: Final = 1024  # diffs kept per book for a snapshot to come
_TICKERS: Final = 1 << 14  # book tickers kept per book for a diff to come
_STATUS: Final = UPDATE_KIND.status
_TRADE: Final = UPDATE_KIND.trade
_CLEAR: Final = UPDATE_KIND.clear


class BinanceParser(VenueParser):
    """Keep books in step by snapshots and update ids, and check them by the book ticker.

    A diff is held until a ticker newer than it has come: then the last ticker with an id up to
    the diff's is what the venue says of the book at that moment. After ``ahead`` messages it goes
    without a check. All rows keep the order of the messages.

    A REST snapshot is used where a book waits for one (at the start, and after a hole) and passed
    over otherwise. A spot or USD-M snapshot does not name its symbol: the caller says it, or it
    is the only symbol that ``source`` has shown.

    Parameters
    ----------
    symbols : collection of str, optional
        The only symbols to keep; all where None.
    ahead : int
        Messages that a diff may wait for its check; 0 for a live feed that cannot wait.
    """

    def __init__(self, *, symbols: Collection[str] | None = None, ahead: int = 4096) -> None:
        super().__init__(symbols=symbols)
        self._ahead = ahead
        self._books: dict[tuple[str, str], Book] = {}
        self._held: deque[Held] = deque()
        self._of_source: dict[str, dict[str, Book]] = {}
        self.source = ""  # what the next message came from: a file or a connection
        self.snapshot_symbol = ""  # symbol of the next message, where its request says it

    def _parse(self, message: bytes, time: int) -> None:
        document = loads(message)
        if not isinstance(document, dict):
            raise MessageError(f"expected a JSON object, got {message!r:.60}")
        data = document.get("data", document)
        kind = data.get("e")
        if kind == "depthUpdate":
            self._on_diff(data, time)
        elif kind == "bookTicker" or (kind is None and "B" in data):
            self._on_ticker(document, data)
        elif kind == "trade":
            self._on_trade(data, time)
        elif "lastUpdateId" in data:
            self._on_snapshot(data, time)
        elif isinstance(kind, str) or "result" in document:
            self._skip_kind(kind or "response")
        else:
            raise MessageError(f"expected a depth, ticker, trade or snapshot, got {message!r:.60}")

    def finish(self) -> None:
        """Hand out every diff that still waits, and report books without a snapshot."""
        while self._held:
            self._release(checked=True)
        for book in self._books.values():
            if book.index < 0 and book.waiting:
                text = f"expected a REST snapshot of {book.symbol} ({book.venue}), got none"
                self._report("no_snapshot", text)

    def _book(self, venue: str, symbol: str) -> Book | None:
        if not self.wanted(symbol):
            self.skipped["other symbol"] += 1
            return None
        book = self._books.get((venue, symbol))
        if book is None:
            book = self._books[venue, symbol] = Book(venue, symbol)
        self._of_source.setdefault(self.source, {})[venue + " " + symbol] = book
        return book

    def _on_diff(self, data: dict[str, Any], time: int) -> None:
        venue = SPOT if "pu" not in data else COIN_M if "ps" in data else USD_M
        book = self._book(venue, required(data, "s", str))
        if book is None:
            return
        if not (required(data, "U", int) <= required(data, "u", int)):
            raise MessageError(f"expected U <= u, got {data['U']} and {data['u']}")
        if book.in_step:
            self._apply(book, data, time)
        else:
            self._wait(book, data, time)

    def _wait(self, book: Book, data: dict[str, Any], time: int) -> None:
        if len(book.waiting) >= _WAITING:
            book.waiting.popleft()
            self.skipped["diff before a snapshot"] += 1
        book.waiting.append((data, time))

    def _apply(self, book: Book, data: dict[str, Any], time: int) -> None:
        spot, first, last = book.venue == SPOT, data["U"], data["u"]
        if last < book.last or (last == book.last and (spot or not book.first)):
            self.skipped["diff older than the book"] += 1
            return
        if book.first:
            fits = first <= book.last + spot <= last
        else:
            fits = first == book.last + 1 if spot else data["pu"] == book.last
        if not fits:
            rule = "the first to straddle" if book.first else "the next to follow"
            text = f"{book.symbol}: expected {rule} update id {book.last}, got U={first} u={last}"
            self._lose(book, time, MessageError(text, "feed_gap"))
            self._wait(book, data, time)  # the next snapshot may lie within it
            return
        self._hold_diff(book, data, time)

    def _hold_diff(self, book: Book, data: dict[str, Any], time: int) -> None:
        rows: list[Row] = []
        assert book.instrument is not None
        try:
            level_rows(book.index, book.instrument, 0, data["b"], time, rows)
            level_rows(book.index, book.instrument, 1, data["a"], time, rows)
        except (LookupError, TypeError) as error:
            malformed = MessageError(f"{book.symbol}: expected b, a of [price, quantity]: {error}")
            self._lose(book, time, malformed)
        except MessageError as error:
            self._lose(book, time, error)
        else:
            if not rows:  # something must close for the check to stand on
                rows.append((book.index, _STATUS, 0, 0, 0, 0, 0, 0, time))
            book.last, book.first = data["u"], False
            self._hold(Held(book, rows, book.last))

    def _lose(self, book: Book, time: int, reason: MessageError) -> None:
        """Stop trusting a book until its next snapshot."""
        book.in_step = False
        self._hold(Held(book, [self._gap(book.index, time)]))
        self._report(reason.code, str(reason))

    def _on_snapshot(self, data: dict[str, Any], time: int) -> None:
        book = self._snapshot_book(data)
        if book is None:
            return
        if book.in_step:
            self.skipped["snapshot while in step"] += 1
            return
        last = required(data, "lastUpdateId", int)
        levels = (required(data, "bids", list), required(data, "asks", list))
        if book.instrument is None:
            book.instrument = self._instrument(book, levels)
            book.index = self._add_book(book.instrument)
        rows: list[Row] = [(book.index, _CLEAR, 0, COMPLETE, 0, 0, 0, 0, time)]
        for side in (0, 1):
            level_rows(book.index, book.instrument, side, levels[side], time, rows)
        book.in_step = book.first = True
        book.last = last
        self._hold(Held(book, rows))
        waiting, book.waiting = book.waiting, deque()
        for diff, arrived in waiting:
            if book.in_step:
                self._apply(book, diff, arrived)
            else:
                self._wait(book, diff, arrived)

    def _snapshot_book(self, data: dict[str, Any]) -> Book | None:
        symbol = data.get("symbol") or self.snapshot_symbol
        venue = COIN_M if "pair" in data else USD_M if "E" in data else SPOT
        if symbol:
            return self._book(venue, symbol)
        seen = [b for b in self._of_source.get(self.source, {}).values() if b.venue == venue]
        if len(seen) != 1:
            raise MessageError(
                f"expected one {venue} symbol before a snapshot that names none, got "
                f"{sorted(b.symbol for b in seen)}",
                "unknown_snapshot",
            )
        return seen[0]

    def _instrument(self, book: Book, levels: tuple[list[Any], list[Any]]) -> Instrument:
        waiting = [side for diff, _ in book.waiting for side in (diff["b"], diff["a"])]
        tick, lot, known = steps_for(book.venue, book.symbol, [*levels, *waiting])
        if not known:
            text = f"{book.symbol} ({book.venue}): tick {tick} and lot {lot} from the digits sent"
            self.notes.append(text)
        return Instrument(symbol=book.symbol, venue=book.venue, tick_size=tick, lot_size=lot)

    def _on_trade(self, data: dict[str, Any], time: int) -> None:
        symbol, venue = required(data, "s", str), SPOT
        if "X" in data:  # a trade of a future does not say of which market
            venue = COIN_M if (COIN_M, symbol) in self._books else USD_M
        book = self._book(venue, symbol)
        if book is None:
            return
        if book.instrument is None:
            self.skipped["trade before a snapshot"] += 1
            return
        rows: list[Row] = []
        level_rows(book.index, book.instrument, 0, [(data["p"], data["q"])], time, rows)
        tick, quantity = rows[0][6:8]
        number = required(data, "t", int) & (2**64 - 1)
        side = 0 if data["m"] else 1  # the side that rested: the buyer is the maker
        row = (book.index, _TRADE, side, 0, number, 0, tick, quantity, time)
        self._hold(Held(book, [row]))

    def _on_ticker(self, document: dict[str, Any], data: dict[str, Any]) -> None:
        venue = SPOT if "e" not in data else COIN_M if "ps" in data else USD_M
        book = self._book(venue, required(data, "s", str))
        if book is None:
            return
        if required(data, "u", int) <= book.newest:
            self.skipped["ticker out of order"] += 1
            return
        book.newest = data["u"]
        if len(book.tickers) >= _TICKERS:
            book.ticker = book.tickers.popleft()
        book.tickers.append(data)
        self._settle()

    def _hold(self, held: Held) -> None:
        self._held.append(held)
        self._settle()

    def _settle(self) -> None:
        held = self._held
        while held and (held[0].last < 0 or held[0].last < held[0].book.newest):
            self._release(checked=True)
        while len(held) > self._ahead:
            self._release(checked=False)

    def _release(self, *, checked: bool) -> None:
        held = self._held.popleft()
        self._rows += held.rows
        if held.last < 0:
            return
        book, tickers = held.book, held.book.tickers
        while tickers and tickers[0]["u"] <= held.last:
            book.ticker = tickers.popleft()
        if checked and book.ticker is not None and book.ticker["u"] <= held.last:
            self._add_check(book, book.ticker)

    def _add_check(self, book: Book, ticker: dict[str, Any]) -> None:
        try:
            self._checks.append(expected_best(book, ticker, self._position()))
        except (LookupError, TypeError, MessageError) as error:
            self._report("malformed", f"{book.symbol}: expected a ticker's b, B, a, A: {error}")
            book.ticker = None
