"""Kraken WebSocket v1: book, with its checksum, and trade."""

import re
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from host.venues.instrument import Instrument, step_of
from host.venues.jsontext import loads
from host.venues.parser import (
    COMPLETE,
    Check,
    MessageError,
    Row,
    VenueParser,
    level_rows,
    required,
)
from hw.records import UPDATE_KIND

__all__ = ["KrakenParser", "kraken_checksum"]

CHECKED_LEVELS: Final = 10

_SET: Final = UPDATE_KIND.set
_TRADE: Final = UPDATE_KIND.trade
_CLEAR: Final = UPDATE_KIND.clear
_READ_LEVELS: Final = UPDATE_KIND.read_levels
_SIDES: Final = {"bs": 0, "as": 1, "b": 0, "a": 1}
_CHANNEL: Final = re.compile(r"book-([0-9]{1,6})", re.ASCII)


def kraken_checksum(
    asks: Iterable[tuple[int, int]], bids: Iterable[tuple[int, int]], instrument: Instrument
) -> int:
    """Return the CRC32 that Kraken computes over the best 10 levels of each side.

    Each level gives the digits of price and quantity as the venue sends them, without the point
    and without leading zeros; asks first, best first.

    Parameters
    ----------
    asks, bids : iterable of (tick, quantity)
        Levels [ticks, lots], best first; those after the tenth do not count.
    instrument : Instrument
        With ``price_digits`` and ``quantity_digits`` as the venue sends them.
    """
    price = _digits_per_step(instrument.tick_size, instrument.price_digits)
    quantity = _digits_per_step(instrument.lot_size, instrument.quantity_digits)
    text = "".join(
        f"{tick * price}{lots * quantity}"
        for side in (asks, bids)
        for tick, lots in list(side)[:CHECKED_LEVELS]
    )
    return zlib.crc32(text.encode("ascii"))


def _digits_per_step(step: str, places: int) -> int:
    """Return one step as an integer of units in the last of ``places`` decimals."""
    whole, _, fraction = step.partition(".")
    return int((whole + fraction).ljust(len(whole) + places, "0"))


def _pair_decimals(document: dict[str, Any], message: bytes) -> dict[str, tuple[int, int]]:
    """Return decimals of price and lot by pair, from a reply of the REST call ``AssetPairs``."""
    try:
        return {
            pair["wsname"]: (int(pair["pair_decimals"]), int(pair["lot_decimals"]))
            for pair in document["result"].values()
            if "wsname" in pair
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MessageError(f"expected a reply of AssetPairs, got {message!r:.60}") from error


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the objects of one message as one; lists under the same key follow each other."""
    changes: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            changes[key] = changes[key] + value if key in changes and key != "c" else value
    return changes


@dataclass(slots=True)
class _Book:
    """One pair's book, and what the depth rule needs."""

    index: int
    instrument: Instrument
    depth: int
    trusted: bool = True
    live: tuple[set[int], set[int]] = field(default_factory=lambda: (set(), set()))


class KrakenParser(VenueParser):
    """Keep books of the subscribed depth, and ask for the levels that a checksum covers.

    After an update that makes a side deeper than subscribed, the levels beyond the depth leave
    it, as the venue demands: it will not update them any more.

    A reply of the REST call ``AssetPairs``, given as a message before a pair's first snapshot,
    says its decimals. A pair without gets the digits that it is sent with, which can be more than
    its tick; ``notes`` says so.

    Parameters
    ----------
    symbols : collection of str, optional
        The only pairs to keep, such as ``XBT/USD``; all where None.
    """

    def __init__(self, *, symbols: Collection[str] | None = None) -> None:
        super().__init__(symbols=symbols)
        self._decimals: dict[str, tuple[int, int]] = {}
        self._books: dict[str, _Book] = {}

    def _parse(self, message: bytes, time: int) -> None:
        document = loads(message)
        if isinstance(document, dict) and "result" in document:
            self._decimals.update(_pair_decimals(document, message))
            return
        if isinstance(document, dict):
            self._skip_kind(str(document.get("event", "reply"))[:40])
            return
        if not isinstance(document, list) or len(document) < 4:
            raise MessageError(f"expected [channel, data, name, pair], got {message!r:.60}")
        name, pair = document[-2:]
        if not isinstance(name, str) or not isinstance(pair, str):
            raise MessageError(f"expected a channel name and a pair, got {name!r} and {pair!r}")
        if not self.wanted(pair):
            self.skipped["other symbol"] += 1
        elif channel := _CHANNEL.fullmatch(name):
            self._on_book(pair, int(channel[1]), document[1:-2], time)
        elif name == "trade":
            self._on_trades(pair, document[1], time)
        else:
            self._skip_kind(name[:40])

    def _on_book(self, pair: str, depth: int, parts: list[Any], time: int) -> None:
        book = self._books.get(pair)
        try:
            changes = _merged(parts)
            if "as" in changes or "bs" in changes:
                if book is None:
                    book = self._books[pair] = self._open(pair, depth, changes)
                self._on_snapshot(book, changes, time)
            elif book is None:
                self.skipped["update before a snapshot"] += 1
            else:
                self._on_update(book, changes, time)
        except (ValueError, LookupError, TypeError, AttributeError):
            if book is not None:
                book.trusted = False
                self._rows.append(self._gap(book.index, time))
            raise

    def _open(self, pair: str, depth: int, changes: dict[str, Any]) -> _Book:
        levels = [*changes.get("as", ()), *changes.get("bs", ())]
        price = max((len(level[0].partition(".")[2]) for level in levels), default=0)
        quantity = max((len(level[1].partition(".")[2]) for level in levels), default=0)
        tick, lot = self._decimals.get(pair, (price, quantity))
        if pair not in self._decimals:
            self.notes.append(f"{pair}: tick {step_of(tick)} from the digits sent, may be coarser")
        instrument = Instrument(
            symbol=pair,
            venue="kraken",
            tick_size=step_of(tick),
            lot_size=step_of(lot),
            price_digits=max(price, tick),
            quantity_digits=max(quantity, lot),
        )
        return _Book(self._add_book(instrument), instrument, depth)

    def _on_snapshot(self, book: _Book, changes: dict[str, Any], time: int) -> None:
        rows: list[Row] = [(book.index, _CLEAR, 0, COMPLETE, 0, 0, 0, 0, time)]
        for key in ("bs", "as"):
            level_rows(book.index, book.instrument, _SIDES[key], changes.get(key, ()), time, rows)
        for side in book.live:
            side.clear()
        self._note(book, rows, time)
        book.trusted = True
        self._rows += rows

    def _on_update(self, book: _Book, changes: dict[str, Any], time: int) -> None:
        rows: list[Row] = []
        for key in ("b", "a"):
            if key in changes:
                level_rows(book.index, book.instrument, _SIDES[key], changes[key], time, rows)
        crc = int(required(changes, "c", str)) if "c" in changes else None
        self._note(book, rows, time)
        self._rows += rows
        if crc is None or not book.trusted:
            return
        self._rows.append((book.index, _READ_LEVELS, 0, 0, 0, 0, 0, 0, time))
        position = self._position()
        self._checks.append(Check(position=position, book=book.index, kind="checksum", crc=crc))

    def _note(self, book: _Book, rows: list[Row], time: int) -> None:
        """Follow which levels live, and append the removal of those beyond the depth."""
        for row in rows:
            if row[1] == _SET:
                live = book.live[row[2]]
                if row[7]:
                    live.add(row[6])
                else:
                    live.discard(row[6])
        for side, live in enumerate(book.live):
            while len(live) > book.depth:
                tick = max(live) if side else min(live)
                live.remove(tick)
                rows.append((book.index, _SET, side, 0, tick * 2 + side, 0, tick, 0, time))

    def _on_trades(self, pair: str, trades: Any, time: int) -> None:
        book = self._books.get(pair)
        if book is None:
            self.skipped["trade before a snapshot"] += 1
            return
        levels: list[Row] = []
        level_rows(book.index, book.instrument, 0, trades, time, levels)
        for level, trade in zip(levels, trades, strict=True):
            side = 1 if trade[3] == "b" else 0  # the side that rested
            self._rows.append((book.index, _TRADE, side, 0, 0, 0, level[6], level[7], time))
