"""What the Binance parser knows of one symbol, and what its book ticker says."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from host.venues.instrument import Instrument
from host.venues.parser import Check, Row, level_rows

__all__ = ["Book", "Held", "expected_best"]


@dataclass(slots=True)
class Book:
    """What the parser knows of one symbol of one market."""

    venue: str
    symbol: str
    index: int = -1
    instrument: Instrument | None = None
    in_step: bool = False
    first: bool = False  # the next diff is the first after a snapshot
    last: int = -1  # update id of the snapshot or of the last diff
    waiting: deque[tuple[dict[str, Any], int]] = field(default_factory=deque)
    tickers: deque[dict[str, Any]] = field(default_factory=deque)
    newest: int = -1  # update id of the newest ticker
    ticker: dict[str, Any] | None = None  # the last one with an id that a diff has reached


@dataclass(slots=True)
class Held:
    """Rows that wait for their turn; a diff's wait for the ticker that is newer than it."""

    book: Book
    rows: list[Row]
    last: int = -1  # update id of a diff


def expected_best(book: Book, ticker: dict[str, Any], position: int) -> Check:
    """Return the check that a book ticker makes at a position.

    Raises
    ------
    MessageError, LookupError, TypeError
        If the ticker lacks a price or a quantity.
    """
    assert book.instrument is not None
    rows: list[Row] = []
    levels = ((ticker["b"], ticker["B"]), (ticker["a"], ticker["A"]))
    level_rows(book.index, book.instrument, 0, levels, 0, rows)
    (bid, bid_quantity), (ask, ask_quantity) = (row[6:8] for row in rows)
    return Check(
        position=position,
        book=book.index,
        kind="venue_bbo",
        bid_tick=bid,
        bid_quantity=bid_quantity,
        ask_tick=ask,
        ask_quantity=ask_quantity,
    )
