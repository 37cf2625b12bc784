"""Tests of host.venues.kraken."""

import json
from typing import Any

import pytest

from host.venues.instrument import Instrument
from host.venues.kraken import KrakenParser, kraken_checksum
from hw.records import UPDATE_KIND
from tests.host.venues.messages import taken

# The example of "Book checksum (WebSocket v1)" in Kraken's public documents.
EXAMPLE_ASKS = [f"0.05{price:03d}" for price in range(5, 51, 5)]
EXAMPLE_BIDS = [f"0.0{p}" for p in (5000, 4995, 4990, 4980, 4975, 4970, 4965, 4960, 4955, 4950)]
EXAMPLE_VOLUME = "0.00000500"
EXAMPLE_CRC = 974947235

CLEAR, SET, GAP, READ = (
    UPDATE_KIND.clear,
    UPDATE_KIND.set,
    UPDATE_KIND.gap,
    UPDATE_KIND.read_levels,
)
DECIMALS = {"error": [], "result": {"X": {"wsname": "X/Y", "pair_decimals": 2, "lot_decimals": 8}}}


def book(*parts: dict[str, Any], depth: int = 10) -> bytes:
    """Return a book message of X/Y."""
    return json.dumps([1, *parts, f"book-{depth}", "X/Y"]).encode()


def level(price: str, volume: str = "1.00000000", *more: str) -> list[str]:
    """Return a level as the venue sends it."""
    return [price, volume, "1618678133.366460", *more]


def opened(depth: int = 10) -> KrakenParser:
    """Return a parser with a book of one bid and one ask."""
    parser = KrakenParser()
    parser.parse(json.dumps(DECIMALS).encode(), 1)
    parser.parse(book({"bs": [level("1.00000")], "as": [level("2.00000")]}, depth=depth), 2)
    taken(parser)
    return parser


def test_checksum_equals_the_published_example() -> None:
    instrument = Instrument(
        symbol="X/Y", venue="kraken", tick_size="0.00001", lot_size="0.00000001",
        price_digits=5, quantity_digits=8,
    )  # fmt: skip
    asks, bids = (
        [(instrument.ticks(price), instrument.lots(EXAMPLE_VOLUME)) for price in side]
        for side in (EXAMPLE_ASKS, EXAMPLE_BIDS)
    )
    assert kraken_checksum(asks, bids, instrument) == EXAMPLE_CRC
    assert kraken_checksum([*asks, (1, 1)], [*bids, (1, 1)], instrument) == EXAMPLE_CRC


def test_checksum_of_a_coarser_tick_uses_the_digits_as_sent() -> None:
    coarse, fine = (
        Instrument(
            symbol="X/Y", venue="kraken", tick_size=tick, lot_size="0.01",
            price_digits=5, quantity_digits=8,
        )
        for tick in ("0.01", "0.00001")
    )  # fmt: skip
    asks, bids = [(200, 3)], [(100, 4)]
    finer = [(tick * 1000, lots) for tick, lots in asks], [(t * 1000, q) for t, q in bids]
    assert kraken_checksum(asks, bids, coarse) == kraken_checksum(*finer, fine)


def test_a_snapshot_uses_the_pair_decimals_that_came_before_it() -> None:
    parser = KrakenParser()
    parser.parse(json.dumps(DECIMALS).encode(), 1)
    parser.parse(book({"bs": [level("1.00000")], "as": [level("2.50000")]}), 2)
    assert taken(parser)[0] == [
        (0, CLEAR, 0, 1, 0, 0, 0, 0, 2),
        (0, SET, 0, 0, 200, 0, 100, 100_000_000, 2),
        (0, SET, 1, 0, 501, 0, 250, 100_000_000, 2),
    ]
    assert (parser.instruments[0].tick_size, parser.instruments[0].price_digits) == ("0.01", 5)
    assert parser.notes == []


def test_without_pair_decimals_the_tick_is_the_last_digit_sent_and_a_note_says_so() -> None:
    parser = KrakenParser()
    parser.parse(book({"bs": [level("1.00000")], "as": []}), 2)
    assert parser.instruments[0].tick_size == "0.00001"
    assert "X/Y: tick 0.00001 from the digits sent" in parser.notes[0]


def test_an_update_with_a_checksum_reads_the_levels_out_and_checks_them() -> None:
    parser = opened()
    parser.parse(book({"a": [level("2.01000")]}, {"b": [level("1.01000")], "c": "77"}), 3)
    rows, checks, codes = taken(parser)
    assert [(row[1], row[2], row[6]) for row in rows] == [
        (SET, 0, 101),
        (SET, 1, 201),
        (READ, 0, 0),
    ]
    assert [(c.position, c.kind, c.crc, c.book) for c in checks] == [(5, "checksum", 77, 0)]
    assert not codes


def test_two_objects_of_one_side_both_count() -> None:
    parser = opened()
    parser.parse(book({"a": [level("2.01")]}, {"a": [level("2.02")]}), 3)
    assert [row[6] for row in taken(parser)[0]] == [201, 202]


def test_republished_levels_are_applied_like_others() -> None:
    parser = opened()
    parser.parse(book({"a": [level("2.00000", "3.00000000", "r")]}), 3)
    assert taken(parser)[0] == [(0, SET, 1, 0, 401, 0, 200, 300_000_000, 3)]


def test_levels_beyond_the_subscribed_depth_leave_the_book() -> None:
    parser = opened(depth=1)
    parser.parse(book({"a": [level("1.99")], "b": [level("0.99")]}, depth=1), 3)
    assert taken(parser)[0] == [
        (0, SET, 0, 0, 198, 0, 99, 100_000_000, 3),
        (0, SET, 1, 0, 399, 0, 199, 100_000_000, 3),
        (0, SET, 0, 0, 198, 0, 99, 0, 3),
        (0, SET, 1, 0, 401, 0, 200, 0, 3),
    ]


def test_a_level_off_the_tick_makes_a_gap_and_ends_the_checks_until_a_snapshot() -> None:
    parser = opened()
    parser.parse(book({"a": [level("2.00500")], "c": "1"}), 3)
    rows, checks, codes = taken(parser)
    assert ([row[1] for row in rows], checks, codes) == ([GAP], [], ["off_tick"])
    parser.parse(book({"a": [level("2.01000")], "c": "1"}), 4)
    assert taken(parser)[1] == []
    parser.parse(book({"bs": [level("1.0")], "as": [level("2.0")]}), 5)
    parser.parse(book({"a": [level("2.01000")], "c": "1"}), 6)
    assert len(taken(parser)[1]) == 1


def test_trades_name_the_side_that_rested() -> None:
    parser = opened()
    trades = [["1.50", "0.1", "1.0", "b", "m", ""], ["1.51", "0.2", "1.0", "s", "l", ""]]
    parser.parse(json.dumps([1, trades, "trade", "X/Y"]).encode(), 3)
    assert taken(parser)[0] == [
        (0, UPDATE_KIND.trade, 1, 0, 0, 0, 150, 10_000_000, 3),
        (0, UPDATE_KIND.trade, 0, 0, 0, 0, 151, 20_000_000, 3),
    ]


def test_what_is_no_book_is_counted() -> None:
    parser = KrakenParser(symbols=["X/Y"])
    for message in (
        {"event": "heartbeat"},
        [1, {}, "ticker", "X/Y"],
        [1, {}, "book-10", "A/B"],
        [1, {"a": []}, "book-10", "X/Y"],
        [1, [], "trade", "X/Y"],
    ):
        parser.parse(json.dumps(message).encode(), 1)
    assert taken(parser) == ([], [], [])
    assert parser.skipped == {
        "heartbeat": 1,
        "ticker": 1,
        "other symbol": 1,
        "update before a snapshot": 1,
        "trade before a snapshot": 1,
    }


@pytest.mark.parametrize("message", [b"[1]", b"1", b'[1,{},2,"X/Y"]', b'{"result":[]}', b"nul"])
def test_a_malformed_message_is_a_problem(message: bytes) -> None:
    parser = KrakenParser()
    parser.parse(message, 1)
    assert taken(parser) == ([], [], ["malformed"])


def test_names_of_passed_messages_are_bounded() -> None:
    parser = KrakenParser()
    for i in range(1000):
        parser.parse(json.dumps({"event": f"event {i}"}).encode(), 1)
    assert len(parser.skipped) == 65
    assert (parser.skipped["event 5"], parser.skipped["other"]) == (1, 936)
