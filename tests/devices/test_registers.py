"""Every device: registers, restart, closing."""

import numpy as np
import pytest

from host.device.base import Device, DeviceError
from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from hw.records import ERROR, EVENT_KIND
from hw.registers import REGISTERS, map_id
from tests.devices.talking import best, say
from tests.sim.updates import TINY, array_of, update

ADD = update("add", order_id=1, tick=10, quantity=5, time=9)
FREE_RUNNING = {"cycles"}  # runs from reset on where there are cycles


def test_says_what_it_is(device: Device) -> None:
    assert device.parameters is TINY
    assert device.name in ("model", "verilated")
    assert device.cycle_accurate == (device.name == "verilated")
    assert device.read("map_id") == map_id(TINY)
    assert device.read("books") == TINY.books


def test_is_ready_and_empty_after_reset(device: Device) -> None:
    given = {"map_id": map_id(TINY), "books": TINY.books, "status": 1}
    for name, register in REGISTERS.items():
        if name not in FREE_RUNNING:
            for index in range(register.count):
                assert device.read(name, index) == given.get(name, register.reset), name


def test_counts_updates_events_orders_and_errors(device: Device) -> None:
    say(device, ADD, update("add", order_id=2, side=1, tick=20, quantity=6), update("trade"))
    say(device, update("execute", order_id=9, quantity=1), update("read_orders"))
    assert device.read("updates") == 5
    assert device.read("events") == 7
    assert device.read("orders") == 2
    assert device.read("errors", ERROR.unknown_id) == 1
    assert sum(device.read("errors", index) for index in range(16)) == 1


def test_restart_forgets_everything_and_holds_until_it_is_taken_back(device: Device) -> None:
    say(device, ADD, ADD)
    device.write("control", 1)
    assert (device.read("control"), device.read("status")) == (1, 0)
    with pytest.raises(DeviceError, match="held in restart: write 0 to control"):
        device.transfer(array_of(ADD))
    assert len(device.drain()) == 0
    device.write("control", 0)
    assert len(device.drain()) == 0
    assert device.read("status") == 1
    for name in ("updates", "events", "orders", "stall_cycles"):
        assert device.read(name) == 0, name
    assert device.read("errors", ERROR.duplicate_id) == 0
    (event,) = say(device, ADD)
    assert (event["sequence"], event["kind"], event["error"]) == (0, EVENT_KIND.best, ERROR.none)
    assert best(event) == (10, 5, 1, 0, 0, 0)


def test_restart_may_come_while_updates_are_under_way(device: Device) -> None:
    adds = [update("add", order_id=i, tick=10 + i, quantity=1) for i in range(40)]
    device.transfer(array_of(*adds))
    device.write("control", 1)
    device.write("control", 0)
    assert len(device.drain()) == 0
    events = say(device, update("trade"), update("trade", book=1))
    assert events["sequence"].tolist() == [0, 1]
    assert [best(e) for e in events] == [(0,) * 6] * 2
    assert device.read("orders") == 0


@pytest.mark.parametrize(
    ("name", "index", "error", "text"),
    [
        ("nothing", 0, KeyError, "no register 'nothing'; there are map_id"),
        ("errors", 16, IndexError, "errors has entries 0 to 15, not 16"),
        ("errors", -1, IndexError, "not -1"),
        ("books", 1, IndexError, "books has entries 0 to 0, not 1"),
    ],
)
def test_refuses_registers_that_do_not_exist(
    device: Device, name: str, index: int, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        device.read(name, index)
    with pytest.raises(error, match=text):
        device.write(name, 0, index)


@pytest.mark.parametrize("value", [-1, 1 << 32])
def test_refuses_values_that_do_not_fit(device: Device, value: int) -> None:
    with pytest.raises(ValueError, match=rf"control must be from 0 to .*, not {value}"):
        device.write("control", value)


def test_refuses_to_write_what_is_read_only(device: Device) -> None:
    with pytest.raises(PermissionError, match="register books is read-only"):
        device.write("books", 1)


@pytest.mark.parametrize(
    ("updates", "text"),
    [
        (np.zeros(3), "updates must have one dimension and UPDATE_DTYPE"),
        (np.zeros(3, EVENT_DTYPE), "UPDATE_DTYPE"),
        (np.zeros((1, 1), UPDATE_DTYPE), "not 2 and"),
    ],
)
def test_refuses_what_are_no_updates(device: Device, updates: np.ndarray, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        device.transfer(updates)
    assert len(say(device, ADD)) == 1


def test_no_updates_give_no_events(device: Device) -> None:
    events = device.transfer(np.zeros(0, UPDATE_DTYPE))
    assert (len(events), events.dtype) == (0, EVENT_DTYPE)
    events = device.drain()
    assert (len(events), events.dtype) == (0, EVENT_DTYPE)


def test_takes_updates_that_are_not_contiguous(device: Device) -> None:
    updates = array_of(*(update("trade", time=i) for i in range(10)))
    device.transfer(updates[::3])
    assert device.read("updates") + len(device.drain()) >= 4
    assert device.read("updates") == 4


def test_is_of_no_use_once_closed(device: Device) -> None:
    device.close()
    device.close()
    for call in (
        lambda: device.read("books"),
        lambda: device.write("control", 0),
        lambda: device.transfer(array_of(ADD)),
        device.drain,
    ):
        with pytest.raises(DeviceError, match="the device is closed"):
            call()


def test_devices_do_not_know_of_each_other(backend: type[Device]) -> None:
    with backend(TINY) as one, backend(TINY) as other:  # type: ignore[call-arg] # a Protocol
        say(one, ADD)
        (event,) = say(other, update("trade"))
        assert best(event) == (0,) * 6
        assert (one.read("orders"), other.read("orders")) == (1, 0)
