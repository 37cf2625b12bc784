"""Tests of host.device.remote where the worker's device has a risk gate."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from host.device.base import DeviceError, DeviceLostError, DeviceMismatchError, has_gate
from host.device.records import ORDER_DTYPE, RISK_EVENT_DTYPE
from host.device.remote import RemoteDevice
from host.env import SYSTEM
from host.protocol import messages as m
from host.protocol.batches import MAX_BATCH, Batch, encode_batch
from host.worker.service import CREDITS, DeviceService
from hw.risk_parameters import RiskParameters
from tests.host.device.test_remote import ENDPOINT, SMALL, remote, worker
from tests.host.loopback import FATAL_ORDER, LoopbackDevice, LoopbackRiskDevice
from tests.host.updates import numbered, requested


@pytest.fixture
def device() -> LoopbackRiskDevice:
    return LoopbackRiskDevice(SMALL)


@pytest.fixture
def got(device: LoopbackRiskDevice) -> Iterator[RemoteDevice]:
    with remote(device) as made:
        yield made


def say(got: RemoteDevice, *batches: NDArray[np.void]) -> list[NDArray[np.void]]:
    """Send requests in batches; return all orders, and all risk events."""
    parts = [*(got.exchange(batch) for batch in batches), got.collect()]
    return [np.concatenate(side) for side in zip(*parts, strict=True)]


def test_says_what_gate_it_has(got: RemoteDevice) -> None:
    assert got.risk == RiskParameters(books=4, instruments=8)
    assert has_gate(got)


@pytest.mark.parametrize("count", [0, 1, MAX_BATCH, 3 * CREDITS * MAX_BATCH // 2 + 1])
def test_every_request_comes_back_once_in_order(got: RemoteDevice, count: int) -> None:
    start = FATAL_ORDER + 1
    orders, events = say(got, requested(count, start), requested(3, start + count))
    assert (orders.dtype, events.dtype) == (ORDER_DTYPE, RISK_EVENT_DTYPE)
    np.testing.assert_array_equal(orders["order_id"], np.arange(start, start + count + 3))
    np.testing.assert_array_equal(events["order_id"], np.arange(start, start + count + 3))


def test_updates_and_requests_may_be_mixed(got: RemoteDevice) -> None:
    books: list[NDArray[np.void]] = []
    orders: list[NDArray[np.void]] = []
    events: list[NDArray[np.void]] = []
    for start in range(0, 4 * CREDITS, 2):
        books.append(got.transfer(numbered(2, start)))
        for side, part in zip((orders, events), got.exchange(requested(2, start)), strict=True):
            side.append(part)
    assert got.read("events") == 4 * CREDITS
    books.append(got.drain())
    for side, part in zip((orders, events), got.collect(), strict=True):
        side.append(part)
    for side in (books, orders, events):
        assert np.concatenate(side)["order_id"].tolist() == list(range(4 * CREDITS))


def test_collect_runs_cycles(got: RemoteDevice, device: LoopbackRiskDevice) -> None:
    got.collect(5)
    got.collect(2**40)
    assert device.cycles == 5 + 2**40
    with pytest.raises(ValueError, match="cycles must be at least 0, not -1"):
        got.collect(-1)


def test_the_pin_reaches_the_device_after_what_was_sent_before(
    got: RemoteDevice, device: LoopbackRiskDevice
) -> None:
    first = got.exchange(requested(2))
    got.set_pin(True)
    assert device.high
    assert len(first[0]) + len(got.collect()[0]) == 2


def test_a_failure_of_the_gate_is_raised_here(got: RemoteDevice) -> None:
    got.set_pin(True)
    with pytest.raises(DeviceError, match="DeviceError: the pin is high"):
        say(got, requested(1))
    with pytest.raises(DeviceError, match="the pin is high"):
        got.transfer(numbered(1))


def test_a_lost_risk_event_is_noticed(got: RemoteDevice) -> None:
    say(got, requested(2, FATAL_ORDER - 2))
    with pytest.raises(DeviceLostError, match="event 2 must follow, but 3 came"):
        say(got, requested(3, FATAL_ORDER))
    with pytest.raises(DeviceLostError, match="events were lost"):
        got.collect()


@pytest.mark.parametrize("bad", [numbered(3), requested(4).reshape(2, 2)])
def test_refuses_what_are_no_requests_and_goes_on(got: RemoteDevice, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one-dimensional of dtype RISK_REQUEST_DTYPE"):
        got.exchange(bad)
    assert len(say(got, requested(2))[1]) == 2


def test_a_device_without_a_gate_says_so_and_goes_on() -> None:
    with remote(LoopbackDevice(SMALL)) as got:
        assert got.risk is None
        assert not has_gate(got)
        for use in (
            lambda: got.exchange(requested(1)),
            got.collect,
            lambda: got.set_pin(True),
        ):
            with pytest.raises(DeviceError, match="device loopback has no risk gate"):
                use()
        assert len(np.concatenate([got.transfer(numbered(2)), got.drain()])) == 2


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ({"wings": 2}, "that this host does not know.*wings"),
        ({"instruments": 3}, "that this host does not know.*power of two from 2 to 32, not 3"),
        ({"instruments": 16}, "map_id 0x"),
        (None, "map_id 0x"),
    ],
)
def test_refuses_a_gate_that_it_does_not_know(sizes: dict[str, int] | None, text: str) -> None:
    service = DeviceService(LoopbackRiskDevice(SMALL), SYSTEM)

    def handle(client: bytes, frames: list[bytes]) -> list[list[bytes]]:
        ((body,),) = service.handle(client, frames)
        opened = m.decode(body)
        return [[m.encode(opened.model_copy(update={"risk_sizes": sizes}))]]

    with (
        worker(handle) as context,
        pytest.raises(DeviceMismatchError, match=text),
    ):
        RemoteDevice(context, ENDPOINT, SMALL, env=SYSTEM, watch=lambda: None, answer_s=5)


def test_orders_of_another_stream_are_not_taken() -> None:
    service = DeviceService(LoopbackRiskDevice(SMALL), SYSTEM)
    foreign = Batch(stream=1, sequence=0, records=np.zeros(1, ORDER_DTYPE))

    def handle(client: bytes, frames: list[bytes]) -> list[list[bytes]]:
        if len(frames) == 2:
            return [encode_batch("orders", foreign)]
        return service.handle(client, frames)

    with (
        worker(handle) as context,
        RemoteDevice(context, ENDPOINT, SMALL, env=SYSTEM, watch=lambda: None, answer_s=5) as got,
        pytest.raises(DeviceLostError, match=r"batch 0 of stream .* must follow, but 0 of 1 came"),
    ):
        say(got, requested(1))
