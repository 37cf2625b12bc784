"""Messages of venues, built by hand from their published forms, and a plain book to check with."""

import json
import struct
from typing import Any

from host.venues.itch50 import LENGTHS
from host.venues.parser import Check, Row, VenueParser
from hw.records import UPDATE_KIND

__all__ = ["PlainBook", "diff", "itch", "snapshot", "taken", "ticker"]


def taken(parser: VenueParser) -> tuple[list[Row], list[Check], list[str]]:
    """Return rows, checks and codes of problems so far, and forget them."""
    rows, checks = parser.take()
    codes = [problem.code for problem in parser.problems]
    parser.problems.clear()
    return rows, checks, codes


def diff(
    first: int,
    last: int,
    bids: list[tuple[str, str]] | None = None,
    asks: list[tuple[str, str]] | None = None,
    **more: Any,
) -> bytes:
    """Return a Binance depth diff of BTCUSDT."""
    data = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first, "u": last, **more}
    return json.dumps({"stream": "x", "data": {**data, "b": bids or [], "a": asks or []}}).encode()


def ticker(update: int, bid: str, bid_size: str, ask: str, ask_size: str, **more: Any) -> bytes:
    """Return a Binance book ticker of BTCUSDT."""
    data = {"u": update, "s": "BTCUSDT", "b": bid, "B": bid_size, "a": ask, "A": ask_size, **more}
    return json.dumps({"stream": "x", "data": data}).encode()


def snapshot(
    last: int, bids: list[tuple[str, str]], asks: list[tuple[str, str]], **more: Any
) -> bytes:
    """Return a Binance REST snapshot."""
    return json.dumps({"lastUpdateId": last, "bids": bids, "asks": asks, **more}).encode()


def itch(kind: str, form: str = "", *values: Any, locate: int = 7, time: int = 5) -> bytes:
    """Encode an ITCH 5.0 message: type, locate, tracking, 48-bit time, then ``values``.

    What ``values`` leave of the published length is filled with zeros.
    """
    head = struct.pack(">cHH", kind.encode(), locate, 0) + time.to_bytes(6, "big")
    return (head + struct.pack(f">{form}", *values)).ljust(LENGTHS[kind], b"\0")


class PlainBook:
    """Levels of one depth book, as obvious as can be."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def apply(self, row: Row) -> None:
        """Apply a clear or a set; other kinds change nothing."""
        _, kind, side, _, _, _, tick, quantity, _ = row
        if kind == UPDATE_KIND.clear:
            self.sides[0].clear()
            self.sides[1].clear()
        elif kind == UPDATE_KIND.set:
            self.sides[side][tick] = quantity
            if not quantity:
                del self.sides[side][tick]

    def best(self) -> tuple[int, int, int, int]:
        """Return bid tick, quantity, ask tick, quantity."""
        bid, ask = max(self.sides[0]), min(self.sides[1])
        return bid, self.sides[0][bid], ask, self.sides[1][ask]

    def levels(self, side: int) -> list[tuple[int, int]]:
        """Return every level of a side, best first."""
        return sorted(self.sides[side].items(), reverse=side == 0)
