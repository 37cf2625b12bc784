"""Tests of sim.devices.verilated: what no other device has. The rest is in tests/devices."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import sim.devices.verilated as verilated
from host.device.base import DeviceError, DeviceMismatchError
from hw.latency import LATENCY
from hw.records import UPDATE_KIND
from sim.devices.verilated import VerilatedDevice
from sim.verilator.build import library_path
from tests.sim.updates import TINY, array_of, update

pytestmark = pytest.mark.skipif(bool(VerilatedDevice.missing()), reason="needs a C++ compiler")


@pytest.fixture
def device() -> Iterator[VerilatedDevice]:
    with VerilatedDevice(TINY) as made:
        yield made


def test_events_tell_the_published_latency(device: VerilatedDevice) -> None:
    kinds = ("add", "execute", "reduce", "set", "replace", "delete")
    for kind in kinds:  # one by one: nothing stalls
        quantity = {"add": 9, "set": 3}.get(kind, 1)
        made = update(
            kind, order_id=7, new_order_id=7, tick=10, quantity=quantity, time=UPDATE_KIND.add
        )
        (event,) = np.concatenate([device.transfer(array_of(made)), device.drain()])
        assert event["error"] == 0
        assert event["latency"] == LATENCY["book", kind].cycles, kind


def test_cycles_only_go_on(device: VerilatedDevice) -> None:
    first = device.read("cycles")
    device.transfer(array_of(*[update("trade", book=i % 2) for i in range(100)]))
    events = device.drain()
    assert device.read("cycles") >= first + 100
    assert (np.diff(events["cycle"].astype(np.int64)) > 0).all()


def test_reading_registers_loses_no_event(device: VerilatedDevice) -> None:
    device.transfer(array_of(*[update("trade", book=i % 2, time=i) for i in range(50)]))
    for _ in range(30):
        device.read("cycles")
    rest = device.drain()
    assert rest["time"][-1] == 49
    assert device.read("events") == 50


def test_updates_that_wait_are_counted(device: VerilatedDevice) -> None:
    device.transfer(array_of(*[update("trade") for _ in range(100)]))  # of one book
    device.drain()
    interval = LATENCY["interval", "same_book"].cycles
    assert device.read("stall_cycles") >= 99 * (interval - 1)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_memories_may_start_with_anything(seed: int) -> None:
    with VerilatedDevice(TINY, seed=seed) as device:
        device.transfer(array_of(update("read_orders"), update("read_levels", book=1)))
        device.transfer(array_of(update("add", order_id=1, tick=5, quantity=5)))
        assert device.read("orders") in (0, 1)
        device.drain()
        assert device.read("orders") == 1
        assert device.read("events") == 3


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"seed": -1}, "seed must be from 0"),
        ({"seed": 1 << 31}, "seed must be from 0"),
        ({"idle": -0.1}, "idle must be from 0 to 0.9, not -0.1"),
        ({"stall": 0.95}, "stall must be from 0 to 0.9, not 0.95"),
    ],
)
def test_rejects_arguments_out_of_range(arguments: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        VerilatedDevice(TINY, **arguments)  # type: ignore[arg-type] # that is the point


def test_refuses_gateware_of_other_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    path = library_path(TINY)
    monkeypatch.setattr(verilated, "library_path", lambda parameters: path)
    with pytest.raises(DeviceMismatchError, match="map_id must be 0x"):
        VerilatedDevice(replace(TINY, id_bits=17))


def test_gateware_that_takes_nothing_is_no_endless_wait(device: VerilatedDevice) -> None:
    device._patience = 0
    with pytest.raises(DeviceError, match="took no update for 0 cycles: 0 of 2 sent"):
        device.transfer(array_of(update("trade"), update("trade")))


def test_gateware_that_says_nothing_is_no_endless_wait(device: VerilatedDevice) -> None:
    device.transfer(array_of(update("trade"), update("read_orders")))
    device._patience = 0
    with pytest.raises(DeviceError, match="no event for 0 cycles: 2 updates without an event"):
        device.drain()
    device._patience = 10_000
    assert len(device.drain()) == 2


def test_gateware_that_never_gets_ready_is_an_error(device: VerilatedDevice) -> None:
    device.write("control", 1)
    device._control = 0  # as if it had been taken back
    device._patience = 5000
    with pytest.raises(DeviceError, match="not ready after 5000 cycles"):
        device.drain()
