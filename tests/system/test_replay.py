"""Tests of ``tickgate replay`` and ``tickgate demo``, as a user runs them."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from host.cli import main
from host.cli.output import Exit
from host.venues.instrument import Instrument
from host.venues.parser import Check
from sim.captures import RecordsWriter
from tests.sim.updates import array_of, update

COIN = Instrument(symbol="COIN/USD", venue="x", tick_size="0.5", lot_size="0.001")
UPDATES = array_of(
    update("clear", flags=1, time=10),
    update("add", order_id=1, tick=10, quantity=5, time=11),
    update("add", order_id=3, side=1, tick=12, quantity=3, time=13),
    update("execute", order_id=1, quantity=2, time=14),
)
RIGHT = Check(
    position=3, book=0, kind="venue_bbo", bid_tick=10, bid_quantity=3, ask_tick=12, ask_quantity=3
)
WRONG = Check(position=3, book=0, kind="venue_bbo", bid_tick=10, bid_quantity=4)


def capture(folder: Path, check: Check = RIGHT) -> Path:
    target = folder / "day.parquet"
    with RecordsWriter(target, [COIN]) as writer:
        writer.write(UPDATES, [check])
    return target


def tickgate(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any, str]:
    """Run a command; return its exit code, what it printed as JSON, and its standard error."""
    code = main([*map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


def test_replay_verifies_and_writes_every_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found, _ = tickgate(
        capsys, "replay", capture(tmp_path), "--device", "model", "--verify", "--strict",
        "--save", tmp_path / "again.parquet", "--events", tmp_path / "events.parquet",
        "--report", tmp_path / "report",
    )  # fmt: skip
    assert code == Exit.OK
    assert found["updates"] == len(UPDATES)
    assert found["mismatches"] == found["invalid_books"] == 0
    assert found["venue_bbo"] == {"checked": 1, "agreed": 1}
    assert (found["device"], found["preset"]) == ("model", "small")
    assert found["books"][0]["bid"] == {"price": "5.0", "quantity": "0.003", "tick": 10}
    assert pq.read_table(tmp_path / "again.parquet").equals(pq.read_table(tmp_path / "day.parquet"))
    assert pq.read_table(tmp_path / "events.parquet").num_rows == len(UPDATES)
    assert Path(found["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_replay_prints_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(capture(tmp_path)), "--device", "model"]) == Exit.OK
    out, err = capsys.readouterr()
    assert "Books at the end" in out
    assert "COIN/USD" in out
    assert err == ""


def test_a_failed_check_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = tickgate(capsys, "replay", capture(tmp_path, WRONG), "--device", "model")
    assert code == Exit.FAILED
    assert found["venue_bbo"] == {"checked": 1, "agreed": 0}
    assert found["failures"] == ["1 best prices differ from the venue's own"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "huge"], "'huge' is not one of"),
        (["--device", "abacus"], "no device backend 'abacus'"),
        (["--symbols", " , "], "--symbols must name at least one instrument"),
        (["--symbols", "OTHER"], "the captures hold no market update"),
        (["--save", "/no/such/folder/x.parquet"], "/no/such/folder"),
        (["--format", "kraken"], ""),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = [] if "--device" in arguments else ["--device", "model"]
    code, found, _ = tickgate(capsys, "replay", capture(tmp_path), *device, *arguments)
    assert code == Exit.USAGE
    assert words in found["error"]["message"]


def test_a_file_that_is_no_capture_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("buy milk\n")
    code, found, _ = tickgate(capsys, "replay", tmp_path / "notes.txt", "--device", "model")
    assert code == Exit.USAGE
    assert "expected a capture of one of the formats" in found["error"]["message"]


def test_a_capture_that_fits_no_preset_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "far.parquet"
    with RecordsWriter(target, [COIN]) as writer:
        writer.write(array_of(update("add", order_id=1, tick=2**41, quantity=5)))
    code, found, _ = tickgate(capsys, "replay", target, "--device", "model")
    assert code == Exit.USAGE
    assert "2,199,023,255,552 ticks as highest price" in found["error"]["message"]


BITSTAMP = """id,timestamp,exchange.timestamp,price,volume,action,direction
1,1430438404518,1430438404518,235.01,100000000,created,bid
2,1430438404519,1430438404519,236.01,200000000,created,ask
this is no order
1,1430438404520,1430438404520,235.01,0,deleted,bid
"""


def test_a_malformed_line_is_named_and_does_not_end_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "orders.csv"
    target.write_text(BITSTAMP)
    code, found, err = tickgate(capsys, "replay", target, "--device", "model", "--verify")
    assert code == Exit.OK
    assert found["capture_errors"] == {"malformed": 1}
    assert found["updates"] == 3
    assert f"{target}:4: malformed" in err


def test_strict_ends_at_the_first_malformed_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "orders.csv"
    target.write_text(BITSTAMP)
    code, found, _ = tickgate(capsys, "replay", target, "--device", "model", "--strict")
    assert code == Exit.FAILED
    assert "orders.csv:4: malformed" in found["error"]["message"]


def test_the_demo_needs_no_data_and_repeats_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [tickgate(capsys, "demo", "--device", "model", "--updates", "3000") for _ in range(2)]
    for code, found, _ in runs:
        assert code == Exit.OK
        assert (found["updates"], found["mismatches"]) == (3000, 0)
        assert len(found["books"]) == 6
        assert {"add", "set", "clear"} <= found["mix"].keys()
    assert (tmp_path / "tickgate-report" / "index.html").is_file()
    assert runs[0][1]["books"] == runs[1][1]["books"]


def test_the_demo_says_when_there_is_no_compiler(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "host.device.registry.missing",
        lambda name: ["No C++ compiler was found."] if name == "verilated" else [],
    )
    code, found, err = tickgate(
        capsys, "demo", "--updates", "1000", "--report", tmp_path / "report"
    )
    assert code == Exit.OK
    assert found["device"] == "model"
    assert "No C++ compiler was found. Falling back to device model." in err
