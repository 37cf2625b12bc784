"""Tests of host.venues.binance: the published rules for a local order book."""

import json
from typing import Any

import pytest

from host.venues.binance import BinanceParser
from host.venues.binance_steps import steps_for
from hw.records import UPDATE_KIND
from tests.host.venues.messages import diff, snapshot, taken, ticker

BIDS = [("100.00", "1.00000000")]
ASKS = [("101.00", "2.00000000")]
CLEAR, SET, GAP = UPDATE_KIND.clear, UPDATE_KIND.set, UPDATE_KIND.gap


def kinds(parser: BinanceParser) -> list[int]:
    """Return the kinds of all rows, those that still wait included."""
    parser.finish()
    return [row[1] for row in taken(parser)[0]]


def in_step(*, futures: bool = False) -> BinanceParser:
    """Return a parser with a snapshot of update id 10 and no diff yet."""
    parser = BinanceParser()
    more: dict[str, Any] = {"pu": 1} if futures else {}
    parser.parse(diff(1, 2, **more), 1)  # tells the symbol, and is older than the snapshot
    parser.parse(snapshot(10, BIDS, ASKS, **({"E": 1} if futures else {})), 2)
    assert kinds(parser) == [CLEAR, SET, SET]
    return parser


def test_a_snapshot_is_a_complete_clear_and_its_levels() -> None:
    parser = BinanceParser()
    parser.snapshot_symbol = "BTCUSDT"
    parser.parse(snapshot(10, BIDS, ASKS), 7)
    assert taken(parser)[0] == [
        (0, CLEAR, 0, 1, 0, 0, 0, 0, 7),
        (0, SET, 0, 0, 20000, 0, 10000, 100_000_000, 7),
        (0, SET, 1, 0, 20201, 0, 10100, 200_000_000, 7),
    ]
    assert parser.instruments[0].venue == "binance"
    assert parser.instruments[0].tick_size == "0.01"


@pytest.mark.parametrize(
    ("first", "last", "fits"),
    [(5, 10, None), (11, 12, True), (5, 11, True), (11, 11, True), (12, 13, False)],
)
def test_the_first_spot_diff_straddles_the_id_after_the_snapshot(
    first: int, last: int, fits: bool | None
) -> None:
    parser = in_step()
    parser.parse(diff(first, last, BIDS), 3)
    assert kinds(parser) == ([] if fits is None else [SET] if fits else [GAP])


@pytest.mark.parametrize(
    ("first", "last", "fits"),
    [(5, 9, None), (5, 10, True), (10, 10, True), (10, 20, True), (11, 20, False)],
)
def test_the_first_futures_diff_straddles_the_id_of_the_snapshot(
    first: int, last: int, fits: bool | None
) -> None:
    parser = in_step(futures=True)
    parser.parse(diff(first, last, BIDS, pu=first - 1), 3)
    assert kinds(parser) == ([] if fits is None else [SET] if fits else [GAP])


def previous(update: int, futures: bool) -> dict[str, Any]:
    """Return the field of a diff that only futures have: the last update of the one before."""
    return {"pu": update} if futures else {}


@pytest.mark.parametrize("futures", [False, True])
def test_a_hole_is_a_gap_and_the_next_snapshot_heals_it(futures: bool) -> None:
    parser = in_step(futures=futures)
    more = {"E": 1} if futures else {}
    parser.parse(diff(10, 12, BIDS, **previous(9, futures)), 3)
    parser.parse(diff(14, 15, BIDS, **previous(13, futures)), 4)
    parser.parse(diff(16, 17, BIDS, **previous(15, futures)), 5)
    parser.parse(snapshot(14, BIDS, ASKS, **more), 6)
    parser.parse(diff(18, 19, BIDS, **previous(17, futures)), 7)
    parser.finish()
    rows, _, codes = taken(parser)
    assert codes == ["feed_gap"]
    assert [(row[1], row[8]) for row in rows] == [
        (SET, 3), (GAP, 4), (CLEAR, 6), (SET, 6), (SET, 6), (SET, 4), (SET, 5), (SET, 7),
    ]  # fmt: skip


def test_a_snapshot_older_than_the_waiting_diffs_is_a_gap_again() -> None:
    parser = BinanceParser()
    parser.parse(diff(20, 21, BIDS), 1)
    parser.parse(diff(22, 23, BIDS), 1)
    parser.parse(snapshot(10, BIDS, ASKS), 2)
    assert kinds(parser) == [CLEAR, SET, SET, GAP]
    parser.parse(snapshot(21, BIDS, ASKS), 3)
    assert kinds(parser) == [CLEAR, SET, SET, SET]


def test_a_diff_seen_twice_changes_nothing() -> None:
    parser = in_step()
    parser.parse(diff(11, 12, BIDS), 3)
    parser.parse(diff(11, 12, BIDS), 4)
    assert kinds(parser) == [SET]
    assert parser.skipped["diff older than the book"] == 2


def test_a_diff_waits_for_a_newer_ticker_and_takes_the_last_up_to_its_id() -> None:
    parser = in_step()
    parser.parse(ticker(11, "1.00", "1", "2.00", "1"), 3)
    parser.parse(diff(11, 14, BIDS), 3)
    parser.parse(ticker(13, "3.00", "5", "4.00", "6"), 4)  # later in the file, but not newer
    assert taken(parser)[:2] == ([], [])
    parser.parse(ticker(15, "5.00", "1", "6.00", "1"), 5)
    rows, checks, codes = taken(parser)
    assert [row[1] for row in rows] == [SET]
    assert not codes
    assert [
        (c.position, c.kind, c.bid_tick, c.bid_quantity, c.ask_tick, c.ask_quantity) for c in checks
    ] == [(3, "venue_bbo", 300, 500_000_000, 400, 600_000_000)]


def test_a_diff_without_levels_still_carries_its_check() -> None:
    parser = in_step()
    parser.parse(ticker(11, "1.00", "1", "2.00", "1"), 3)
    parser.parse(diff(11, 12), 3)
    parser.finish()
    rows, checks, _ = taken(parser)
    assert [row[1] for row in rows] == [UPDATE_KIND.status]
    assert [check.position for check in checks] == [3]


def test_a_diff_is_not_held_for_ever_and_then_has_no_check() -> None:
    parser = in_step()
    parser.parse(ticker(10, "1.00", "1", "2.00", "1"), 3)
    for i in range(5000):
        parser.parse(diff(11 + i, 11 + i, BIDS), 3)
    rows, checks, _ = taken(parser)
    assert (len(rows), checks) == (5000 - 4096, [])
    parser.finish()
    assert len(taken(parser)[1]) == 4096


def test_a_live_feed_does_not_wait() -> None:
    parser = BinanceParser(ahead=0)
    parser.snapshot_symbol = "BTCUSDT"
    parser.parse(snapshot(10, BIDS, ASKS), 1)
    parser.parse(diff(11, 12, BIDS), 2)
    assert [row[1] for row in taken(parser)[0]] == [CLEAR, SET, SET, SET]


def test_rows_of_all_books_keep_the_order_of_their_messages() -> None:
    parser = in_step()
    parser.parse(diff(11, 12, BIDS), 3)
    parser.parse(json.dumps(
        {"e": "trade", "s": "BTCUSDT", "t": 5, "p": "100.00", "q": "0.5", "m": True}
    ).encode(), 4)  # fmt: skip
    parser.finish()
    rows = taken(parser)[0]
    assert rows[0][8] == 3
    assert rows[1] == (0, UPDATE_KIND.trade, 0, 0, 5, 0, 10000, 50_000_000, 4)


@pytest.mark.parametrize(
    ("level", "code"),
    [
        (("100.005", "1"), "off_tick"),
        (("100", "0.000000001"), "off_lot"),
        (("x", "1"), "malformed"),
    ],
)
def test_a_level_that_cannot_be_converted_makes_its_book_a_gap(
    level: tuple[str, str], code: str
) -> None:
    parser = in_step()
    parser.parse(diff(11, 12, [*BIDS, level]), 3)
    parser.parse(diff(13, 14, BIDS), 4)
    parser.finish()
    rows, _, codes = taken(parser)
    assert [row[1] for row in rows] == [GAP]
    assert codes == [code]


def test_markets_of_one_symbol_are_separate_books() -> None:
    parser = BinanceParser()
    parser.snapshot_symbol = "BTCUSDT"
    parser.parse(snapshot(10, BIDS, ASKS), 1)
    parser.parse(snapshot(10, BIDS, ASKS, E=1), 1)
    parser.parse(snapshot(10, [("1.0", "1")], [("2.0", "1")], E=1, pair="X", symbol="X_PERP"), 1)
    assert [i.venue for i in parser.instruments] == ["binance", "binance-usdm", "binance-coinm"]


def test_a_snapshot_that_names_no_symbol_needs_one_that_was_seen() -> None:
    parser = BinanceParser()
    parser.parse(snapshot(10, BIDS, ASKS), 1)
    assert taken(parser) == ([], [], ["unknown_snapshot"])


def test_a_feed_without_a_snapshot_says_so_at_its_end() -> None:
    parser = BinanceParser()
    for i in range(2000):
        parser.parse(diff(i, i, BIDS), 1)
    parser.finish()
    assert taken(parser) == ([], [], ["no_snapshot"])
    assert parser.skipped["diff before a snapshot"] == 2000 - 1024


def test_other_symbols_and_kinds_are_counted_not_read() -> None:
    parser = BinanceParser(symbols=["ethusdt"])
    parser.parse(diff(1, 2, BIDS), 1)
    parser.parse(b'{"e":"kline","s":"X"}', 1)
    parser.parse(b'{"result":null,"id":1}', 1)
    parser.finish()
    assert taken(parser) == ([], [], [])
    assert parser.skipped == {"other symbol": 1, "kline": 1, "response": 1}


def test_a_bad_ticker_is_a_problem_and_no_check() -> None:
    parser = in_step()
    parser.parse(ticker(11, "x", "1", "2.00", "1"), 3)
    parser.parse(diff(11, 12, BIDS), 3)
    parser.finish()
    rows, checks, codes = taken(parser)
    assert (len(rows), checks, codes) == (1, [], ["malformed"])


@pytest.mark.parametrize(
    "message",
    [b"[]", b"{", b"{}", diff(5, 4), b'{"e":"depthUpdate","s":"X","U":1.5,"u":2}', b"\xff"],
)
def test_a_malformed_message_is_a_problem(message: bytes) -> None:
    parser = BinanceParser()
    parser.parse(message, 1)
    assert taken(parser) == ([], [], ["malformed"])


def test_unknown_symbols_get_their_steps_from_the_digits() -> None:
    levels = [["0.35100000", "6.00000000"], ["0.3", "1"]]
    assert steps_for("binance", "NKNUSDT", [levels]) == ("0.001", "0.00000001", False)
    with pytest.raises(ValueError, match="decimal number"):
        steps_for("binance", "NKNUSDT", [[["x", "1"]]])


def test_a_snapshot_while_in_step_is_passed_over() -> None:
    parser = in_step()
    parser.parse(snapshot(10, BIDS, ASKS), 3)
    assert kinds(parser) == []
    assert parser.skipped["snapshot while in step"] == 1


@pytest.mark.parametrize("levels", [[["100.00"]], [5], None])
def test_levels_of_another_form_make_their_book_a_gap(levels: object) -> None:
    parser = in_step()
    data = {"e": "depthUpdate", "s": "BTCUSDT", "U": 11, "u": 12, "b": levels, "a": []}
    parser.parse(json.dumps(data).encode(), 3)
    rows, _, codes = taken(parser)
    assert ([row[1] for row in rows], codes) == ([GAP], ["malformed"])


def test_after_too_many_tickers_there_is_no_check_rather_than_a_wrong_one() -> None:
    parser = in_step()
    for i in range(20_000):
        parser.parse(ticker(11 + i, "1.00", "1", "2.00", "1"), 3)
    parser.parse(diff(11, 12, BIDS), 4)
    assert taken(parser)[1] == []
    parser.parse(diff(13, 20_005, BIDS), 5)
    assert len(taken(parser)[1]) == 1


@pytest.mark.parametrize("more", [{}, {"X": "MARKET"}])
def test_a_trade_of_another_symbol_is_counted(more: dict[str, str]) -> None:
    parser = BinanceParser(symbols=["ETHUSDT"])
    trade = {"e": "trade", "s": "BTCUSDT", "t": 5, "p": "1", "q": "1", "m": False, **more}
    parser.parse(json.dumps(trade).encode(), 1)
    assert taken(parser) == ([], [], [])
    assert parser.skipped == {"other symbol": 1}
