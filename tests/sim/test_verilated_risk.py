"""Tests of sim.devices.verilated_risk: the harness about a gate whose every answer is known."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sim.verilator.build as build
from host.device.base import DeviceError, has_gate
from host.device.records import (
    EVENT_DTYPE,
    ORDER_DTYPE,
    RISK_EVENT_DTYPE,
    RISK_REQUEST_DTYPE,
    UPDATE_DTYPE,
)
from hw.records import ORDER_KIND, REQUEST_KIND, RISK_EVENT_KIND
from hw.registers import map_id
from hw.risk_parameters import RiskParameters
from sim.devices.verilated_risk import VerilatedRiskDevice
from tests.sim.echo_top import AUDIT_CYCLES, CANCEL_CYCLES, EchoTop
from tests.sim.updates import TINY, array_of, update

pytestmark = pytest.mark.skipif(bool(VerilatedRiskDevice.missing()), reason="needs a C++ compiler")

RISK = RiskParameters(
    books=2, instruments=2, venues=2, strategies=2, accounts=2, order_slots=8, id_bits=16,
    tick_bits=16, quantity_bits=8, position_bits=12, lot_value_bits=4, time_bits=32,
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # The cache of the user must not hold a stand-in.
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(build, "_top", lambda parameters, risk: EchoTop(
            parameters=parameters, risk=risk
        ))  # fmt: skip
        yield


@pytest.fixture
def device() -> Iterator[VerilatedRiskDevice]:
    with VerilatedRiskDevice(TINY, RISK) as made:
        yield made


def requests(*kinds: str, start: int = 0) -> NDArray[np.void]:
    """Return requests of some kinds, with the order ids ``start`` and up."""
    made = np.zeros(len(kinds), RISK_REQUEST_DTYPE)
    made["kind"] = [getattr(REQUEST_KIND, kind) for kind in kinds]
    made["order_id"] = np.arange(start, start + len(kinds))
    return made


def everything(device: VerilatedRiskDevice, *sent: NDArray[np.void]) -> tuple[Any, Any]:
    """Send requests in some batches, drain, and return all orders and events."""
    parts = [device.exchange(batch) for batch in sent]
    device.drain()
    parts.append(device.collect())
    orders, events = (np.concatenate(side) for side in zip(*parts, strict=True))
    return orders, events


def names(events: NDArray[np.void]) -> list[str]:
    return [RISK_EVENT_KIND.name_of(int(kind)) for kind in events["kind"]]


def test_says_what_it_is(device: VerilatedRiskDevice) -> None:
    assert (device.name, device.cycle_accurate) == ("verilated_risk", True)
    assert (device.parameters, device.risk) == (TINY, RISK)
    assert has_gate(device)
    assert device.read("map_id") == map_id(TINY, risk=RISK) != map_id(TINY)


def test_the_gate_has_its_usual_size_where_none_is_given() -> None:
    with VerilatedRiskDevice(TINY) as device:
        assert device.risk == RiskParameters.beside(TINY)


@pytest.mark.parametrize("value", [0, 1, 1 << 32, (1 << 64) - 1, 0x0123456789ABCDEF])
def test_a_limit_of_64_bits_is_two_words_low_first(device: VerilatedRiskDevice, value: int) -> None:
    device.write("max_notional", value)
    assert device.read("max_notional") == value
    device.write("max_notional", 7, 1)  # of another row, which this top has not
    assert device.read("max_notional") == value


@pytest.mark.parametrize(
    ("name", "index", "value", "error", "text"),
    [
        ("nothing", 0, 0, KeyError, "no register 'nothing'"),
        ("max_notional", 32, 0, IndexError, "has entries 0 to 31, not 32"),
        ("max_gross", 1, 0, IndexError, "has entries 0 to 0, not 1"),
        ("now", 0, 0, PermissionError, "register now is read-only"),
        ("max_notional", 0, 1 << 64, ValueError, r"from 0 to 2\*\*64 - 1"),
        ("account_flags", 0, 256, ValueError, r"from 0 to 2\*\*8 - 1, not 256"),
        ("kill", 0, -1, ValueError, "not -1"),
    ],
)
def test_refuses_writes_that_no_build_could_take(
    device: VerilatedRiskDevice,
    name: str,
    index: int,
    value: int,
    error: type[Exception],
    text: str,
) -> None:
    with pytest.raises(error, match=text):
        device.write(name, value, index)


@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (0.5, 0), (0, 0.5), (0.9, 0.9)])
@pytest.mark.parametrize("seed", [0, 5])
def test_every_request_is_answered_once_in_order(seed: int, idle: float, stall: float) -> None:
    kinds = [("new", "fill", "cancel", "ack", "none")[i * i % 5] for i in range(400)]
    sent = requests(*kinds)
    leaves = np.isin(sent["kind"], (REQUEST_KIND.new, REQUEST_KIND.cancel))
    with VerilatedRiskDevice(TINY, RISK, seed=seed, idle=idle, stall=stall) as device:
        orders, events = everything(device, sent[:1], sent[1:1], sent[1:300], sent[300:])
    assert (orders.dtype, events.dtype) == (ORDER_DTYPE, RISK_EVENT_DTYPE)
    assert events["order_id"].tolist() == sent["order_id"].tolist()
    assert events["cause"].tolist() == sent["kind"].tolist()
    assert events["sequence"].tolist() == list(range(400))
    assert orders["order_id"].tolist() == sent["order_id"][leaves].tolist()
    assert orders["kind"].tolist() == sent["kind"][leaves].tolist()


def test_the_same_seed_gives_the_same_cycles() -> None:
    runs = []
    for seed in (7, 7, 8):
        with VerilatedRiskDevice(TINY, RISK, seed=seed, idle=0.3, stall=0.3) as device:
            runs.append(everything(device, requests(*["new", "ack"] * 50))[1]["cycle"])
    assert runs[0].tolist() == runs[1].tolist() != runs[2].tolist()


def test_updates_and_requests_share_the_clock(device: VerilatedRiskDevice) -> None:
    device.post(requests(*["ack"] * 100))
    updates = array_of(*[update("trade", order_id=i) for i in range(300)])
    book = np.concatenate([device.transfer(updates), device.drain()])
    orders, events = device.collect()
    assert book["order_id"].tolist() == list(range(300))
    assert events["order_id"].tolist() == list(range(100))
    assert len(orders) == 0
    assert book["cycle"][0] < events["cycle"][50] < book["cycle"][-1]


def test_drain_waits_for_an_answer_that_takes_longer_than_silence(
    device: VerilatedRiskDevice,
) -> None:
    assert device._quiet < AUDIT_CYCLES
    device.exchange(requests("audit"))
    device.drain()
    assert names(device.collect()[1]) == ["audit_done"]


def test_orders_that_are_held_keep_requests_waiting(device: VerilatedRiskDevice) -> None:
    device.hold_orders(True)
    orders, events = device.exchange(requests(*["new"] * 5))
    assert (len(orders), names(events)) == (0, ["passed"])
    assert len(device.drain()) == 0
    assert [len(side) for side in device.collect(100)] == [0, 0]
    orders, events = device.exchange(requests("ack", start=5))
    assert len(orders) == len(events) == 0
    device.hold_orders(False)
    orders, events = everything(device)
    assert orders["order_id"].tolist() == list(range(5))
    assert events["order_id"].tolist() == [1, 2, 3, 4, 5]


def test_the_pin_withdraws_an_order_that_is_held(device: VerilatedRiskDevice) -> None:
    assert device._quiet > CANCEL_CYCLES
    device.hold_orders(True)
    device.exchange(requests("new"))
    assert names(device.collect(20)[1]) == ["passed"]
    device.set_pin(True)
    orders, events = device.collect(10)
    assert (len(orders), names(events)) == (0, ["withdrawn"])
    device.hold_orders(False)
    device.drain()  # silent for CANCEL_CYCLES
    orders, events = device.collect()
    assert names(events) == ["cancel_sent"]
    assert orders["kind"].tolist() == [ORDER_KIND.cancel]
    device.set_pin(False)
    orders, events = everything(device, requests("new"))
    assert (len(orders), names(events)) == (0, ["denied"])


def test_a_cancel_of_the_box_itself_closes_no_request(device: VerilatedRiskDevice) -> None:
    device.hold_orders(True)
    device.exchange(requests("new", "audit"))  # the audit waits behind the order
    device.set_pin(True)
    device.collect(10)
    device.hold_orders(False)
    device.drain()
    assert names(device.collect()[1]) == ["cancel_sent", "audit_done"]


def test_collect_runs_so_many_cycles(device: VerilatedRiskDevice) -> None:
    times = [device.read("cycles")]
    for cycles in (0, 1, 100):
        device.collect(cycles)
        times.append(device.read("cycles"))
    rest, *further = np.diff(times)
    assert [step - rest for step in further] == [1, 100]
    with pytest.raises(ValueError, match="cycles must be at least 0, not -1"):
        device.collect(-1)


def test_a_restart_loses_no_risk_event(device: VerilatedRiskDevice) -> None:
    device.exchange(requests("audit"))
    device.transfer(array_of(update("trade")))
    device.write("control", 1)
    device.write("control", 0)
    assert len(device.drain()) == 0
    assert names(device.collect()[1]) == ["audit_done"]


def test_a_gate_that_takes_nothing_is_no_endless_wait(device: VerilatedRiskDevice) -> None:
    patience, device._patience = device._patience, 0
    with pytest.raises(DeviceError, match="took no request for 0 cycles: 2 wait, 0 without"):
        device.exchange(requests("ack", "ack"))
    device._patience = 500  # the silence before an audit is answered is longer
    device.post(requests("audit", start=2))
    with pytest.raises(DeviceError, match="no risk event for 500 cycles: 0 requests wait, 1 with"):
        device.drain()
    device._patience = patience
    assert everything(device)[1]["order_id"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "bad", [np.zeros(3), np.zeros(3, UPDATE_DTYPE), np.zeros((1, 1), RISK_REQUEST_DTYPE)]
)
def test_refuses_what_are_no_requests(device: VerilatedRiskDevice, bad: np.ndarray) -> None:
    for call in (device.exchange, device.post):
        with pytest.raises(ValueError, match="must have one dimension and RISK_REQUEST_DTYPE"):
            call(bad)
    assert len(everything(device, requests("ack"))[1]) == 1


def test_takes_requests_that_are_not_contiguous(device: VerilatedRiskDevice) -> None:
    assert everything(device, requests(*["ack"] * 9)[::4])[1]["order_id"].tolist() == [0, 4, 8]


def test_is_of_no_use_once_closed(device: VerilatedRiskDevice) -> None:
    assert device.drain().dtype == EVENT_DTYPE
    device.close()
    for call in (
        lambda: device.exchange(requests("ack")),
        lambda: device.post(requests("ack")),
        device.collect,
        device.drain,
        lambda: device.set_pin(True),
        lambda: device.hold_orders(True),
    ):
        with pytest.raises(DeviceError, match="the device is closed"):
            call()
