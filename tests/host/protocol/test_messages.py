"""Tests of host.protocol.messages."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.protocol import messages as m
from host.protocol.risk_messages import Trip
from host.risk.fields import SECTIONS
from host.worker.gate_desk import TRIPS

STATE = m.WorkerState(worker="fpga", state="ready", endpoint="ipc:///x", refused=2)
TRIP = Trip(seen_at=1, what="killed", time=2, cycle=3, mask=4, operator=5, instrument=6, action=7)
EXAMPLES: list[m.Message] = [
    m.ControllerStatus(sent_at=1, request_id=2, sequence=3, refused=4, workers=(STATE,)),
    m.DeviceAttach(request_id=1),
    m.DeviceClose(request_id=1),
    m.DeviceCollect(request_id=1, cycles=2**40),
    m.DeviceDrain(request_id=1),
    m.DeviceOpen(request_id=2**63 - 1),
    m.DeviceOpened(
        request_id=1,
        stream=2,
        name="model",
        cycle_accurate=False,
        map_id=2**32 - 1,
        sizes={"books": 16},
        credits=8,
        max_batch=8192,
        risk_sizes={"instruments": 4},
    ),
    m.DevicePin(request_id=1, high=True),
    m.DeviceRead(request_id=1, name="errors", index=15),
    m.DeviceValue(request_id=1, value=2**64 - 1),
    m.DeviceWrite(request_id=1, name="control", value=1),
    m.Done(request_id=1),
    m.Failure(code="hole", reason="r"),
    m.Heartbeat(sent_at=1, sender="fpga", refused=3),
    m.RiskAudit(request_id=1),
    m.RiskHold(request_id=1, lease=10**10),
    m.RiskLimits(request_id=1, document={"version": 1}, in_force=True, commits=2),
    m.RiskLimitsGet(request_id=1),
    m.RiskLimitsSet(request_id=1, document={"box": {"max_net": 1, "x": ["a"]}}, commits=0),
    m.RiskTrips(request_id=1, trips=(TRIP,), forgotten=1),
    m.RiskTripsGet(request_id=1),
    m.StatusRequest(request_id=1),
    m.Stop(request_id=1),
    m.WorkerFailed(sent_at=1, worker="fpga", code="device", reason="r"),
    m.WorkerReady(sent_at=1, worker="fpga", endpoint="ipc:///x"),
    m.WorkerStage(sent_at=1, worker="fpga", stage="compiling"),
]


def test_there_is_an_example_of_every_message() -> None:
    assert {type(example) for example in EXAMPLES} == set(m.Message.__args__)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda x: x.kind)
def test_decode_inverts_encode(message: m.Message) -> None:
    assert m.decode(m.encode(message)) == message


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda x: x.kind)
def test_refuses_an_unknown_field_and_another_version(message: m.Message) -> None:
    fields = json.loads(m.encode(message))
    with pytest.raises(m.ProtocolError, match="extra: Extra inputs are not permitted"):
        m.decode(json.dumps(fields | {"extra": 1}).encode())
    with pytest.raises(m.ProtocolError, match=r"v99' found using 'kind'"):
        m.decode(json.dumps(fields | {"kind": "x.v99"}).encode())


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "Invalid JSON"),
        (b"[]", "Input should be"),
        (b'{"kind":"stop.v1"}', "request_id: Field required"),
        (b'{"kind":"stop.v1","request_id":"1"}', "valid integer"),
        (b'{"kind":"stop.v1","request_id":1.0}', "valid integer"),
        (b'{"kind":"stop.v1","request_id":-1}', "greater than or equal to 0"),
        (b'{"request_id":1}', "discriminator"),
        (b"\xff\xfe", "Invalid JSON"),
        (b'{"kind":"device.collect.v1","request_id":1,"cycles":-1}', "cycles: Input should be gr"),
        (b'{"kind":"device.pin.v1","request_id":1,"high":1}', "high: Input should be a valid bool"),
        (b" " * 262_145, "262145 bytes; at most 262144 allowed"),
    ],
)
def test_says_what_is_wrong(body: bytes, text: str) -> None:
    with pytest.raises(m.ProtocolError, match=text) as caught:
        m.decode(body)
    assert caught.value.code == "bad_message"


@given(st.binary(max_size=200))
def test_never_fails_otherwise_on_any_bytes(body: bytes) -> None:
    with pytest.raises(m.ProtocolError):
        m.decode(body)


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_damaged_message_is_refused_or_still_a_message(
    message: m.Message, data: st.DataObject
) -> None:
    body = bytearray(m.encode(message))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decoded = m.decode(bytes(body))
    except m.ProtocolError:
        return
    assert m.decode(m.encode(decoded)) == decoded


def test_all_trips_that_are_remembered_fit_a_control_message() -> None:
    largest = TRIP.model_copy(
        update={
            "seen_at": 2**63 - 1,
            "what": "kill_instruments",
            **dict.fromkeys(("time", "cycle", "mask", "operator"), 2**64 - 1),
            **dict.fromkeys(("instrument", "action"), 255),
        }
    )
    trips = m.RiskTrips(request_id=1, trips=(largest,) * TRIPS, forgotten=2**31)
    assert m.decode(m.encode(trips)) == trips
    assert len(m.encode(trips)) < m.CONTROL_LIMIT


def test_limits_of_the_largest_build_fit_a_control_message() -> None:
    rows = {
        "instruments": 32, "venues": 8, "strategies": 16, "accounts": 8, "books": 256
    }  # fmt: skip
    longest = "x" * 40
    document: dict[str, Any] = {"version": 1}
    for section, fields in SECTIONS.items():
        row = {f.name: [longest] * 32 if f.kind == "mask" else longest[:20] for f in fields}
        named = {f"{longest}{n}"[-40:]: row for n in range(rows.get(section, 0))}
        document[section] = named or row
    body = m.encode(m.RiskLimitsSet(request_id=1, document=document, commits=0))
    assert len(body) < m.CONTROL_LIMIT
