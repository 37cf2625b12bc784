"""An appliance in the background: up, status, down, and what comes of one that dies."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host.device.base import DeviceError, DeviceLostError
from host.running import Running, start, stop
from host.runtime import RuntimeFolderError
from hw.presets import PRESETS
from tests.host.updates import numbered
from tests.system.test_appliance import processes_of

LOOPBACK = "tests.host.loopback:LoopbackRiskDevice"
SMALL = PRESETS["small"]
SOON_S = 30.0

Ask = Callable[..., Any]


@pytest.fixture
def folder(runtime: Path) -> Iterator[Path]:
    """Return where the appliance of the test lives; nothing of it is left afterwards."""
    yield runtime
    with contextlib.suppress(RuntimeFolderError):
        stop()
    wait_until(lambda: not processes_of(runtime))


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_stays_until_it_is_stopped(folder: Path, ask: Ask) -> None:
    up = ask("up", "--device", LOOPBACK)
    status = ask("status")
    assert (status["running"], status["worker"], status["pid"]) == (True, "ready", up["pid"])
    assert folder.stat().st_mode & 0o777 == 0o700
    with Running() as one, one.device() as device:
        events = np.concatenate([device.transfer(numbered(10)), device.drain()])
        assert len(events) == 10
    with Running() as two, two.device() as device:
        assert device.read("events") == 10  # the device stayed open meanwhile
    assert ask("down", "--force") == {"how": "stopped"}
    assert ask("status", code=1)["detail"] == "no appliance runs"
    assert not processes_of(folder)


def test_a_second_one_is_refused_and_the_first_goes_on(folder: Path, ask: Ask) -> None:
    pid = ask("up", "--device", LOOPBACK)["pid"]
    error = ask("up", "--device", LOOPBACK, code=1)["error"]
    assert error["message"] == f"an appliance runs already (process {pid}, device {LOOPBACK})"
    assert ask("status")["pid"] == pid


def test_one_that_was_killed_is_noticed_and_another_can_start(folder: Path, ask: Ask) -> None:
    pid = ask("up", "--device", LOOPBACK)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not processes_of(folder))  # the worker goes with it
    assert "ended without being stopped" in ask("status", code=1)["detail"]
    assert "ended without being stopped" in ask("risk", "kill", code=1)["error"]["message"]
    assert ask("up", "--device", LOOPBACK)["pid"] != pid


def test_a_worker_that_was_killed_is_told_of(folder: Path, ask: Ask) -> None:
    pid = ask("up", "--device", LOOPBACK)["pid"]
    (worker,) = [other for other in processes_of(folder) if other != pid]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: ask_state(ask) == "lost")
    assert ask("risk", "kill", code=3)["error"]["code"] == "device_lost"
    assert ask("down", "--force") == {"how": "stopped"}


def ask_state(ask: Ask) -> str:
    with Running() as running:
        return running.status().workers[0].state


def test_a_client_notices_that_the_appliance_went(folder: Path, ask: Ask) -> None:
    pid = ask("up", "--device", LOOPBACK)["pid"]
    with Running() as running:
        running.status()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not running.runtime.runs())
        with pytest.raises(DeviceLostError, match=f"the controller is gone: process {pid} ended"):
            running.wait_until_ready(timeout_s=SOON_S)


def test_a_device_that_cannot_be_opened_leaves_nothing(folder: Path, ask: Ask) -> None:
    error = ask("up", "--device", "tests.host.loopback:absent_device", code=1)["error"]
    assert error["message"] == "no board answers in slot 3"
    assert ask("status", code=1)["running"] is False
    assert not processes_of(folder)


def test_bad_limits_or_keys_are_refused_before_anything_starts(folder: Path, ask: Ask) -> None:
    bad = folder.parent / "bad.toml"
    bad.write_text("version = 2\n")
    error = ask("up", "--device", LOOPBACK, "--limits", bad, code=1)["error"]
    assert error["code"] == "limits_refused"
    assert (
        ask("up", "--device", LOOPBACK, "--operator-key", bad, code=1)["error"]["code"]
        == "key_file"
    )
    assert not folder.exists()


def test_whoever_takes_the_device_takes_it_from_the_one_before(folder: Path) -> None:
    start(LOOPBACK, SMALL)
    with Running() as one, Running() as two:
        one.wait_until_ready(timeout_s=SOON_S)
        with one.device() as first, two.device() as second:
            assert len(np.concatenate([second.transfer(numbered(3)), second.drain()])) == 3
            with pytest.raises(DeviceError, match="open the device first"):
                first.read("events")


def test_a_termination_signal_ends_it_cleanly(folder: Path, ask: Ask) -> None:
    pid = ask("up", "--device", LOOPBACK)["pid"]
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not processes_of(folder))
