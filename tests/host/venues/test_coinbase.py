"""Tests of host.venues.coinbase."""

import json
from typing import Any

import pytest

from host.venues.coinbase import CoinbaseParser
from hw.records import UPDATE_KIND
from tests.host.venues.messages import taken

CLEAR, SET, GAP = UPDATE_KIND.clear, UPDATE_KIND.set, UPDATE_KIND.gap
PRODUCTS = [{"id": "A-B", "quote_increment": "0.01", "base_increment": "0.1"}]


def message(kind: str, **more: Any) -> bytes:
    """Return a message of A-B."""
    return json.dumps({"type": kind, "product_id": "A-B", **more}).encode()


def opened(products: bool = True) -> CoinbaseParser:
    """Return a parser with a book of one bid and one ask, its rows not taken."""
    parser = CoinbaseParser()
    if products:
        parser.parse(json.dumps(PRODUCTS).encode(), 1)
    parser.parse(message("snapshot", bids=[["1.10", "2.0"]], asks=[["1.20", "3"]]), 2)
    return parser


def test_a_snapshot_is_a_complete_clear_and_its_levels() -> None:
    parser = opened()
    assert taken(parser)[0] == [
        (0, CLEAR, 0, 1, 0, 0, 0, 0, 2),
        (0, SET, 0, 0, 220, 0, 110, 20, 2),
        (0, SET, 1, 0, 241, 0, 120, 30, 2),
    ]
    assert parser.notes == []


def test_without_products_the_steps_come_from_the_digits_and_a_note_says_so() -> None:
    parser = opened(products=False)
    assert (parser.instruments[0].tick_size, parser.instruments[0].lot_size) == ("0.1", "1")
    assert "A-B: tick 0.1 and lot 1 from the digits used" in parser.notes


def test_changes_set_levels_in_their_order() -> None:
    parser = opened()
    taken(parser)
    changes = [["sell", "1.20", "0.0"], ["buy", "1.15", "4.5"]]
    parser.parse(message("l2update", changes=changes), 3)
    assert taken(parser)[0] == [
        (0, SET, 1, 0, 241, 0, 120, 0, 3),
        (0, SET, 0, 0, 230, 0, 115, 45, 3),
    ]


def test_a_match_is_a_trade_of_the_side_that_rested() -> None:
    parser = opened()
    taken(parser)
    parser.parse(message("match", side="sell", price="1.20", size="0.5", trade_id=9), 3)
    assert taken(parser)[0] == [(0, UPDATE_KIND.trade, 1, 0, 9, 0, 120, 5, 3)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([["buy", "1.15", "1"], ["sell", "1.205", "1"]], "off_tick"),
        ([["buy", "1.15", "0.05"]], "off_lot"),
        ([["hold", "1.15", "1"]], "malformed"),
        ([["buy", "1.15"]], "malformed"),
    ],
)
def test_an_update_that_cannot_be_read_makes_its_book_a_gap(
    changes: list[list[str]], code: str
) -> None:
    parser = opened()
    taken(parser)
    parser.parse(message("l2update", changes=changes), 3)
    rows, _, codes = taken(parser)
    assert rows == [(0, GAP, 0, 0, 0, 0, 0, 0, 3)]
    assert codes == [code]


def test_a_later_snapshot_off_the_tick_makes_a_gap() -> None:
    parser = opened()
    taken(parser)
    parser.parse(message("snapshot", bids=[["1.105", "1"]], asks=[]), 3)
    rows, _, codes = taken(parser)
    assert ([row[1] for row in rows], codes) == ([GAP], ["off_tick"])


def test_what_is_no_book_is_counted() -> None:
    parser = CoinbaseParser(symbols=["a-b"])
    parser.parse(message("ticker"), 1)
    parser.parse(message("l2update", changes=[]), 1)
    parser.parse(json.dumps({"type": "l2update", "product_id": "C-D"}).encode(), 1)
    assert taken(parser) == ([], [], [])
    assert parser.skipped == {"ticker": 1, "l2update before a snapshot": 1, "other symbol": 1}


@pytest.mark.parametrize("body", [b"1", b"{}", b"[1]", b"[", message("snapshot")])
def test_a_malformed_message_is_a_problem(body: bytes) -> None:
    parser = CoinbaseParser()
    parser.parse(body, 1)
    assert taken(parser) == ([], [], ["malformed"])
