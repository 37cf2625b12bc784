"""Tests of host.device.remote against a worker's service, over sockets in this process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import zmq

from host.device.base import DeviceError, DeviceLostError, DeviceMismatchError
from host.device.records import EVENT_DTYPE
from host.device.remote import RemoteDevice
from host.env import SYSTEM
from host.protocol import messages as m
from host.protocol.batches import MAX_BATCH, Batch, encode_batch
from host.worker.service import CREDITS, DeviceService
from hw.presets import PRESETS
from hw.registers import map_id
from tests.host.loopback import (
    FATAL_ORDER,
    FailingDevice,
    ForeignDevice,
    HoleDevice,
    LaggingDevice,
    LoopbackDevice,
)
from tests.host.updates import everything, numbered

SMALL = PRESETS["small"]
ENDPOINT = "inproc://device"

Handler = Callable[[bytes, list[bytes]], list[list[bytes]]]
Context = zmq.Context


@contextmanager
def worker(handle: Handler) -> Iterator[Context]:
    """Serve ``handle`` in a thread."""
    context: Context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.bind(ENDPOINT)
    ending = threading.Event()

    def serve() -> None:
        while not ending.is_set():
            if socket.poll(20):
                client, *frames = socket.recv_multipart()
                for answer in handle(client, frames):
                    socket.send_multipart([client, *answer])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield context
    finally:
        ending.set()
        thread.join()
        socket.close()
        context.term()


@contextmanager
def remote(
    device: LoopbackDevice, watch: Callable[[], None] = lambda: None
) -> Iterator[RemoteDevice]:
    service = DeviceService(device, SYSTEM)
    with (
        worker(service.handle) as context,
        RemoteDevice(context, ENDPOINT, SMALL, env=SYSTEM, watch=watch) as got,
    ):
        yield got


@pytest.mark.parametrize("device", [LoopbackDevice, LaggingDevice])
@pytest.mark.parametrize("count", [0, 1, MAX_BATCH, 3 * CREDITS * MAX_BATCH // 2 + 1])
def test_every_update_comes_back_once_in_order(device: type[LoopbackDevice], count: int) -> None:
    if device is LaggingDevice and count == 0:
        count = 2
    with remote(device(SMALL)) as got:
        events = [got.transfer(numbered(count)), got.transfer(numbered(5, count)), got.drain()]
        ids = np.concatenate(events)["order_id"]
        np.testing.assert_array_equal(ids, np.arange(count + 5))


def test_transfers_are_pipelined_up_to_the_credits() -> None:
    release = threading.Event()

    class Waiting(LoopbackDevice):
        def transfer(self, updates: np.ndarray) -> np.ndarray:
            assert release.wait(10)
            return super().transfer(updates)

    with remote(Waiting(SMALL)) as got:
        for batch in range(CREDITS):  # none of these waits
            assert len(got.transfer(numbered(1, batch))) == 0
        timer = threading.Timer(0.2, release.set)
        timer.start()
        assert not release.is_set()
        events = [got.transfer(numbered(1, CREDITS))]  # no credit left: waits
        assert release.is_set()
        events.append(got.drain())
        assert np.concatenate(events)["order_id"].tolist() == list(range(CREDITS + 1))


def test_events_that_come_while_a_register_is_read_are_kept() -> None:
    with remote(LoopbackDevice(SMALL)) as got:
        events = [got.transfer(numbered(10))]
        assert got.read("events") == 10
        events.append(got.drain())
        assert len(np.concatenate(events)) == 10


def test_registers_behave_as_those_of_a_local_device() -> None:
    with remote(LoopbackDevice(SMALL)) as got:
        assert got.read("map_id") == map_id(SMALL)
        got.write("control", 4)
        assert got.read("control") == 4
        with pytest.raises(KeyError, match="nope"):
            got.read("nope")
        with pytest.raises(IndexError, match="no 16"):
            got.read("errors", 16)
        with pytest.raises(PermissionError, match="read-only"):
            got.write("cycles", 1)
        with pytest.raises(ValueError, match="below"):
            got.write("control", 2**32)
        assert (got.name, got.cycle_accurate) == ("loopback", False)


def test_events_may_be_modified() -> None:
    with remote(LoopbackDevice(SMALL)) as got:
        events = everything(got, numbered(3))
        events["order_id"] = 9
        assert events["order_id"].tolist() == [9, 9, 9]


def test_a_restart_counts_events_from_zero_again() -> None:
    with remote(LoopbackDevice(SMALL)) as got:
        assert everything(got, numbered(3))["sequence"].tolist() == [0, 1, 2]
        got.write("control", 1)
        got.write("control", 0)
        assert everything(got, numbered(3))["sequence"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("bad", [np.zeros(3, EVENT_DTYPE), numbered(4).reshape(2, 2)])
def test_refuses_what_are_no_updates_and_goes_on(bad: np.ndarray) -> None:
    with remote(LoopbackDevice(SMALL)) as got:
        with pytest.raises(ValueError, match="one-dimensional of dtype UPDATE_DTYPE"):
            got.transfer(bad)
        assert len(everything(got, numbered(2))) == 2


def test_refuses_a_foreign_device() -> None:
    with pytest.raises(DeviceMismatchError, match="0x0000dead"), remote(ForeignDevice(SMALL)):
        pass


def test_a_lost_event_is_noticed_and_the_device_not_used_any_further() -> None:
    with remote(HoleDevice(SMALL)) as got:
        with pytest.raises(DeviceLostError, match="event 2 must follow, but 3 came"):
            everything(got, numbered(5, FATAL_ORDER - 2))
        with pytest.raises(DeviceLostError, match="events were lost"):
            got.transfer(numbered(1))


def test_a_failure_of_the_device_is_raised_here() -> None:
    with remote(FailingDevice(SMALL)) as got:
        with pytest.raises(DeviceError, match="DeviceError: the order of doom"):
            everything(got, numbered(1, FATAL_ORDER))
        with pytest.raises(DeviceError, match="the order of doom"):
            got.read("cycles")


def test_a_drain_that_fails_costs_no_credit() -> None:
    with remote(FailingDevice(SMALL)) as got:
        for _ in range(CREDITS + 1):
            with pytest.raises(DeviceError, match="nothing drains"):
                got.drain()
        events = [got.transfer(numbered(1))]
        assert got.read("events") == 1
        assert len(np.concatenate([*events, got.transfer(numbered(0))])) == 1


def test_a_closed_device_says_so() -> None:
    with remote(LoopbackDevice(SMALL)) as got:
        got.close()
        got.close()
        for use in (got.drain, lambda: got.read("cycles"), lambda: got.transfer(numbered(1))):
            with pytest.raises(DeviceError, match="the device is closed"):
                use()


def test_what_is_wrong_with_the_processes_is_raised_while_waiting() -> None:
    def gone() -> None:
        raise DeviceLostError("worker fpga is gone")

    with (
        worker(lambda _client, _frames: []) as context,
        pytest.raises(DeviceLostError, match="worker fpga is gone"),
    ):
        RemoteDevice(context, ENDPOINT, SMALL, env=SYSTEM, watch=gone)


def test_a_worker_that_never_answers_is_given_up() -> None:
    with (
        worker(lambda _client, _frames: []) as context,
        pytest.raises(DeviceLostError, match="no answer in 0 s"),
    ):
        RemoteDevice(context, ENDPOINT, SMALL, env=SYSTEM, watch=lambda: None, answer_s=0.05)


def _events(stream: int, sequence: int) -> list[bytes]:
    records = np.zeros(1, EVENT_DTYPE)
    return encode_batch("events", Batch(stream=stream, sequence=sequence, records=records))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ([b"garbage"], "cannot be read: message: Invalid JSON"),
        ([b"a", b"b", b"c"], "cannot be read: 3 frames"),
        ([b"a", b"b"], "cannot be read: batch header must have"),
        ([m.encode(m.Done(request_id=12345))], "sent done.v1"),
        (_events(1, 0), "must follow"),
    ],
)
@pytest.mark.parametrize("use", ["read", "transfer"])
def test_a_worker_that_talks_nonsense_is_given_up(answer: list[bytes], text: str, use: str) -> None:
    service = DeviceService(LoopbackDevice(SMALL), SYSTEM)

    def handle(client: bytes, frames: list[bytes]) -> list[list[bytes]]:
        opening = len(frames) == 1 and isinstance(m.decode(frames[0]), m.DeviceOpen)
        return service.handle(client, frames) if opening else [answer]

    with (
        worker(handle) as context,
        RemoteDevice(context, ENDPOINT, SMALL, env=SYSTEM, watch=lambda: None, answer_s=5) as got,
    ):
        with pytest.raises(DeviceLostError, match=text):
            got.read("cycles") if use == "read" else got.transfer(numbered(CREDITS * MAX_BATCH + 1))
        with pytest.raises(DeviceLostError, match=text):
            got.drain()
