"""Message-level tests of clients that attach beside the one that has the device."""

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from host.device.records import RISK_EVENT_DTYPE
from host.env import Environment
from host.protocol import messages as m
from host.protocol.batches import Batch, decode_batch, encode_batch
from host.worker.service import DeviceService
from hw.arming import Scope
from hw.presets import PRESETS
from hw.records import REQUEST_KIND, RISK_EVENT_KIND
from hw.registers import RISK_REGISTERS
from tests.host.loopback import LoopbackDevice, LoopbackRiskDevice
from tests.host.updates import requested

OWNER, ANA, BOB = b"owner", b"ana", b"bob"


class Registers(LoopbackRiskDevice):
    """Keep what is written to registers of the gate."""

    def __init__(self) -> None:
        super().__init__(PRESETS["small"])
        self.written: list[tuple[str, int]] = []

    def read(self, register: str, index: int = 0) -> int:
        """Return 0 of the gate's registers."""
        return 0 if register in RISK_REGISTERS else super().read(register, index)

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Note a write to the gate."""
        if register in RISK_REGISTERS:
            self.written.append((register, value))
        else:
            super().write(register, value, index)


class Rig:
    """A service with a clock that the test moves."""

    def __init__(self, device: LoopbackDevice) -> None:
        self.now = 100.0
        ids = itertools.count(100)
        self.device: Any = device
        self.service = DeviceService(
            device,
            Environment(new_id=lambda: next(ids), monotonic=lambda: self.now, wall_ns=lambda: 7),
        )

    def frames(self, client: bytes, message: m.Message) -> list[list[bytes]]:
        """Return all answers to a message."""
        return self.service.handle(client, [m.encode(message)])

    def ask(self, client: bytes, message: m.Message) -> Any:
        """Return the last answer to a message."""
        return m.decode(self.frames(client, message)[-1][0])

    def attach(self, client: bytes) -> None:
        """Attach a client."""
        assert isinstance(self.ask(client, m.DeviceAttach(request_id=1)), m.DeviceOpened)

    def open(self, client: bytes) -> int:
        """Give a client the device; return its stream."""
        return int(self.ask(client, m.DeviceOpen(request_id=1)).stream)

    def send(self, stream: int, sequence: int, requests: NDArray[np.void]) -> list[list[bytes]]:
        """Send a batch of requests from whoever has the device."""
        batch = Batch(stream=stream, sequence=sequence, records=requests)
        return self.service.handle(OWNER, encode_batch("requests", batch))

    def refreshes(self) -> int:
        """Return how often the deadman was refreshed."""
        return [name for name, _ in self.device.written].count("deadman")


@pytest.fixture
def rig() -> Rig:
    return Rig(Registers())


def test_visitors_come_and_go_while_a_stream_goes_on(rig: Rig) -> None:
    stream = rig.open(OWNER)
    orders: list[int] = []
    for sequence in range(6):
        answers = rig.send(stream, sequence, requested(2, 2 * sequence))
        orders += decode_batch("orders", *answers[0]).records["order_id"].tolist()
        client = (ANA, BOB)[sequence % 2]
        rig.attach(client)
        assert rig.ask(client, m.DeviceRead(request_id=2, name="armed")).kind == "failure.v1"
        assert rig.ask(client, m.DeviceRead(request_id=2, name="kill")).value == 0
        assert rig.ask(client, m.DeviceClose(request_id=3)) == m.Done(request_id=3)
    assert orders == list(range(12))
    assert decode_batch("orders", *rig.send(stream, 6, requested(1))[0]).sequence == 12


def test_one_who_is_not_attached_or_has_left_is_refused(rig: Rig) -> None:
    rig.open(OWNER)
    for _ in range(2):
        answer = rig.ask(ANA, m.DeviceRead(request_id=2, name="kill"))
        assert (answer.code, answer.request_id) == ("no_stream", 2)
        rig.attach(ANA)
        rig.ask(ANA, m.DeviceClose(request_id=3))


@pytest.mark.parametrize(
    "message",
    [
        m.DeviceDrain(request_id=2),
        m.DeviceCollect(request_id=2, cycles=1),
        m.DevicePin(request_id=2, high=True),
    ],
)
def test_the_stream_is_for_whoever_has_the_device(rig: Rig, message: m.Message) -> None:
    rig.attach(ANA)
    assert rig.ask(ANA, message).code == "no_stream"


@pytest.mark.parametrize("register", ["control", "max_net", "limits_commit", "time_step"])
def test_a_visitor_writes_commands_of_the_gate_alone(rig: Rig, register: str) -> None:
    rig.attach(ANA)
    answer = rig.ask(ANA, m.DeviceWrite(request_id=2, name=register, value=1))
    assert (answer.code, "whoever has the device" in answer.reason) == ("PermissionError", True)
    assert rig.device.written == []
    for command in ("kill", "disarm", "deadman"):
        rig.ask(ANA, m.DeviceWrite(request_id=3, name=command, value=1))
    assert rig.device.written == [("kill", 1), ("disarm", 1), ("deadman", 1)]


def test_arming_is_not_asked_for_without_limits(rig: Rig) -> None:
    rig.attach(ANA)
    ask = m.DeviceWrite(request_id=2, name="arm_ask", value=int(Scope.ARM) << 8)
    assert "no limits were set" in rig.ask(ANA, ask).reason
    clear = m.DeviceWrite(request_id=2, name="arm_ask", value=int(Scope.CLEAR_GROUPS) << 8)
    assert rig.ask(ANA, clear) == m.Done(request_id=2)


def test_the_deadman_is_refreshed_only_while_a_lease_runs(rig: Rig) -> None:
    rig.attach(ANA)
    for _ in range(10):
        rig.now += 0.1
        rig.service.tick()
    assert rig.refreshes() == 0
    rig.ask(ANA, m.RiskHold(request_id=2, lease=10**9))
    assert rig.refreshes() == 1
    for _ in range(20):
        rig.now += 0.1
        rig.service.tick()
    assert 9 <= rig.refreshes() <= 11


def test_a_lease_ends_with_its_client_and_no_sooner_than_another_one(rig: Rig) -> None:
    rig.attach(ANA)
    rig.attach(BOB)
    for client in (ANA, BOB):
        rig.ask(client, m.RiskHold(request_id=2, lease=10**10))
    rig.ask(ANA, m.DeviceClose(request_id=3))
    rig.now += 0.1
    rig.service.tick()
    before = rig.refreshes()
    rig.ask(BOB, m.RiskHold(request_id=2, lease=0))
    rig.now += 0.1
    rig.service.tick()
    assert rig.refreshes() == before == 3


def test_whoever_loses_the_device_loses_the_hold_too(rig: Rig) -> None:
    rig.open(OWNER)
    rig.ask(OWNER, m.RiskHold(request_id=2, lease=10**10))
    rig.open(ANA)
    rig.now += 1
    rig.service.tick()
    assert rig.refreshes() == 1


def test_ticks_while_busy_refresh_no_more_often_than_needed(rig: Rig) -> None:
    rig.attach(ANA)
    rig.ask(ANA, m.RiskHold(request_id=2, lease=10**10))
    for _ in range(100):
        rig.now += 0.001
        rig.service.tick()
    assert rig.refreshes() <= 4


def test_what_comes_while_nobody_has_the_device_is_kept_for_the_next(rig: Rig) -> None:
    stream = rig.open(OWNER)
    rig.send(stream, 0, requested(3))
    rig.attach(ANA)
    rig.ask(ANA, m.RiskTripsGet(request_id=2))  # takes what lags from the device
    answers = rig.frames(OWNER, m.DeviceCollect(request_id=3, cycles=0))
    events = decode_batch("risk_events", *answers[1]).records
    assert events["order_id"].tolist() == [2]


def test_a_kill_of_a_group_is_told_with_what_was_killed(rig: Rig) -> None:
    rig.attach(ANA)
    rig.ask(ANA, m.DeviceWrite(request_id=2, name="kill_venues", value=5))
    (trip,) = rig.ask(ANA, m.RiskTripsGet(request_id=2)).trips
    assert (trip.what, trip.mask, trip.seen_at) == ("kill_venues", 5, 7)


def test_old_trips_are_forgotten_and_counted(rig: Rig) -> None:
    rig.attach(ANA)
    for n in range(200):
        rig.ask(ANA, m.DeviceWrite(request_id=2, name="kill_accounts", value=n + 1))
    answer = rig.ask(ANA, m.RiskTripsGet(request_id=2))
    assert len(answer.trips) + answer.forgotten == 200
    assert answer.trips[-1].mask == 200


def test_a_visitor_that_never_leaves_makes_room_in_the_end(rig: Rig) -> None:
    for n in range(100):
        rig.attach(b"%d" % n)
    assert rig.ask(b"0", m.DeviceRead(request_id=2, name="kill")).code == "no_stream"
    assert rig.ask(b"99", m.DeviceRead(request_id=2, name="kill")).value == 0


@pytest.mark.parametrize(
    "message",
    [
        m.RiskAudit(request_id=2),
        m.RiskHold(request_id=2, lease=1),
        m.RiskLimitsGet(request_id=2),
        m.RiskLimitsSet(request_id=2, document={}, commits=0),
        m.RiskTripsGet(request_id=2),
        m.DeviceWrite(request_id=2, name="kill", value=1),
    ],
)
def test_a_device_without_a_gate_says_so(message: m.Message) -> None:
    rig = Rig(LoopbackDevice(PRESETS["small"]))
    rig.attach(ANA)
    assert "device loopback has no risk gate" in rig.ask(ANA, message).reason


class ReadOuts(Registers):
    """Two events of a read-out, then a told one; all of it comes with the next collect."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[NDArray[np.void]] = []
        self.count = 0

    def exchange(self, requests: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Keep the events for later."""
        for kind in requests["kind"]:
            reads = kind == REQUEST_KIND.audit
            names = ("position", "audit_done") if reads else ("told",)
            for name in names:
                event = np.zeros(1, RISK_EVENT_DTYPE)
                event["kind"] = getattr(RISK_EVENT_KIND, name)
                event["cause"], event["sequence"] = kind, self.count
                event["instrument"] = self.count
                self.count += 1
                self.made.append(event)
        return _nothing()

    def collect(self, cycles: int = 0) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Give one event for each call that runs cycles."""
        if cycles and self.made:
            return _nothing()[0], self.made.pop(0)
        return _nothing()


def _nothing() -> tuple[NDArray[np.void], NDArray[np.void]]:
    return LoopbackRiskDevice(PRESETS["small"]).collect()


def test_a_read_out_is_told_from_one_of_whoever_has_the_device_and_leaves_no_hole() -> None:
    rig = Rig(ReadOuts())
    stream = rig.open(OWNER)
    own = requested(2)
    own["kind"] = [REQUEST_KIND.audit, REQUEST_KIND.ack]
    rig.send(stream, 0, own)  # events 0 to 2
    rig.attach(ANA)
    batch, done = rig.frames(ANA, m.RiskAudit(request_id=2))
    assert m.decode(done[0]) == m.Done(request_id=2)
    assert decode_batch("risk_events", *batch).records["instrument"].tolist() == [3, 4]
    answers = rig.frames(OWNER, m.DeviceCollect(request_id=3, cycles=0))
    assert decode_batch("risk_events", *answers[1]).records["sequence"].tolist() == [0, 1, 2, 3, 4]


def test_a_read_out_that_does_not_end_is_given_up_on() -> None:
    device = ReadOuts()
    device.collect = lambda cycles=0: _nothing()  # type: ignore[method-assign] # never anything
    rig = Rig(device)
    rig.attach(ANA)
    assert "the read-out did not end in" in rig.ask(ANA, m.RiskAudit(request_id=2)).reason
