"""Tests of ``tickgate drill``, as a user runs it."""

import json
from pathlib import Path

import pytest

from host.cli import main
from host.cli.output import Exit
from sim.cli import drill as command
from sim.devices.verilated_risk import VerilatedRiskDevice
from sim.drills.results import DrillResult, Table

KEYS = {
    "drill", "detection_cycles", "detection_ms", "denied", "orders", "orders_denied", "currency",
    "loss_with", "loss_without", "false_alarms", "wrong", "missed", "notes",
}  # fmt: skip
FOUND = DrillResult(
    name="crash", detection_cycles=4, detection_ms=1.25, denied={"halted": 7, "collar": 9},
    orders=1234, orders_denied=16, currency="USD", loss_with=-1.5, loss_without=20.0,
    false_alarms=0, tables=(Table("runs", "Runs", [{"name": "a", "loss": 2.5, "killed": True}]),),
    notes=("A reconstruction.",),
)  # fmt: skip


@pytest.mark.cosim
@pytest.mark.usefixtures("needs_verilated")
def test_a_drill_on_the_device_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "fat-finger", "--json"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == KEYS | {"slips", "wrong_orders"}
    assert found["wrong"] == 0
    assert found["denied"]["max_quantity"] > 0
    assert {"slip", "price", "size", "verdict", "cost"} == found["slips"][0].keys()


def drilled(monkeypatch: pytest.MonkeyPatch, result: DrillResult, *options: str) -> int:
    """Run ``tickgate drill`` with a result made in advance; return its exit code."""
    monkeypatch.setattr(command, "_run", lambda *_: result)
    return main(["drill", "crash", *options])


def test_a_result_is_printed_for_people(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drilled(monkeypatch, FOUND) == Exit.OK
    out = capsys.readouterr().out
    shown = "4 cycles", "1.25 ms", "1,234 wanted, 16 denied", "-1.50 USD", "20.00 USD", "A recon"
    for text in shown:
        assert text in out
    assert out.index("collar") < out.index("halted")  # the most frequent first
    assert "yes" in out
    assert "wrong" not in out  # it has no meaning in this drill


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("flaw", [{"wrong": 1}, {"missed": True}])
def test_a_drill_that_fails_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, flaw: dict[str, int], options: tuple[str, ...]
) -> None:
    failed = DrillResult(name="crash", **flaw)  # type: ignore[arg-type] # one of two fields
    assert drilled(monkeypatch, failed, *options) == Exit.FAILED


def test_a_false_alarm_is_reported_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drilled(monkeypatch, DrillResult(name="calm", false_alarms=3), "--json") == Exit.OK
    assert json.loads(capsys.readouterr().out)["false_alarms"] == 3


def test_what_is_no_drill_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "tsunami"]) == Exit.USAGE
    assert "'tsunami' is not one of" in capsys.readouterr().err


def test_a_machine_without_a_compiler_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(VerilatedRiskDevice, "missing", lambda: ["no C++ compiler"])
    assert main(["drill", "crash"]) == Exit.FAILED
    assert "no C++ compiler" in capsys.readouterr().err


def test_captures_are_looked_for_where_they_are_said_to_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "binance").mkdir()
    there = tmp_path / "binance" / "day.gz"
    there.touch()
    asked: list[object] = []

    def run_calm(opens: object, captures: object, **_: object) -> DrillResult:
        asked.append(captures)
        return DrillResult(name="calm")

    monkeypatch.setattr(command, "run_calm", run_calm)
    monkeypatch.setattr(VerilatedRiskDevice, "missing", list)
    assert main(["drill", "calm", "--data", str(tmp_path)]) == Exit.OK
    assert asked == [[there]]
