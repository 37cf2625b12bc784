"""Tests of sim.captures.capture: opening, recognising, errors, batches."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from host.device.records import UPDATE_DTYPE
from host.venues.bitstamp import HEADER
from hw.records import UPDATE_KIND
from sim.captures import CaptureError, open_capture
from sim.captures.recognise import recognise
from tests.host.venues.messages import diff, itch, snapshot, ticker
from tests.host.venues.test_bitstamp import row
from tests.host.venues.test_coinbase import message
from tests.host.venues.test_itch50 import add
from tests.host.venues.test_kraken import DECIMALS, book, level

TIME = b"1723161253937085768 "


def framed(*messages: bytes) -> bytes:
    """Return messages behind their lengths."""
    return b"".join(len(m).to_bytes(2, "big") + m for m in messages)


def lines(*messages: bytes) -> bytes:
    """Return recorded lines."""
    return b"".join(TIME + m + b"\n" for m in messages)


BINANCE = lines(
    diff(1, 2, [("100.00", "1")]),
    ticker(3, "100.00", "1", "101.00", "2"),
    snapshot(2, [("100.00", "1")], [("101.00", "2")]),
    diff(3, 4, [("100.00", "1")]),
)
KRAKEN = b"wss://ws.kraken.com <-> 1618678132.38\n" + b"".join(
    b"1618678133.%d: " % i + body + b"\n"
    for i, body in enumerate(
        [book({"bs": [level("1.00000")], "as": [level("2.00000")]}), book({"b": [], "c": "7"})]
    )
)
SAMPLES = {
    "binance": (BINANCE, 4, 1),
    "bitstamp-l3": (HEADER + b"\n" + row("created") + row("deleted"), 2, 0),
    "coinbase": (
        b"1.0: " + message("snapshot", bids=[["1.10", "2"]], asks=[]).replace(b": ", b":") + b"\n",
        2,
        0,
    ),
    "itch50": (framed(itch("S", "c", b"O"), add(1)), 2, 0),
    "kraken": (KRAKEN.replace(b", ", b","), 4, 1),
    "lobster": (b"34200.5,1,16113575,18,5853300,1\n34200.6,3,16113575,18,5853300,1\n", 2, 0),
}


@pytest.mark.parametrize("format", sorted(SAMPLES))
def test_a_capture_is_recognised_by_its_content_and_read(format: str, tmp_path: Path) -> None:
    body, updates, checks = SAMPLES[format]
    path = tmp_path / "capture.csv"
    path.write_bytes(gzip.compress(body))
    with open_capture([path]) as capture:
        batches = list(capture)
        assert capture.format == format
        assert capture.bytes_read == capture.bytes_total == path.stat().st_size
    assert not capture.errors
    assert capture.updates == sum(len(batch.updates) for batch in batches) == updates
    assert all(batch.updates.dtype == UPDATE_DTYPE for batch in batches)
    assert sum(len(batch.checks) for batch in batches) == checks
    assert len(capture.instruments) == 1


def test_what_is_no_capture_is_refused_with_the_formats(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"hello\nworld\n")
    assert recognise(path) is None
    with pytest.raises(CaptureError, match="expected a capture of one of the formats binance, "):
        open_capture([path])


def test_a_damaged_file_is_not_recognised(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(b"\x1f\x8b" + b"\x00" * 50)
    assert recognise(path) is None


def test_refuses_no_file_an_absent_file_an_unknown_format_and_two_formats(tmp_path: Path) -> None:
    paths = []
    for format in ("binance", "lobster"):
        paths.append(tmp_path / format)
        paths[-1].write_bytes(SAMPLES[format][0])
    with pytest.raises(CaptureError, match="at least one capture file, got none"):
        open_capture([])
    with pytest.raises(CaptureError, match=r"cannot open .*absent: No such file"):
        open_capture([tmp_path / "absent"])
    with pytest.raises(CaptureError, match=r"cannot open .*absent: No such file"):
        open_capture([paths[0], tmp_path / "absent"], format="binance")
    with pytest.raises(CaptureError, match=r"expected a format of .*, got 'nyse'"):
        open_capture(paths, format="nyse")
    with pytest.raises(CaptureError, match="binance is binance, lobster is lobster"):
        open_capture(paths)


def test_errors_are_counted_and_say_file_line_and_what_was_expected(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER + b"\n" + row("created") + b"1,2\n" + row("created", price="1.005"))
    capture = open_capture([path])
    kinds = [batch.updates["kind"].tolist() for batch in capture]
    assert kinds == [[UPDATE_KIND.add, UPDATE_KIND.gap]]
    assert capture.errors == {"malformed": 1, "off_tick": 1}
    assert capture.error_messages == [
        f"{path}:3: malformed: expected 7 fields {HEADER.decode()}, got b'1,2\\n'",
        f"{path}:4: off_tick: price of order 5: expected a multiple of 0.01, got 1.005",
    ]


def test_strict_ends_at_the_first_error(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER + b"\n" + b"1,2\n" * 5)
    with (
        open_capture([path], strict=True) as capture,
        pytest.raises(CaptureError, match=r"orders\.csv:2: malformed: expected 7 fields"),
    ):
        list(capture)


def test_only_the_first_messages_are_kept_but_all_errors_counted(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER + b"\n" + b"1,2\n" * 500)
    capture = open_capture([path])
    assert list(capture) == []
    assert capture.errors["malformed"] == 500
    assert len(capture.error_messages) == 100


def test_a_damaged_recording_is_one_error_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    whole = gzip.compress(BINANCE + lines(*(diff(5 + i, 5 + i) for i in range(9999))))
    path.write_bytes(whole[: len(whole) // 2])
    capture = open_capture([path])
    assert sum(len(batch.updates) for batch in capture) > 10
    assert capture.errors == {"malformed": 1}
    assert "expected a whole file" in capture.error_messages[0]


def test_batches_have_about_4096_updates_and_keep_the_order(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER + b"\n" + b"".join(row("created", order=i) for i in range(10_000)))
    batches = [batch.updates for batch in open_capture([path])]
    assert [len(batch) for batch in batches] == [4096, 4096, 10_000 - 2 * 4096]
    assert np.concatenate(batches)["order_id"].tolist() == list(range(10_000))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_file_beside_a_recording_says_the_ticks(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "KRAKEN.ws.50.0"
    path.write_bytes(SAMPLES["kraken"][0])
    alone = open_capture([path])
    list(alone)
    assert (alone.instruments[0].tick_size, len(alone.notes)) == ("0.00001", 1)
    reply = b"https://x -> 1618678132.1: " + json.dumps(DECIMALS).encode() + b"\n"
    sibling = tmp_path / f"KRAKEN.0{suffix}"
    sibling.write_bytes(gzip.compress(reply) if suffix else reply)
    for paths in ([path], [sibling, path]):
        capture = open_capture(paths)
        list(capture)
        assert (capture.instruments[0].tick_size, capture.notes) == ("0.01", [])


def test_lobster_files_must_be_of_one_stock(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}_2012-06-21_message_1.csv" for name in ("AAPL", "MSFT")]
    for path in paths:
        path.write_bytes(SAMPLES["lobster"][0])
    with pytest.raises(CaptureError, match="expected files of one stock, got AAPL, MSFT"):
        open_capture(paths)
    with open_capture(paths[:1]) as capture:
        assert capture.instruments[0].symbol == "AAPL"


def test_the_symbol_filter_reaches_the_parser(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(BINANCE)
    capture = open_capture([path], symbols=["ETHUSDT"])
    assert list(capture) == []
    assert capture.skipped["other symbol"] == 3
