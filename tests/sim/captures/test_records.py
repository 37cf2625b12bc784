"""Tests of sim.captures.records."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from host.device.records import UPDATE_DTYPE
from host.venues.instrument import Instrument
from host.venues.parser import Check
from sim.captures import CaptureError, RecordsWriter, measure, open_capture

A = Instrument(
    symbol="A/B", venue="kraken", tick_size="0.01", lot_size="1", price_digits=5, quantity_digits=8
)
B = Instrument(symbol="C-D", venue="coinbase", tick_size="0.25", lot_size="0.1")


def updates(count: int, seed: int = 0) -> np.ndarray:
    """Return random updates of books 0 and 1, 64-bit fields in full range."""
    rng = np.random.default_rng(seed)
    found = np.zeros(count, UPDATE_DTYPE)
    for name in UPDATE_DTYPE.fields or ():
        top = 2 ** (8 * UPDATE_DTYPE[name].itemsize) - 1
        found[name] = rng.integers(0, top, count, UPDATE_DTYPE[name], endpoint=True)
    found["book"] %= 2
    return found


def checks(first: int) -> list[Check]:
    """Return one check of each kind."""
    return [
        Check(position=first + 3, book=0, kind="checksum", crc=2**32 - 1),
        Check(
            position=first + 4, book=1, kind="venue_bbo",
            bid_tick=1, bid_quantity=2**64 - 1, ask_tick=3, ask_quantity=4,
        ),
    ]  # fmt: skip


def written(path: Path, sent: np.ndarray) -> Path:
    """Write updates in two parts, with checks, and return the path."""
    with RecordsWriter(path, [A, B]) as writer:
        for first in (0, 5000):
            part = sent[first : first + 5000]
            part["book"][3:5] = [0, 1]
            writer.write(part, checks(first))
        writer.close()
    return path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    sent = updates(10_000)
    capture = open_capture([written(tmp_path / "x.parquet", sent)])
    batches = list(capture)
    assert capture.format == "records"
    assert capture.instruments == [A, B]
    np.testing.assert_array_equal(np.concatenate([b.updates for b in batches]), sent)
    assert [c for b in batches for c in b.checks] == checks(0) + checks(5000)
    assert capture.bytes_read == capture.bytes_total


def test_a_filter_keeps_updates_and_checks_of_its_books_renumbered(tmp_path: Path) -> None:
    sent = updates(10_000)
    capture = open_capture([written(tmp_path / "x.parquet", sent)], symbols=["c-d"])
    batches = list(capture)
    kept = sent[sent["book"] == 1].copy()
    kept["book"] = 0
    got = np.concatenate([b.updates for b in batches])
    np.testing.assert_array_equal(got, kept)
    found = [c for b in batches for c in b.checks]
    assert [c.book for c in found] == [1, 1] or [c.book for c in found] == [0, 0]
    assert [int(np.sum(sent["book"][: first + 4] == 1)) for first in (0, 5000)] == [
        c.position for c in found
    ]
    assert capture.skipped["other symbol"] == 10_000 - len(kept)


def test_files_share_the_books_of_equal_instruments(tmp_path: Path) -> None:
    for name, instruments in (("a", [A]), ("b", [B, A])):
        with RecordsWriter(tmp_path / name, instruments) as writer:
            writer.write(np.zeros(2, UPDATE_DTYPE))
    capture = open_capture([tmp_path / "a", tmp_path / "b"])
    assert [b.updates["book"].tolist() for b in capture] == [[0, 0], [1, 1]]
    assert capture.instruments == [A, B]


def test_a_book_without_an_instrument_is_an_error(tmp_path: Path) -> None:
    sent = np.zeros(3, UPDATE_DTYPE)
    sent["book"] = [0, 9, 0]
    with RecordsWriter(tmp_path / "x", [A]) as writer:
        writer.write(sent)
    capture = open_capture([tmp_path / "x"])
    assert [len(b.updates) for b in capture] == [2]
    assert capture.errors == {"malformed": 1}
    assert "expected books below 1, got a higher one" in capture.error_messages[0]


def test_a_check_must_stand_on_an_update_of_its_batch(tmp_path: Path) -> None:
    with RecordsWriter(tmp_path / "x", [A]) as writer:
        for position in (-1, 2):
            with pytest.raises(ValueError, match="expected one check at most on updates 0 to 1"):
                writer.write(
                    np.zeros(2, UPDATE_DTYPE), [Check(position=position, book=0, kind="checksum")]
                )


def test_refuses_other_parquet_and_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "x"
    pq.write_table(pa.table({"a": [1]}), str(path))
    with pytest.raises(CaptureError, match=r"expected the columns book, kind, .*, got a"):
        open_capture([path])
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(CaptureError, match="expected a Parquet file"):
        open_capture([path])
    with RecordsWriter(tmp_path / "y", []) as writer:
        writer.write(np.zeros(1, UPDATE_DTYPE))
    table = pq.read_table(str(tmp_path / "y")).replace_schema_metadata({})
    pq.write_table(table, str(path))
    with pytest.raises(CaptureError, match="expected instruments in its metadata"):
        open_capture([path])


def test_damage_within_the_data_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "x", updates(10_000))
    body = bytearray(path.read_bytes())
    body[100:5000] = b"\xff" * 4900
    path.write_bytes(bytes(body))
    capture = open_capture([path])
    list(capture)
    assert capture.errors["malformed"] >= 1


def test_measuring_an_empty_file_gives_zeros(tmp_path: Path) -> None:
    RecordsWriter(tmp_path / "x", []).close()
    needs = measure([tmp_path / "x"])
    assert (needs.books, needs.updates, needs.peak_live_orders, needs.first_time) == (0, 0, 0, 0)
