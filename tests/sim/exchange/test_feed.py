"""Tests of sim.exchange.feed."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.wire import mold_udp64 as mold
from sim.exchange.feed import PERFECT, Line, LineFaults, MessageStore


def numbered(count: int, keep: int = 1_000) -> MessageStore:
    store = MessageStore("S", keep)
    for number in range(1, count + 1):
        store.append([b"%d" % number])
    return store


def test_a_store_keeps_the_newest_and_answers_only_what_it_keeps() -> None:
    store = numbered(25, keep=10)
    assert store.next == 26
    assert store.read(16, 3) == [b"16", b"17", b"18"]
    assert store.read(5, 1) == []
    assert store.answer(mold.Request("S", 5, 1)) is None
    assert store.answer(mold.Request("T", 20, 1)) is None
    packet = store.answer(mold.Request("S", 24, 9))
    assert packet is not None
    assert mold.decode(packet) == mold.Packet("S", 24, (b"24", b"25"))


def test_an_answer_is_one_packet_that_fits() -> None:
    store = MessageStore("S")
    store.append([bytes(700)] * 5)
    packet = store.answer(mold.Request("S", 1, 5))
    assert packet is not None
    assert len(mold.decode(packet).messages) == 2


@settings(max_examples=40)
@given(st.lists(st.integers(0, 1500), max_size=60))
def test_packets_hold_every_message_once_and_fit(sizes: list[int]) -> None:
    store = MessageStore("S")
    store.append(bytes(size) for size in sizes)
    packets = store.packets(1)
    found = [len(message) for p in packets for message in mold.decode(p).messages]
    assert found == sizes
    for packet in packets:
        assert len(packet) <= mold.LARGEST_PACKET or len(mold.decode(packet).messages) == 1


def test_a_perfect_line_brings_all_at_once_and_in_order() -> None:
    line = Line(PERFECT, random.Random(1))
    packets = [b"%d" % i for i in range(100)]
    for packet in packets:
        line.put(packet, 1.0)
    assert line.take(0.9) == []
    assert line.take(1.0) == packets


def arrived(seed: int, faults: LineFaults, count: int = 4000) -> tuple[Line, list[bytes]]:
    line, found = Line(faults, random.Random(seed)), []
    for i in range(count):
        line.put(b"%d" % i, i * 1e-4)
        found += line.take(i * 1e-4)
    return line, found + line.take(1e9)


def test_a_line_does_to_packets_what_it_is_asked_and_the_same_for_a_seed() -> None:
    faults = LineFaults(loss=0.1, duplication=0.05, reordering=0.1, delay=0.001, jitter=0.002)
    line, found = arrived(7, faults)
    times = Counter(found)
    assert line.lost == 4000 - len(times)
    assert line.duplicated == sum(n == 2 for n in times.values())
    assert set(times.values()) == {1, 2}
    assert 300 < line.lost < 500
    assert 120 < line.duplicated < 240
    order = [int(packet) for packet in found]
    assert order != sorted(order)
    assert found == arrived(7, faults)[1]
    assert found != arrived(8, faults)[1]


def test_a_delay_is_kept_to() -> None:
    line = Line(LineFaults(delay=0.5), random.Random(1))
    line.put(b"x", 1.0)
    assert line.next_due == 1.5
    assert line.take(1.49) == []
    assert line.take(1.5) == [b"x"]
    assert line.next_due is None


@pytest.mark.parametrize("faults", [{"loss": 1.1}, {"reordering": -0.1}, {"delay": -1.0}])
def test_faults_that_cannot_be_are_refused(faults: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        LineFaults(**faults)


def test_something_must_be_kept() -> None:
    with pytest.raises(ValueError, match="at least one message must be kept, not 0"):
        MessageStore("S", 0)
