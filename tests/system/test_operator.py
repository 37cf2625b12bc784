"""The operator's commands end to end: a simulated gate that runs in the background."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host.cli import main
from host.device.records import RISK_REQUEST_DTYPE, UPDATE_DTYPE
from host.device.remote import RemoteDevice
from host.risk.operator_key import make_key
from host.running import Running, start, stop
from host.runtime import RuntimeFolderError
from hw.records import CHECK, ORDER_KIND, REQUEST_KIND, RISK_EVENT_KIND, SIDE, UPDATE_KIND
from tests.conftest import ROOT
from tests.gateware.bench import SMALL
from tests.system.operator_device import BACKEND, LIMITS

pytestmark = [pytest.mark.cosim, pytest.mark.usefixtures("needs_verilated")]

Ask = Callable[..., Any]
START_S = 300.0


@pytest.fixture
def folder(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a folder with a limits file and a key, for runtime files and audit log too."""
    runtime = tmp_path_factory.getbasetemp().parent / f"r{os.getpid()}-{time.time_ns() % 10**6}"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "limits.toml").write_text(LIMITS)
    make_key(tmp_path / "ana.key", name="ana", operator=0)
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[Path]:
    """Run an appliance with the small device; its gate has Ana's key and no limits."""
    start(BACKEND, SMALL)
    try:
        with Running() as client:
            client.wait_until_ready(timeout_s=START_S)
        assert main(["risk", "enrol", str(folder / "ana.key")]) == 0
        yield folder
    finally:
        with_end = stop()
        assert with_end == "stopped"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """Return a function that runs a command and returns its JSON answer."""

    def run(*arguments: object, code: int = 0) -> Any:
        capsys.readouterr()
        assert main([*map(str, arguments), "--json"]) == code, capsys.readouterr()
        (line,) = capsys.readouterr().out.splitlines()
        return json.loads(line)

    return run


def order(number: int, **fields: int) -> Any:
    """Return an order that the limits let through."""
    made = np.zeros(1, RISK_REQUEST_DTYPE)
    good = {"instrument": 1, "venue": 0, "strategy": 2, "account": 1, "tick": 1000, "quantity": 5}
    for name, value in ({"kind": REQUEST_KIND.new, "order_id": number} | good | fields).items():
        made[name] = value
    return made


def make_market(device: RemoteDevice) -> None:
    """Quote 9.99 to 10.01 in the book of ETH."""
    quotes = np.zeros(3, UPDATE_DTYPE)
    quotes["kind"] = [UPDATE_KIND.clear, UPDATE_KIND.add, UPDATE_KIND.add]
    quotes["flags"][0] = 1
    quotes["order_id"] = [0, 1, 2]
    quotes["side"] = [SIDE.bid, SIDE.bid, SIDE.ask]
    quotes["tick"] = [0, 999, 1001]
    quotes["quantity"] = 100
    device.transfer(quotes)
    device.drain()
    device.collect(2000)


def send(device: RemoteDevice, *requests: Any) -> tuple[Any, Any]:
    parts = [device.exchange(np.concatenate(requests)), device.collect(2000)]
    orders, events = (np.concatenate(side) for side in zip(*parts, strict=True))
    return orders, events


def verdict(events: Any) -> list[str]:
    (event,) = events[np.isin(events["kind"], (RISK_EVENT_KIND.passed, RISK_EVENT_KIND.denied))]
    return [check.name for check in CHECK if int(event["failed"]) >> check.value & 1]


def ready(folder: Path, ask: Ask) -> None:
    """Set the limits and arm."""
    ask("risk", "set", "--file", folder / "limits.toml", "--yes")
    ask("risk", "arm", "--key", folder / "ana.key", "--clear-kill", "--yes")


def test_after_a_start_everything_is_denied_by_the_checks_that_are_declared_closed(
    running: Path, ask: Ask
) -> None:
    state = ask("risk", "show")
    assert (state["state"]["armed"], state["state"]["kill_causes"]) == (False, ["deadman"])
    assert not state["limits_set_here"]
    plain = {"instrument": 0, "strategy": 0, "account": 0, "tick": 1, "quantity": 1}
    with Running() as client, client.device() as device:
        failed = {
            name
            for number, side in enumerate((SIDE.bid, SIDE.ask))
            for name in verdict(send(device, order(number, side=side, **plain))[1])
        }
    assert failed == {check.name for check in CHECK if check.closed}


def test_an_order_passes_only_with_limits_set_and_armed_and_is_cancelled_by_a_kill(
    running: Path, ask: Ask
) -> None:
    with Running() as client, client.device() as device:
        ask("risk", "set", "--file", running / "limits.toml", "--yes")
        make_market(device)
        assert verdict(send(device, order(1))[1]) == ["not_armed", "killed", "deadman"]
        armed = ask("risk", "arm", "--key", running / "ana.key", "--clear-kill", "--yes")
        assert armed == {"armed": True, "scope": "ARM|CLEAR_KILL", "recorded": True}
        orders, events = send(device, order(2))
        assert verdict(events) == []
        assert orders["order_id"].tolist() == [2]
        shown = ask("risk", "show")
        assert shown["state"]["open_orders"] == 1
        assert shown["orders"][0]["instrument"] == "ETH"
        assert shown["orders"][0]["strategy"] == "maker"
        assert shown["state"]["denials"] == {"not_armed": 1}
        killed = ask("risk", "kill", "--reason", "drill")
        assert killed["killed"]
        assert not killed["cancelling"]
        orders, events = device.collect(100)  # the stream had no hole meanwhile
        assert orders["kind"].tolist() == [ORDER_KIND.cancel]
        assert orders["order_id"].tolist() == [2]
        assert RISK_EVENT_KIND.killed in events["kind"]
        assert "not_armed" in verdict(send(device, order(3))[1])
    told = [trip["what"] for trip in ask("risk", "trips")["trips"]]
    assert told == ["killed", "armed", "killed"]


def test_positions_are_shown_under_their_names(running: Path, ask: Ask) -> None:
    with Running() as client, client.device() as device:
        ready(running, ask)
        make_market(device)
        assert verdict(send(device, order(1, side=SIDE.ask))[1]) == []
        send(device, order(1, kind=REQUEST_KIND.fill, side=SIDE.ask, quantity=3, execution=9))
        shown = ask("risk", "show")
    assert shown["positions"] == {"ETH": -3}
    assert shown["orders"][0]["remaining"] == 2


def test_a_change_is_a_difference_and_is_in_force_at_once(running: Path, ask: Ask) -> None:
    ready(running, ask)
    before = ask("risk", "show")
    assert before["limits_as_set"]
    changed = ask("risk", "set", "instruments.ETH.collar=2.50", "box.max_net=7", "--yes")
    assert changed["changes"] == [
        {"path": "instruments.ETH.collar", "old": "500 ticks (5)", "new": "250 ticks (2.5)"},
        {"path": "box.max_net", "old": "10000 value units", "new": "7 value units"},
    ]
    after = ask("risk", "show")
    assert after["limits"]["instruments"]["ETH"]["collar"] == 250
    with Running() as client, client.device() as device:
        make_market(device)
        assert verdict(send(device, order(1, tick=1251))[1]) == ["collar"]
        assert verdict(send(device, order(1, tick=1000, quantity=8))[1]) == ["max_net"]
        assert verdict(send(device, order(1, tick=1000, quantity=7))[1]) == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["instruments.ETH.collar=2.505", "box.max_net=7"], "no whole number of ticks"),
        (["instruments.ETH.max_quantity=4294967296"], "expected 0 to 4294967295 lots"),
        (["instruments.ETH.index=4"], "this device has rows 0 to 3, not 4"),
        (["box.max_nett=7"], "there is no such limit"),
        (["venues.beta.session_open=true"], "beta would be open without cancel on disconnect"),
    ],
)
def test_a_bad_value_refuses_the_whole_change(
    running: Path, ask: Ask, values: list[str], text: str
) -> None:
    ready(running, ask)
    before = ask("risk", "show")["limits"]
    assert text in ask("risk", "set", *values, "--yes", code=1)["error"]["message"]
    after = ask("risk", "show")
    assert after["limits"] == before
    assert after["limits_as_set"]
    assert after["state"]["limits_refused"] == 0
    assert not after["state"]["limits_fault"]


def test_a_change_needs_a_person_or_yes(running: Path, ask: Ask) -> None:
    answer = ask("risk", "set", "--file", running / "limits.toml", code=2)
    assert answer["error"]["code"] == "not_confirmed"
    dry = ask("risk", "set", "--file", running / "limits.toml", "--dry-run")
    assert dry["changes"]
    assert not dry["committed"]
    assert not ask("risk", "show")["limits_set_here"]


def test_arming_needs_limits_a_venue_that_cancels_the_right_key_and_the_word_about_kills(
    running: Path, ask: Ask
) -> None:
    def refused(*more: str, key: str = "ana.key") -> str:
        answer = ask("risk", "arm", "--key", running / key, "--yes", *more, code=1)
        assert not ask("risk", "show", "--no-limits")["state"]["armed"]
        return str(answer["error"]["message"])

    assert "no limits were set" in refused("--clear-kill")
    text = LIMITS.replace("cancel_on_disconnect = true", "cancel_on_disconnect = false")
    (running / "unsafe.toml").write_text(text)
    ask("risk", "set", "--file", running / "unsafe.toml", "--yes")
    assert "venues without cancel on disconnect: alpha" in refused("--clear-kill")
    ask("risk", "set", "venues.alpha.session_open=false", "--yes")
    ask("risk", "arm", "--key", running / "ana.key", "--yes", "--clear-kill")
    ask("risk", "disarm")
    ask("risk", "set", "--file", running / "limits.toml", "--yes")
    make_key(running / "eve.key", name="eve", operator=0)
    assert "refused the answer" in refused(key="eve.key")
    make_key(running / "bob.key", name="bob", operator=1)
    assert "refused the ask: has operator 1 a key?" in refused(key="bob.key")
    (running / "ana.key").chmod(0o640)
    assert "must have mode 0600, not 0640" in refused()
    (running / "ana.key").chmod(0o600)
    ask("risk", "kill")
    assert "the box is killed, by: host" in refused()


def test_limits_that_were_written_past_the_commands_are_noticed(running: Path, ask: Ask) -> None:
    ready(running, ask)
    ask("risk", "disarm")
    with Running() as client, client.device() as device:
        device.write("max_quantity", 77, 1)
        device.write("limits_commit", 1)
        device.collect(2000)
    shown = ask("risk", "show")
    assert not shown["limits_as_set"]
    assert shown["limits"]["instruments"]["ETH"]["max_quantity"] == 77
    answer = ask("risk", "arm", "--key", running / "ana.key", "--yes", code=1)
    assert "not those that were set last" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("what", "name", "check"),
    [
        ("venue", "alpha", "killed_venue"),
        ("account", "main", "killed_account"),
        ("instrument", "ETH", "killed_instrument"),
        ("strategy", "maker", "killed_strategy"),
    ],
)
def test_a_group_is_killed_by_name_and_cleared_only_when_told_so(
    running: Path, ask: Ask, what: str, name: str, check: str
) -> None:
    ready(running, ask)
    clear = {"instrument": ["--clear-instrument", name]}.get(what, ["--clear-groups"])
    with Running() as client, client.device() as device:
        make_market(device)
        ask("risk", "kill", what, name)
        assert verdict(send(device, order(1))[1]) == [check]
        ask("risk", "arm", "--key", running / "ana.key", "--yes")
        assert verdict(send(device, order(2))[1]) == [check]
        ask("risk", "arm", "--key", running / "ana.key", "--yes", *clear)
        assert verdict(send(device, order(3))[1]) == []
    kills = [trip for trip in ask("risk", "trips")["trips"] if trip["what"].startswith("kill_")]
    assert [(trip["of"], trip["by"]) for trip in kills] == [(name, "host")]


def test_the_deadman_kills_when_those_who_hold_it_are_gone(running: Path, ask: Ask) -> None:
    ready(running, ask)
    ask("risk", "set", "box.deadman_timeout=40", "--yes")  # 40,960 cycles
    command = [sys.executable, "-m", "host.cli", "risk", "hold", "--json"]
    with Running() as client, client.device() as device:
        holder = subprocess.Popen(command, cwd=ROOT)
        try:
            deadline = time.monotonic() + 30
            while device.read("deadman") and time.monotonic() < deadline:
                time.sleep(0.05)
            ask("risk", "arm", "--key", running / "ana.key", "--yes", "--clear-kill")
            for _ in range(20):  # five timeouts, a quarter of one between two refreshes
                time.sleep(0.1)
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


def test_where_none_runs_every_command_says_what_to_do(folder: Path, ask: Ask) -> None:
    for command in (
        ["risk", "show"],
        ["risk", "set", "box.max_net=1"],
        ["risk", "arm", "--key", folder / "ana.key"],
        ["risk", "disarm"],
        ["risk", "kill"],
        ["risk", "hold"],
        ["risk", "trips"],
        ["risk", "enrol", folder / "ana.key"],
        ["down"],
    ):
        error = ask(*command, code=1)["error"]
        assert error["message"].startswith("no appliance runs"), command
        assert error["suggestion"] == "tickgate up --device verilated_risk"
    assert ask("status", code=1)["running"] is False
    with pytest.raises(RuntimeFolderError):
        stop()
