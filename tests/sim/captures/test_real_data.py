"""Recorded captures through a plain book: what the venues say of their books agrees."""

from collections import Counter
from pathlib import Path

import pytest

from host.venues.kraken import kraken_checksum
from hw.records import UPDATE_KIND
from sim.captures import Capture, measure, open_capture
from tests.host.venues.messages import PlainBook

pytestmark = pytest.mark.data


def compared(capture: Capture) -> Counter[bool]:
    """Return how many checks agree with plain books and how many do not."""
    books: dict[int, PlainBook] = {}
    result: Counter[bool] = Counter()
    position = 0
    for batch in capture:
        checks = {check.position: check for check in batch.checks}
        for row in batch.updates.tolist():
            book = books.setdefault(row[0], PlainBook())
            book.apply(row)
            check = checks.get(position)
            position += 1
            if check is None:
                continue
            assert check.book == row[0]
            if check.kind == "checksum":
                assert row[1] == UPDATE_KIND.read_levels
                instrument = capture.instruments[row[0]]
                crc = kraken_checksum(book.levels(1)[:10], book.levels(0)[:10], instrument)
                result[crc == check.crc] += 1
            else:
                expected = check.bid_tick, check.bid_quantity, check.ask_tick, check.ask_quantity
                result[book.best() == expected] += 1
    return result


@pytest.mark.parametrize(
    ("name", "comparisons"),
    [
        ("spot_btcusdt_20240808", 3_449),
        ("spot_ethusdt_20240808", 3_432),
        ("usdm_btcusdt_20240808", 6_547),
        ("cm_btcusd_perp_20240808", 26_824),
    ],
)
def test_binance_agrees_with_its_book_ticker_after_every_diff(
    name: str, comparisons: int, data_dir: Path
) -> None:
    with open_capture([data_dir / "binance" / f"{name}.gz"]) as capture:
        assert compared(capture) == {True: comparisons}
    assert not capture.errors
    assert len(capture.instruments) == 1


def test_kraken_agrees_with_every_checksum(data_dir: Path) -> None:
    with open_capture([data_dir / "venues" / "KRAKEN.ws.50.0.xz"]) as capture:
        assert compared(capture) == {True: 4_269}
    assert (capture.errors, capture.notes, len(capture.instruments)) == ({}, [], 10)


def test_recordings_of_rest_and_websocket_are_one_session(data_dir: Path) -> None:
    names = ("BINANCE.ws.1.0.xz", "BINANCE.http.0.0.xz")
    with open_capture([data_dir / "venues" / name for name in names]) as capture:
        result = compared(capture)
    assert result[True] > 100
    assert not result[False]
    assert (capture.errors, len(capture.instruments)) == ({}, 4)


def test_coinbase_uses_the_increments_beside_the_recording(data_dir: Path) -> None:
    with open_capture([data_dir / "venues" / "COINBASE.ws.28.0.xz"]) as capture:
        books: dict[int, PlainBook] = {}
        for batch in capture:
            for row in batch.updates.tolist():
                if row[1] == UPDATE_KIND.set and not row[7]:
                    books[row[0]].sides[row[2]].setdefault(row[6], 0)
                books.setdefault(row[0], PlainBook()).apply(row)
    assert (capture.errors, capture.notes, len(books)) == ({}, [], 10)
    for book in books.values():
        bid, _, ask, _ = book.best()
        assert bid < ask


def test_every_bitstamp_row_is_one_update(data_dir: Path) -> None:
    with open_capture([data_dir / "bitstamp_l3" / "orders.csv.xz"]) as capture:
        live: set[int] = set()
        unknown = 0
        kinds: Counter[str] = Counter()
        for batch in capture:
            for row in batch.updates.tolist():
                kinds[UPDATE_KIND.name_of(row[1])] += 1
                if row[1] != UPDATE_KIND.add:
                    unknown += row[4] not in live
                if row[1] == UPDATE_KIND.delete:
                    live.discard(row[4])
                elif row[1] == UPDATE_KIND.add:
                    live.add(row[4])
    assert not capture.errors
    assert sum(kinds.values()) == 50_414
    assert (kinds["add"], kinds["delete"]) == (24_894, 24_918)
    assert kinds["set"] + kinds["replace"] == 602
    assert unknown == 213


def test_the_captures_fit_what_their_needs_say(data_dir: Path) -> None:
    needs = measure([data_dir / "venues" / "KRAKEN.ws.50.0.xz"])
    assert needs.books == 10
    assert 7_000 < needs.peak_live_orders < 8_000
    assert 10**11 < needs.max_tick < 2**40
    assert needs.max_id in (needs.max_tick * 2, needs.max_tick * 2 + 1)
