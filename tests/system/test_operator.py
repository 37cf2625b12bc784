"""The operator's commands end to end: a simulated gate that runs in the background."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host.cli import main
from host.risk.operator_key import make_key
from host.risk.state import GROUPS
from host.running import Running
from hw.records import CHECK, ORDER_KIND, REQUEST_KIND, RISK_EVENT_KIND, SIDE
from tests.system.operator_device import LIMITS, make_market, order, ready, send, verdict

pytestmark = [pytest.mark.cosim, pytest.mark.usefixtures("needs_verilated")]

Ask = Callable[..., Any]


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
    told = [(trip["what"], trip["of"], trip["by"]) for trip in ask("risk", "trips")["trips"]]
    armed = ("armed", "box", "operator 0")
    killed = (f"kill_{GROUPS[what]}", name, "host")
    assert told == [("killed", "box", "deadman"), armed, killed, armed, armed]


def test_people_are_told_the_same_in_words(
    running: Path, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    ready(running, ask)
    ask("risk", "kill", "strategy", "maker")
    said = {}
    for command in (["show"], ["trips"], ["audit"], ["audit", "--verify"], ["disarm"], ["kill"]):
        assert main(["risk", *command]) == 0
        said[" ".join(command)] = capsys.readouterr().out
    for text in ("armed", "killed strategies", "instruments.ETH.collar", "500 ticks (5)"):
        assert text in said["show"]
    assert "kill_strategies" in said["trips"]
    assert "ARM|CLEAR_KILL" in said["audit"]
    assert "unbroken" in said["audit --verify"]
    assert "disarmed; open orders stay" in said["disarm"]
    assert "killed: box; open orders: 0, cancels sent for all" in said["kill"]
