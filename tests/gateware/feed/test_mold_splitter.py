# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.feed.mold_splitter behind the filter, in Amaranth's own simulator."""

import random
from collections import Counter
from typing import Any

import pytest
from amaranth import Module
from amaranth.lib.wiring import Component

from gateware.feed.mold_splitter import MoldSplitter
from gateware.net.receive_mac import ReceiveMac
from gateware.net.udp_filter import UdpFilter
from host.wire import mold_udp64
from host.wire.fields import WireError
from sim.models.mold import read_packet
from tests.gateware.bench import run
from tests.gateware.feed.packets import SESSION, frame_words, packet, random_message, spoilt_packet
from tests.gateware.net.datagrams import GROUPS

COUNTERS = ("packets", "heartbeats", "ends_of_session", "other_session", "malformed")
Message = tuple[int, int, bytes]  # cycle, sequence, message
End = tuple[int, int, int]  # cycle, good, next


class _Both(Component):
    """Filter and splitter."""

    def __init__(self) -> None:
        self.filter, self.splitter = UdpFilter(groups=len(GROUPS)), MoldSplitter()
        super().__init__({})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.filter, m.submodules.splitter = self.filter, self.splitter
        names = ("index", "payload", "passes", "payload_end_valid", "payload_good")
        m.d.comb += [
            *(getattr(self.splitter, n).eq(getattr(self.filter, n)) for n in names),
            self.splitter.word_valid.eq(self.filter.word_valid),
            self.splitter.word.eq(self.filter.word),
        ]
        return m


def send(cycles: list[dict[str, Any]]) -> tuple[list[Message], list[End], dict[str, int]]:
    """Drive the cycles; return messages, verdicts and counters."""
    dut, messages, ends = _Both(), list[Message](), list[End]()
    counters: dict[str, int] = {}

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.filter.groups, [vars(group) for group in GROUPS])
        name = int.from_bytes(SESSION.encode(), "little")
        ctx.set(dut.splitter.sessions, [0, 0, 0, 0, 0, name, 0, 0])
        for cycle, inputs in enumerate([*cycles, *([{}] * 8)]):
            ctx.set(dut.filter.word_valid, "word" in inputs)
            if "word" in inputs:
                ctx.set(dut.filter.word, inputs["word"])
            ctx.set(dut.filter.end_valid, "good" in inputs)
            ctx.set(dut.filter.end, {"good": inputs.get("good", 0)})
            if ctx.get(dut.splitter.message_valid):
                message = ctx.get(dut.splitter.message)
                raw = bytes(int(message.data[n]) for n in range(min(int(message.length), 46)))
                assert int(message.feed) == 5
                messages.append((cycle, int(message.sequence), raw))
            if ctx.get(dut.splitter.end_valid):
                end = ctx.get(dut.splitter.end)
                ends.append((cycle, int(end.good), int(end.next)))
            await ctx.tick()
        counters.update((name, ctx.get(getattr(dut.splitter, name))) for name in COUNTERS)

    run(dut, testbench)
    return messages, ends, counters


@pytest.mark.parametrize("tags", [0, 1, 2])
def test_a_message_comes_a_cycle_after_its_last_byte(tags: int) -> None:
    rng = random.Random(tags)
    for _ in range(4):
        sent = [random_message(rng) for _ in range(3)]
        messages, ends, _ = send(frame_words(packet(41, sent), tags=tags))
        at = 42 + 4 * tags + 20
        for n, (got, message) in enumerate(zip(messages, sent, strict=True)):
            at += 2 + len(message)
            assert got == ((at - 1) // 8 + MoldSplitter.LATENCY, 41 + n, message)
        words = (42 + 4 * tags + len(packet(41, sent)) + 4) // 8
        assert ends == [(words + ReceiveMac.END_LATENCY + UdpFilter.END_LATENCY, 1, 44)]


@pytest.mark.parametrize("seed", range(3))
def test_spoilt_packets_are_read_as_the_model_reads_them(seed: int) -> None:
    rng = random.Random(seed)
    cycles: list[dict[str, Any]] = []
    wanted: list[tuple[int, bytes]] = []
    verdicts: list[tuple[int, int]] = []
    counts: Counter[str] = Counter()
    for _ in range(150):
        sequence = rng.choice([1, 5000, (1 << 64) - 3])
        payload, good = spoilt_packet(rng, sequence), rng.random() < 0.9
        cycles += frame_words(payload, good=good, tags=rng.randrange(3))
        cycles += [{}] * rng.choice([0, 0, 1, 7])
        read = read_packet(payload)
        if read is None:
            counts["malformed"] += good
            continue
        if read.session != SESSION.encode():
            counts["other_session"] += good
            continue
        wanted += [((read.sequence + n) % 2**64, raw[:46]) for n, raw in enumerate(read.messages)]
        verdicts.append((int(good and read.complete), read.next))
        kind = "packets" if read.count else "heartbeats"
        kind = "ends_of_session" if read.end_of_session else kind
        counts[kind if read.complete else "malformed"] += good
    messages, ends, counters = send(cycles)
    assert [message[1:] for message in messages] == wanted
    assert [end[1:] for end in ends if end] == verdicts
    assert counters == {name: counts[name] for name in COUNTERS}
    assert all(counts[name] for name in COUNTERS)


def test_the_model_reads_what_the_host_reads() -> None:
    rng = random.Random(4)
    for _ in range(300):
        payload = spoilt_packet(rng, 9)
        read = read_packet(payload)
        try:
            there = mold_udp64.decode(payload)
        except WireError:
            assert read is None or not read.complete
            continue
        assert read is not None
        short = any(len(message) < 8 for message in there.messages)
        assert read.complete != short
        assert short or (read.messages, read.sequence) == (there.messages, there.sequence)
