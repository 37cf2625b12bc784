"""Message-level tests of host.worker.service."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.env import Environment
from host.protocol import messages as m
from host.protocol.batches import MAX_BATCH, Batch, decode_batch, encode_batch
from host.worker.service import DeviceService
from hw.presets import PRESETS
from tests.host.loopback import (
    FATAL_ORDER,
    FailingDevice,
    LaggingDevice,
    LoopbackDevice,
    LoopbackRiskDevice,
)
from tests.host.updates import numbered, requested

ME, OTHER = b"me", b"other"


def service(device: type[LoopbackDevice] = LoopbackDevice) -> DeviceService:
    ids = itertools.count(100)
    return DeviceService(device(PRESETS["small"]), Environment(new_id=lambda: next(ids)))


def ask(served: DeviceService, message: m.Message, client: bytes = ME) -> m.Message:
    (frames,) = served.handle(client, [m.encode(message)])
    (body,) = frames
    return m.decode(body)


def open_stream(served: DeviceService, client: bytes = ME) -> int:
    answer = ask(served, m.DeviceOpen(request_id=1), client)
    assert isinstance(answer, m.DeviceOpened)
    return answer.stream


def send(
    served: DeviceService,
    stream: int,
    sequence: int,
    records: np.ndarray,
    client: bytes = ME,
) -> list[bytes]:
    frames = encode_batch("updates", Batch(stream=stream, sequence=sequence, records=records))
    (answer,) = served.handle(client, frames)
    return answer


def failure(frames: list[bytes]) -> m.Failure:
    answer = m.decode(frames[0])
    assert isinstance(answer, m.Failure)
    return answer


def test_answers_each_batch_with_its_events() -> None:
    served = service()
    stream = open_stream(served)
    for sequence, start in enumerate((0, 40, 80)):
        events = decode_batch("events", *send(served, stream, sequence, numbered(40, start)))
        assert (events.stream, events.sequence) == (stream, sequence)
        assert events.records["order_id"].tolist() == list(range(start, start + 40))
    assert served.refused == 0


def test_a_drain_gives_a_batch_then_done() -> None:
    served = service(LaggingDevice)
    stream = open_stream(served)
    assert len(decode_batch("events", *send(served, stream, 0, numbered(3))).records) == 2
    batch, done = served.handle(ME, [m.encode(m.DeviceDrain(request_id=9))])
    events = decode_batch("events", *batch)
    assert events.sequence == 1
    assert events.records["order_id"].tolist() == [2]
    assert m.decode(done[0]) == m.Done(request_id=9)


@pytest.mark.parametrize(
    ("stream_off", "sequence", "count", "code", "text"),
    [
        (0, 1, 1, "hole", "sequence 0, not 1"),
        (1, 0, 1, "no_stream", "is not open"),
        (0, 0, MAX_BATCH + 1, "bad_batch", f"at most {MAX_BATCH} records, not {MAX_BATCH + 1}"),
    ],
)
def test_refuses_a_batch_and_ends_the_stream(
    stream_off: int, sequence: int, count: int, code: str, text: str
) -> None:
    served = service()
    stream = open_stream(served)
    answer = failure(send(served, stream + stream_off, sequence, numbered(count)))
    assert answer.code == code
    assert text in answer.reason
    assert served.refused == 1
    assert failure(send(served, stream, 0, numbered(1))).code == "no_stream"
    stream = open_stream(served)  # a new stream works: nothing is wedged
    assert len(decode_batch("events", *send(served, stream, 0, numbered(1))).records) == 1


def test_a_new_client_takes_over_and_the_old_one_hears_of_it() -> None:
    served = service()
    old = open_stream(served)
    new = open_stream(served, OTHER)
    assert failure(send(served, old, 0, numbered(1))).code == "no_stream"
    assert len(decode_batch("events", *send(served, new, 0, numbered(1), OTHER)).records) == 1


def test_reads_and_writes_registers() -> None:
    served = service()
    open_stream(served)
    write = m.DeviceWrite(request_id=4, name="control", value=6)
    assert ask(served, write) == m.Done(request_id=4)
    read = m.DeviceRead(request_id=5, name="control")
    assert ask(served, read) == m.DeviceValue(request_id=5, value=6)


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        (m.DeviceRead(request_id=2, name="nope"), "KeyError", "nope"),
        (m.DeviceRead(request_id=2, name="errors", index=16), "IndexError", "16 entries, no 16"),
        (m.DeviceWrite(request_id=2, name="cycles", value=0), "PermissionError", "read-only"),
        (m.DeviceWrite(request_id=2, name="control", value=2**32), "ValueError", "below 2"),
    ],
)
def test_says_what_is_wrong_with_a_register(message: m.Message, code: str, text: str) -> None:
    served = service()
    open_stream(served)
    answer = ask(served, message)
    assert isinstance(answer, m.Failure)
    assert (answer.request_id, answer.code) == (2, code)
    assert text in answer.reason


def test_nothing_is_done_for_a_client_without_the_device() -> None:
    served = service()
    answer = ask(served, m.DeviceWrite(request_id=3, name="control", value=1))
    assert isinstance(answer, m.Failure)
    assert (answer.request_id, answer.code) == (3, "no_stream")
    open_stream(served)
    assert ask(served, m.DeviceClose(request_id=4)) == m.Done(request_id=4)
    assert ask(served, m.DeviceDrain(request_id=5)).kind == "failure.v1"


def test_a_device_that_fails_is_reported_and_ends_the_stream() -> None:
    served = service(FailingDevice)
    stream = open_stream(served)
    answer = failure(send(served, stream, 0, numbered(1, FATAL_ORDER)))
    assert (answer.code, answer.reason) == ("device_error", "DeviceError: the order of doom")
    assert failure(send(served, stream, 1, numbered(1))).code == "no_stream"
    open_stream(served)
    drained = ask(served, m.DeviceDrain(request_id=6))
    assert isinstance(drained, m.Failure)
    assert (drained.request_id, drained.reason) == (6, "RuntimeError: nothing drains")


@given(st.lists(st.binary(max_size=120), max_size=4), st.sampled_from([ME, OTHER]))
def test_any_frames_are_refused_counted_and_harm_no_one_else(
    frames: list[bytes], client: bytes
) -> None:
    served = service()
    (answer,) = served.handle(client, frames)
    assert failure(answer).code in ("bad_message", "bad_batch")
    assert served.refused == 1
    stream = open_stream(served)
    assert len(decode_batch("events", *send(served, stream, 0, numbered(2))).records) == 2


def test_garbage_of_another_client_does_not_end_the_stream() -> None:
    served = service()
    stream = open_stream(served)
    served.handle(OTHER, [b"x", b"y"])
    assert len(decode_batch("events", *send(served, stream, 0, numbered(2))).records) == 2


def test_does_not_take_messages_meant_for_the_controller() -> None:
    answer = ask(service(), m.Stop(request_id=1))
    assert isinstance(answer, m.Failure)
    assert "does not take stop.v1" in answer.reason


def test_answers_each_batch_of_requests_with_orders_then_risk_events() -> None:
    served = service(LoopbackRiskDevice)
    stream = open_stream(served)
    events = decode_batch("events", *send(served, stream, 0, numbered(2)))
    asked = encode_batch("requests", Batch(stream=stream, sequence=1, records=requested(3)))
    made, told = served.handle(ME, asked)
    orders, risk_events = decode_batch("orders", *made), decode_batch("risk_events", *told)
    assert [batch.sequence for batch in (events, orders, risk_events)] == [0, 1, 2]
    assert orders.records["order_id"].tolist() == [0, 1, 2]
    assert risk_events.records["order_id"].tolist() == [0, 1]
    made, told, done = served.handle(ME, [m.encode(m.DeviceCollect(request_id=9, cycles=7))])
    assert len(decode_batch("orders", *made).records) == 0
    assert decode_batch("risk_events", *told).records["order_id"].tolist() == [2]
    assert m.decode(done[0]) == m.Done(request_id=9)
    assert ask(served, m.DevicePin(request_id=10, high=True)) == m.Done(request_id=10)


def test_a_device_without_a_gate_takes_no_requests() -> None:
    served = service()
    stream = open_stream(served)
    for message in (
        m.DeviceCollect(request_id=2, cycles=0),
        m.DevicePin(request_id=2, high=True),
    ):
        answer = ask(served, message)
        assert isinstance(answer, m.Failure)
        assert (answer.request_id, answer.code) == (2, "device_error")
        assert "device loopback has no risk gate" in answer.reason
    asked = encode_batch("requests", Batch(stream=stream, sequence=0, records=requested(1)))
    (frames,) = served.handle(ME, asked)
    assert "device loopback has no risk gate" in failure(frames).reason


def test_does_not_take_what_only_a_device_sends() -> None:
    served = service(LoopbackRiskDevice)
    stream = open_stream(served)
    records = served.handle(
        ME, encode_batch("requests", Batch(stream=stream, sequence=0, records=requested(1)))
    )[0]
    (frames,) = served.handle(ME, records)
    assert "content must be of updates, requests, not 4" in failure(frames).reason
