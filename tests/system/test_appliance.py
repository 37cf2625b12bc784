"""The appliance's processes: what they do together, and what is left when one of them dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import zmq

from host.appliance import Appliance
from host.device.base import DeviceError, DeviceLostError, DeviceMismatchError
from host.env import Environment
from host.protocol.endpoints import private_directory
from host.protocol.messages import Failure, decode
from hw.presets import PRESETS
from tests.conftest import ROOT
from tests.host.loopback import FATAL_ORDER
from tests.host.updates import everything, numbered

SMALL = PRESETS["small"]
NOTICED_S = 5.0
ENDED_S = 30.0  # an interpreter that is interrupted, on a busy machine


def backend(name: str) -> str:
    return f"tests.host.loopback:{name}"


def commands() -> dict[int, str]:
    """Command lines of the processes of this machine."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:  # it has just ended
            continue
        if state != "Z":
            found[int(entry.name)] = text
    return found


def processes_of(directory: Path) -> list[int]:
    return [pid for pid, command in commands().items() if str(directory) in command]


def worker_pid(appliance: Appliance) -> int:
    found = processes_of(appliance.directory)
    (pid,) = [pid for pid in found if pid != appliance.controller_pid]
    return pid


def assert_nothing_left(directory: Path) -> None:
    deadline = time.monotonic() + NOTICED_S
    while processes_of(directory) or directory.exists():
        assert time.monotonic() < deadline, (processes_of(directory), directory.exists())
        time.sleep(0.02)


def test_events_come_back_and_nothing_is_left_behind() -> None:
    with Appliance(backend("LaggingDevice"), SMALL) as appliance:
        directory = appliance.directory
        assert directory.stat().st_mode & 0o777 == 0o700
        assert len(processes_of(directory)) == 2
        events = [appliance.device.transfer(numbered(100_000)), appliance.device.drain()]
        ids = np.concatenate(events)["order_id"]
        np.testing.assert_array_equal(ids, np.arange(100_000))
    assert_nothing_left(directory)
    appliance.stop()  # allowed again


def test_two_appliances_do_not_collide() -> None:
    with (
        Appliance(backend("LoopbackDevice"), SMALL) as one,
        Appliance(backend("LoopbackDevice"), PRESETS["medium"]) as two,
    ):
        assert one.directory != two.directory
        assert len(everything(one.device, numbered(3))) == 3
        assert len(everything(two.device, numbered(5))) == 5
        assert len(everything(one.device, numbered(2, 3))) == 2


def test_a_foreign_device_is_refused_with_both_values() -> None:
    with (
        pytest.raises(DeviceMismatchError, match=r"map_id 0x0000dead, this host expects 0x"),
        Appliance(backend("ForeignDevice"), SMALL),
    ):
        pass


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (backend("absent_device"), "^no board answers in slot 3$"),
        ("nope", "no device backend 'nope'"),
    ],
)
def test_a_device_that_cannot_be_opened_is_no_matter_of_another_try(device: str, text: str) -> None:
    with pytest.raises(DeviceError, match=text) as caught, Appliance(device, SMALL):
        pass
    assert not isinstance(caught.value, DeviceLostError)


def test_a_device_that_takes_too_long_to_open_is_given_up() -> None:
    passed = 0.0

    def on_stage(stage: str) -> None:
        nonlocal passed
        if stage == "compiling 2 of 3":
            passed = 601.0  # as if that had taken so long

    env = Environment(monotonic=lambda: time.monotonic() + passed)
    appliance = Appliance(backend("slow_device"), SMALL, start_s=600.0, on_stage=on_stage, env=env)
    with pytest.raises(DeviceLostError, match=r"not ready in 600 s; .* with: compiling 2 of 3"):
        appliance.__enter__()
    assert_nothing_left(appliance.directory)


def test_a_worker_killed_in_a_transfer_is_a_clear_error() -> None:
    with Appliance(backend("SuicidalDevice"), SMALL) as appliance:
        directory = appliance.directory
        appliance.device.transfer(numbered(1))
        start = time.monotonic()
        with pytest.raises(DeviceLostError, match=r"worker fpga is gone: .* signal SIGKILL"):
            appliance.device.transfer(numbered(100_000))
        assert time.monotonic() - start < NOTICED_S
        with pytest.raises(DeviceLostError, match="SIGKILL"):
            appliance.device.read("cycles")
    assert_nothing_left(directory)


def test_a_worker_killed_while_idle_is_noticed() -> None:
    with Appliance(backend("LoopbackDevice"), SMALL) as appliance:
        os.kill(worker_pid(appliance), signal.SIGKILL)
        with pytest.raises(DeviceLostError, match="worker fpga is gone"):
            appliance.device.drain()


def test_a_killed_controller_takes_the_worker_with_it() -> None:
    with Appliance(backend("LoopbackDevice"), SMALL) as appliance:
        directory = appliance.directory
        os.kill(appliance.controller_pid, signal.SIGKILL)
        deadline = time.monotonic() + NOTICED_S
        while processes_of(directory):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with pytest.raises(DeviceLostError, match=r"the controller is gone: .* signal SIGKILL"):
            appliance.device.drain()
    assert_nothing_left(directory)


def test_a_device_that_hangs_is_given_up_and_stopped() -> None:
    with Appliance(backend("HangingDevice"), SMALL, answer_s=0.5) as appliance:
        directory = appliance.directory
        appliance.device.transfer(numbered(1, FATAL_ORDER))
        with pytest.raises(DeviceLostError, match=r"no answer in 0 s|no answer in 1 s"):
            appliance.device.drain()
    assert_nothing_left(directory)


# A shell gives what it starts in the background an interrupt that is ignored; a program at a
# terminal has the usual one.
PARENT = """
import signal, sys
from host.appliance import Appliance
from hw.presets import PRESETS
signal.signal(signal.SIGINT, signal.default_int_handler)
with Appliance(sys.argv[1], PRESETS["small"]) as appliance:
    print(appliance.directory, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_program_that_started_it(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, backend("LoopbackDevice")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        directory = Path(parent.stdout.readline().strip())
        assert len(processes_of(directory)) == 2
        parent.send_signal(number)
        parent.wait(ENDED_S)
        assert_nothing_left(directory)


def test_garbage_on_the_sockets_is_answered_counted_and_harms_no_one() -> None:
    with Appliance(backend("LoopbackDevice"), SMALL) as appliance:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        for name in ("control", "fpga"):
            socket = context.socket(zmq.DEALER)
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(f"ipc://{appliance.directory}/{name}")
            for frames in ([b"garbage"], [b"a", b"b"], [b""] * 3):
                socket.send_multipart(frames)
                assert socket.poll(2000)
                assert isinstance(decode(socket.recv_multipart()[0]), Failure)
            socket.close()
        context.term()
        assert len(everything(appliance.device, numbered(7))) == 7
        deadline = time.monotonic() + NOTICED_S
        status = appliance.status()
        while (status.refused, status.workers[0].refused) != (3, 3):
            assert time.monotonic() < deadline, status
            status = appliance.status()
            time.sleep(0.05)


def test_the_path_of_a_socket_stays_short_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    directory = private_directory()
    try:
        assert directory.parent == Path("/tmp")
        assert list(deep.iterdir()) == []
    finally:
        directory.rmdir()
