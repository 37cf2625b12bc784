"""The operator's commands when something is wrong: silence, no log, no appliance."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host.running import Running, stop
from host.runtime import RuntimeFolderError
from tests.conftest import ROOT
from tests.system.operator_device import ready

pytestmark = [pytest.mark.cosim, pytest.mark.usefixtures("needs_verilated")]

Ask = Callable[..., Any]


def test_the_deadman_kills_when_those_who_hold_it_are_gone(running: Path, ask: Ask) -> None:
    ready(running, ask)
    ask("risk", "set", "box.deadman_timeout=100", "--yes")  # 102,400 cycles
    command = [sys.executable, "-m", "host.cli", "risk", "hold", "--json"]
    with Running() as client, client.device() as device:
        holder = subprocess.Popen(command, cwd=ROOT)
        try:
            deadline = time.monotonic() + 30
            while device.read("deadman") and time.monotonic() < deadline:
                time.sleep(0.05)
            ask("risk", "arm", "--key", running / "ana.key", "--yes", "--clear-kill")
            for _ in range(30):  # three timeouts; a holder has 1.5 s for a refresh
                time.sleep(0.15)
                device.collect(10_000)
            assert device.read("disarm") == 0
        finally:
            holder.send_signal(signal.SIGKILL)
            holder.wait()
        deadline = time.monotonic() + 30
        while not device.read("deadman") and time.monotonic() < deadline:
            device.collect(10_000)
            time.sleep(0.05)
        assert device.read("disarm") == 1
    assert ask("risk", "show")["state"]["kill_causes"] == ["deadman"]


def test_every_act_is_in_the_audit_log_and_the_chain_holds(running: Path, ask: Ask) -> None:
    ready(running, ask)
    ask("risk", "kill", "--reason", "too fast")
    ask("risk", "disarm", "--reason", "home")
    ask("risk", "arm", "--key", running / "ana.key", "--yes", code=1)
    entries = ask("risk", "audit")["entries"]
    assert [(e["what"], e["outcome"]) for e in entries] == [
        ("enrol", "begun"),
        ("enrol", "done"),
        ("set", "begun"),
        ("set", "done"),
        ("arm", "begun"),
        ("arm", "done"),
        ("kill", "done"),
        ("disarm", "done"),
    ]
    assert entries[5]["details"]["name"] == "ana"
    assert entries[6]["why"] == "too fast"
    assert ask("risk", "audit", "--verify")["lines"] == 8


def test_without_a_log_nothing_is_let_through_but_everything_can_be_stopped(
    running: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(running, ask)
    (running / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(running / "file"))
    before = ask("risk", "show")
    for act in (
        ["set", "box.max_net=7", "--yes"],
        ["arm", "--key", running / "ana.key", "--yes"],
    ):
        assert ask("risk", *act, code=1)["error"]["code"] == "audit_unwritable"
    assert ask("risk", "show")["limits"] == before["limits"]
    assert ask("risk", "disarm") == {"armed": False, "recorded": False}
    assert ask("risk", "kill")["recorded"] is False
    state = ask("risk", "show")["state"]
    assert (state["armed"], state["kill_causes"]) == (False, ["host"])


def test_down_refuses_while_armed(running: Path, ask: Ask) -> None:
    ready(running, ask)
    assert ask("down", code=1)["error"]["code"] == "not_idle"
    assert ask("status")["worker"] == "ready"


def test_where_none_runs_every_command_says_what_to_do(operator_folder: Path, ask: Ask) -> None:
    for command in (
        ["risk", "show"],
        ["risk", "set", "box.max_net=1"],
        ["risk", "arm", "--key", operator_folder / "ana.key"],
        ["risk", "disarm"],
        ["risk", "kill"],
        ["risk", "hold"],
        ["risk", "trips"],
        ["risk", "enrol", operator_folder / "ana.key"],
        ["down"],
    ):
        error = ask(*command, code=1)["error"]
        assert error["message"].startswith("no appliance runs"), command
        assert error["suggestion"] == "tickgate up --device verilated_risk"
    assert ask("status", code=1)["running"] is False
    with pytest.raises(RuntimeFolderError):
        stop()
