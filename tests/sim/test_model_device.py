"""Tests of sim.devices.model."""

import numpy as np
import pytest

from host.device.base import Device, DeviceError
from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from hw.records import ERROR, EVENT_KIND
from hw.registers import REGISTERS, map_id
from sim.devices.model import ModelDevice
from sim.orderflow import order_flow
from sim.verify import Verifier
from tests.sim.updates import TINY, array_of, update

ADD = array_of(update("add", order_id=1, tick=10, quantity=5, time=9))


def test_is_a_device() -> None:
    device: Device = ModelDevice(TINY)
    assert (device.name, device.cycle_accurate) == ("model", False)
    assert device.parameters is TINY


def test_every_event_comes_with_its_update() -> None:
    updates = next(order_flow("adversarial", TINY, n=2000, rng=np.random.default_rng(1)))
    verifier = Verifier(TINY)
    with ModelDevice(TINY) as device:
        for batch in np.array_split(updates, 7):
            verifier.feed(batch, device.transfer(batch))
        assert len(device.drain()) == 0
        result = verifier.finish()
        assert result.first == []
        assert device.read("updates") == 2000
        assert device.read("events") == result.events
        assert device.read("orders") == verifier.model.orders
        for code in ERROR:
            assert device.read("errors", code.value) == result.errors.get(code.name, 0)


def test_registers_after_reset() -> None:
    device = ModelDevice(TINY)
    given = {"map_id": map_id(TINY), "books": TINY.books, "status": 1}
    for name, register in REGISTERS.items():
        for index in range(register.count):
            assert device.read(name, index) == given.get(name, register.reset)


def test_restart_forgets_everything_and_holds_until_it_is_taken_back() -> None:
    device = ModelDevice(TINY)
    device.transfer(np.concatenate([ADD, ADD]))
    device.write("control", 1)
    assert (device.read("control"), device.read("status")) == (1, 0)
    with pytest.raises(DeviceError, match="held in restart: write 0 to control"):
        device.transfer(ADD)
    device.write("control", 0)
    for name in ("updates", "events", "orders"):
        assert device.read(name) == 0
    assert device.read("errors", ERROR.duplicate_id) == 0
    assert device.read("status") == 1
    (event,) = device.transfer(ADD)
    assert (event["sequence"], event["kind"], event["bid_tick"]) == (0, EVENT_KIND.best, 10)
    assert (event["cycle"], event["latency"], event["time"]) == (0, 0, 9)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda d: d.read("nothing"), KeyError, "no register 'nothing'; there are map_id"),
        (lambda d: d.read("errors", 16), IndexError, "errors has entries 0 to 15, not 16"),
        (lambda d: d.write("books", 1), PermissionError, "register books is read-only"),
        (lambda d: d.write("control", 2**32), ValueError, "control must be from 0 to"),
        (lambda d: d.write("control", -1), ValueError, "not -1"),
        (lambda d: d.write("control", 0, 1), IndexError, "control has entries 0 to 0, not 1"),
        (lambda d: d.transfer(np.zeros(3)), ValueError, "updates must have one dimension"),
        (lambda d: d.transfer(np.zeros((1, 1), UPDATE_DTYPE)), ValueError, "not 2 and"),
    ],
)
def test_rejects_what_it_cannot_do(call, error, text) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=text):
        call(ModelDevice(TINY))


def test_is_of_no_use_once_closed() -> None:
    device = ModelDevice(TINY)
    device.close()
    device.close()
    for call in (
        lambda: device.read("books"),
        lambda: device.write("control", 0),
        lambda: device.transfer(ADD),
        device.drain,
    ):
        with pytest.raises(DeviceError, match="the device is closed"):
            call()


def test_no_updates_give_no_events() -> None:
    assert ModelDevice(TINY).transfer(np.zeros(0, UPDATE_DTYPE)).dtype == EVENT_DTYPE
