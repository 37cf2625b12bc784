"""Tests of sim.report."""

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from host.venues.instrument import Instrument
from sim.devices.model import ModelDevice
from sim.replay.engine import Replay
from sim.replay.path import NO_PRICE, BestPath
from sim.replay.result import CheckCount, ReplayResult
from sim.report.chart_data import DRAWN_BOOKS, chart_data, latency_slots, price_range
from sim.report.page import nanoseconds, page, write_page
from sim.report.tables import print_tables
from tests.sim.replay.devices import TimedDevice
from tests.sim.updates import TINY, array_of, update

HOSTILE = "</script><b>{{data}}&"
VOID = {"meta", "link", "br"}


@pytest.fixture(scope="module")
def result() -> ReplayResult:
    coin = Instrument(symbol=HOSTILE, venue="x", tick_size="0.01", lot_size="1")
    quiet = Instrument(symbol="QUIET", venue="x", tick_size="1", lot_size="1")
    start = 1_700_000_000_000_000_000
    run = Replay(
        device=TimedDevice(TINY), instruments=[coin, quiet], span=(start, start + 10**9),
        verify=True, depth=True,
    )  # fmt: skip
    run.feed(
        array_of(
            update("add", order_id=1, tick=100, quantity=5, time=start),
            update("add", order_id=2, side=1, tick=103, quantity=6, time=start + 4 * 10**8),
            update("replace", order_id=1, new_order_id=3, tick=101, quantity=5, time=start + 10**9),
            update("delete", order_id=9, time=start + 10**9),
        )
    )
    return run.finish(sources=["day & night.csv"])


class Balance(HTMLParser):
    """Check that elements nest, and collect what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and its references."""
        self.references += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over an element without content."""

    def handle_endtag(self, tag: str) -> None:
        """Fail where elements do not nest."""
        assert self.open.pop() == tag


def embedded(text: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    document: dict[str, object] = json.loads(found[1])
    return document


def test_the_page_is_whole_and_needs_nothing_else(result: ReplayResult) -> None:
    text = page(result)
    balance = Balance()
    balance.feed(text)
    assert balance.open == []
    assert balance.references == ["data:,"]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import", text)
    assert embedded(text) == json.loads(json.dumps(chart_data(result)))


def test_no_text_of_a_capture_becomes_markup(result: ReplayResult) -> None:
    text = page(result)
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;b&gt;{{data}}&amp;" in text
    assert "day &amp; night.csv" in text
    assert chart_data(result)["books"][0]["symbol"] == HOSTILE


def test_the_page_says_what_was_found(result: ReplayResult) -> None:
    text = page(result)
    assert "every check passed" in text
    assert "2023-11-14 22:13:20 to 22:13:21 UTC" in text
    assert '<td class="n b">1.01</td>' in text
    assert '<td class="n a">1.03</td>' in text
    assert "9.5 ns" not in text
    assert "57.0 ns" in text
    assert "76.0 ns" in text
    assert "105.27 MHz, by place and route, not measured on a board" in text
    assert "Feed error unknown_id" in text


def test_the_chart_data_is_the_book(result: ReplayResult) -> None:
    data = chart_data(result)
    (book,) = data["books"]  # the quiet one has nothing to draw
    assert book["base"] + book["bid"][-1] == 101
    assert book["base"] + book["ask"][-1] == 103
    assert book["ask"][0] is None
    column, bids, asks = book["columns"][-1]
    assert column == data["depth_bins"] - 1
    assert [bids[0] + book["base"], bids[1]] == [101, 5]
    assert [asks[0] + book["base"], asks[1]] == [103, 6]
    kinds = {entry["kind"]: entry for entry in data["latency"]}
    assert kinds["add"]["expected"] == 6
    assert sum(kinds["add"]["counts"]) == 2


def test_a_failed_check_is_shown(result: ReplayResult) -> None:
    failed = replace(
        result,
        checksums=CheckCount(checked=9, failed=2, examples=("book <x>",)),
        venue_bbo=CheckCount(checked=4, failed=1, examples=("other",)),
    )
    text = page(failed)
    assert "every check passed" not in text
    assert "2 checksums of the venue failed; 1 best prices differ" in text
    assert "book &lt;x&gt;" in text
    assert "2 failed" in text


def test_says_when_nothing_was_compared_and_when_a_book_is_invalid(result: ReplayResult) -> None:
    plain = replace(result, verified=False)
    assert "not verified" in page(plain)
    assert "not compared with the model" in page(plain)
    broken = replace(result, books=tuple(replace(b, valid=False) for b in result.books))
    assert "2 books invalid" in page(broken)


def test_a_device_without_cycles_claims_none() -> None:
    coin = Instrument(symbol="C", venue="x", tick_size="1", lot_size="1")
    run = Replay(device=ModelDevice(TINY), instruments=[coin], span=(0, 1))
    run.feed(array_of(update("add", order_id=1, tick=5, quantity=1)))
    result = run.finish(sources=["s"], capture_errors={"malformed": 3})
    text = page(result)
    assert "counts no cycles" in text
    assert "MHz" not in text
    assert "1970" not in text
    assert "Capture error malformed" in text
    assert result.to_json()["latency_cycles"] == {}
    assert result.to_json()["mismatches"] is None


def test_writes_the_page_into_a_new_folder(result: ReplayResult, tmp_path: Path) -> None:
    target = write_page(result, tmp_path / "a" / "b")
    assert target == tmp_path / "a" / "b" / "index.html"
    assert target.read_text(encoding="utf-8") == page(result)


def test_draws_the_busiest_books_alone(result: ReplayResult) -> None:
    books = tuple(replace(result.books[0], index=k, updates=k) for k in range(DRAWN_BOOKS + 5))
    many = replace(result, books=books)
    data = chart_data(many)
    assert len(data["books"]) == DRAWN_BOOKS
    assert data["busiest"] == DRAWN_BOOKS - 1
    assert f"the {DRAWN_BOOKS} busiest of {DRAWN_BOOKS + 4} books" in page(many)


@pytest.mark.parametrize(
    ("cycles", "text"), [(0, "0.0 ns"), (6, "57.0 ns"), (7, "66.5 ns"), (1, "9.5 ns")]
)
def test_time_is_cycles_at_the_stated_clock(cycles: int, text: str) -> None:
    assert nanoseconds(cycles) == text


def test_latency_bars_are_exact_then_double() -> None:
    slots = latency_slots({"add": Counter({6: 5, 300: 1})})
    assert slots[:2] == [(6, 6), (7, 7)]
    assert slots[-1][0] <= 300 <= slots[-1][1]
    assert all(b[0] == a[1] + 1 for a, b in pairwise(slots))
    assert len(slots) < 60
    assert latency_slots({}) == []


def test_the_price_axis_cuts_stub_quotes_off() -> None:
    bid = np.full(1000, 500, np.int64)
    bid[3] = 1
    ask = np.full(1000, 510, np.int64)
    ask[4], ask[5] = 10**9, NO_PRICE
    low, high = price_range(BestPath(bid=bid, ask=ask, bid_low=bid, ask_high=ask))
    assert 490 < low < 500
    assert 510 < high < 520


def tables(result: ReplayResult) -> str:
    out = StringIO()
    print_tables(result, Console(file=out, width=100))
    return out.getvalue()


def test_tables_show_prices_latency_and_checks(result: ReplayResult) -> None:
    text = tables(result)
    assert re.search(r"1\.01\s+5\s+1\.03\s+6\s+valid", text)
    assert re.search(r"replace\s+8\s+8\s+8\s+8\s+76\.0 ns\s+8", text)
    assert "Latency [cycles]; time at a stated 105.27 MHz" in text
    assert re.search(r"device against the model\s+\d+\s+0", text)
    assert "day & night.csv: 4 updates in" in text
    assert re.search(r"feed error unknown_id\s+1", text)
    assert "FAILED" not in text


def test_tables_name_what_failed(result: ReplayResult) -> None:
    books = (replace(result.books[0], valid=False), result.books[1])
    failed = replace(
        result,
        books=books,
        lost_events=3,
        capture_errors={"malformed": 2},
        model=CheckCount(checked=5, failed=1, examples=("book 0, update 3: [bid] expected 1",)),
    )
    text = tables(failed)
    assert "FAILED: 1 differences between the device and the model" in text
    assert "FAILED: 3 events of the device are missing" in text
    assert "[bid] expected 1" in text
    assert re.search(r"capture error malformed\s+2", text)
    assert re.search(r"invalid books\s+1", text)
