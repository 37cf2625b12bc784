"""Tests of host.device.registry."""

import dataclasses
from collections.abc import Callable
from importlib.metadata import EntryPoint

import pytest

from host.device import registry
from host.device.base import DeviceError, DeviceMismatchError, has_gate
from host.device.registry import available, check_map_id, choose, load, missing, open_device
from hw.presets import PRESETS, BookParameters
from hw.registers import map_id
from tests.host import loopback
from tests.host.loopback import LoopbackDevice, LoopbackRiskDevice

SMALL = PRESETS["small"]
LOOPBACK = "tests.host.loopback:LoopbackDevice"


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes the given backends the installed ones."""

    def replace(**backends: str) -> None:
        def entries(*, group: str) -> list[EntryPoint]:
            assert group == "tickgate.devices"
            return [EntryPoint(name=k, value=v, group=group) for k, v in backends.items()]

        monkeypatch.setattr(registry, "entry_points", entries)

    return replace


def test_the_installed_package_declares_the_model() -> None:
    assert missing("model") == []
    assert {"model", "verilated"} <= set(available())


def test_opens_a_path_without_declaration() -> None:
    with open_device(LOOPBACK, SMALL) as device:
        assert device.read("map_id") == map_id(SMALL)


def test_the_identity_of_a_device_with_a_gate_depends_on_the_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_device("tests.host.loopback:LoopbackRiskDevice", SMALL) as device:
        assert has_gate(device)
        assert device.read("map_id") == map_id(SMALL, risk=device.risk) != map_id(SMALL)
    monkeypatch.setattr(LoopbackRiskDevice, "read", lambda *_: map_id(SMALL))
    with pytest.raises(DeviceMismatchError, match=f"map_id 0x{map_id(SMALL):08x}"):
        open_device("tests.host.loopback:LoopbackRiskDevice", SMALL)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nope", "no device backend 'nope'; installed are: .*model"),
        ("no.such.module:Device", "cannot be loaded: No module named 'no'"),
        ("tests.host.loopback:Nothing", "cannot be loaded: .*Nothing"),
        ("tests.host.loopback:FATAL_ORDER", "must be callable, not 666"),
    ],
)
def test_says_why_a_backend_cannot_be_loaded(name: str, text: str) -> None:
    with pytest.raises(DeviceError, match=text):
        load(name)
    assert len(missing(name)) == 1


def test_refuses_a_foreign_device_with_both_values_and_closes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[LoopbackDevice] = []
    foreign = loopback.ForeignDevice

    def factory(parameters: BookParameters) -> LoopbackDevice:
        opened.append(foreign(parameters))
        return opened[0]

    monkeypatch.setattr(loopback, "ForeignDevice", factory)
    text = f"map_id 0x0000dead, this host expects 0x{map_id(SMALL):08x} for preset small"
    with pytest.raises(DeviceMismatchError, match=text):
        open_device("tests.host.loopback:ForeignDevice", SMALL)
    assert opened[0].closed


def test_the_identity_depends_on_each_size() -> None:
    other = dataclasses.replace(SMALL, count_bits=15, name="")
    with pytest.raises(DeviceMismatchError, match="preset without a name"):
        check_map_id("x", map_id(SMALL), other)
    check_map_id("x", map_id(other), other)


def test_takes_the_first_of_the_order_that_is_ready(declare: Callable[..., None]) -> None:
    declare(verilated=LOOPBACK, model=LOOPBACK)
    assert choose() == registry.Choice(name="verilated", note="")


def test_falls_back_and_says_so_in_words(declare: Callable[..., None]) -> None:
    declare(verilated="tests.host.loopback:absent_device", model=LOOPBACK)
    chosen = choose()
    assert chosen.name == "model"
    assert chosen.note == (
        "Device verilated cannot run here: A board is needed. Buy one. "
        "Falling back to device model."
    )


def test_never_replaces_a_device_that_was_asked_for(declare: Callable[..., None]) -> None:
    declare(verilated="tests.host.loopback:absent_device", model=LOOPBACK)
    with pytest.raises(DeviceError, match=r"verilated cannot run here: A board is needed\."):
        choose("verilated")
    assert choose("model").name == "model"


def test_says_everything_that_is_missing_where_none_can_run(declare: Callable[..., None]) -> None:
    declare(verilated="tests.host.loopback:absent_device", model="no.such:Model")
    with pytest.raises(DeviceError, match=r"A board is needed.*No module named 'no'"):
        choose()
