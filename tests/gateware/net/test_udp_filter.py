# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.net.udp_filter in Amaranth's own simulator."""

import random
from collections import Counter
from typing import Any

import pytest
from scapy.layers.inet import UDP
from scapy.layers.l2 import Ether

from gateware.net.layouts import DROPPED
from gateware.net.receive_mac import ReceiveMac
from gateware.net.udp_filter import UdpFilter
from hw.latency import LATENCY
from sim.models.udp_filter import Datagram, udp_payload
from tests.gateware.bench import run
from tests.gateware.net.datagrams import GROUPS, Payloads, datagram, expected, spoilt

Frames = list[tuple[bytes, bool]]


def send(frames: Frames, gap: int = 2) -> tuple[Payloads, dict[str, int], list[int]]:
    """Send frames with the MAC's timing; return what is said, counters, cycles of first words."""
    line: list[tuple[bytes, int, int, bytes]] = []
    starts: list[int] = []
    ends: dict[int, bool] = {}
    for frame, good in frames:
        starts.append(len(line))
        pieces = [frame[n : n + 8] for n in range(0, len(frame) + 1, 8)]
        line += [(piece, n, n == len(pieces) - 1, frame) for n, piece in enumerate(pieces)]
        ends[len(line) - 1 + ReceiveMac.END_LATENCY] = good
        line += [(b"", -1, 0, b"")] * gap
    line += [(b"", -1, 0, b"")] * 8
    dut, payloads, counters = UdpFilter(groups=len(GROUPS)), Payloads(), {}

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.groups, [vars(group) for group in GROUPS])
        for cycle, (piece, index, last, frame) in enumerate(line):
            ctx.set(dut.word_valid, index >= 0)
            if index >= 0:
                word = int.from_bytes(piece, "little")
                fields = {"data": word, "bytes": len(piece), "first": index == 0, "last": last}
                ctx.set(dut.word, fields)
                assert ctx.get(dut.index) == index
                payloads.send(cycle, index, frame)
            ctx.set(dut.end_valid, cycle in ends)
            ctx.set(dut.end, {"good": ends.get(cycle, 0)})
            payloads.take(
                cycle,
                judged=ctx.get(dut.judged),
                passes=ctx.get(dut.passes),
                payload=ctx.get(dut.payload),
                good=ctx.get(dut.payload_good) if ctx.get(dut.payload_end_valid) else None,
            )
            await ctx.tick()
        for name in (*DROPPED.members, "passed", "passed_bad"):
            counters[name] = ctx.get(getattr(dut, name))

    run(dut, testbench)
    return payloads, counters, starts


def check(frames: Frames, gap: int = 2) -> dict[str, int]:
    """Compare payloads, verdicts and counters with the model's; return the counters."""
    payloads, counters, _ = send(frames, gap)
    wanted = expected(frames)
    assert payloads.good == [good for _, good in wanted]
    for got, route, (datagram_, good) in zip(
        payloads.payloads, payloads.routes, wanted, strict=True
    ):
        assert route == (datagram_.group.feed, datagram_.group.line)
        if good:
            assert got == datagram_.payload
    results = [udp_payload(frame, GROUPS) for frame, _ in frames]
    reasons = Counter(r for r in results if isinstance(r, str))
    assert {name: counters[name] for name in DROPPED.members} == {
        name: reasons[name] for name in DROPPED.members
    }
    assert counters["passed"] == len(wanted)
    assert counters["passed_bad"] == sum(not good for _, good in wanted)
    return counters


@pytest.mark.parametrize("groups", [0, 33])
def test_rejects_a_list_out_of_range(groups: int) -> None:
    with pytest.raises(ValueError, match=f"groups must be from 1 to 32, not {groups}"):
        UdpFilter(groups=groups)


def test_the_latency_is_that_of_the_budget() -> None:
    assert LATENCY["net", "filter"].cycles == UdpFilter.LATENCY
    assert LATENCY["net", "filter_verdict"].cycles == UdpFilter.END_LATENCY


@pytest.mark.parametrize("tags", [0, 1, 2])
@pytest.mark.parametrize("size", [1, 7, 8, 9, 20, 21, 22, 23, 24, 25, 26, 27, 100])
def test_a_payload_of_any_size_passes_after_the_latency(size: int, tags: int) -> None:
    payload = random.Random(size).randbytes(size)
    frame = datagram(payload, tags=tags)
    assert bytes(Ether(frame[:-4])[UDP].payload)[:size] == payload
    payloads, _, (start,) = send([(frame, True)])
    assert payloads.payloads == [payload]
    assert payloads.good == [True]
    assert payloads.routes == [(GROUPS[0].feed, GROUPS[0].line)]
    assert payloads.judged == [start + 5 + UdpFilter.LATENCY]
    end = start + len(frame) // 8  # the word that is last
    assert payloads.ends == [end + ReceiveMac.END_LATENCY + UdpFilter.END_LATENCY]


@pytest.mark.parametrize("tags", [0, 1, 2])
def test_a_frame_cut_at_any_byte_is_never_good(tags: int) -> None:
    frame = datagram(bytes(range(40)), tags=tags)
    frames = [(frame[:n], True) for n in range(1, len(frame))] + [(frame, True)]
    payloads, counters, _ = send(frames)
    assert payloads.good == [False] * (len(payloads.good) - 1) + [True]
    assert payloads.payloads[-1] == bytes(range(40))
    assert counters["truncated"] == 47
    check(frames, gap=0)


@pytest.mark.parametrize("gap", [0, 1, 5])
def test_spoilt_frames_are_counted_by_reason_and_good_ones_pass_between(gap: int) -> None:
    rng = random.Random(gap)
    frames = []
    for _ in range(250):
        frames.append((spoilt(rng), rng.random() < 0.9))
        frames.append((datagram(rng.randbytes(30), tags=rng.randrange(3)), True))
    counters = check(frames, gap)
    assert all(counters.values()), counters


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (datagram(b"x", to="224.1.2.9"), "no_group"),
        (datagram(b"x", port=1), "no_group"),
        (datagram(b"x", to="224.1.2.5", port=26401), "no_group"),
        (datagram(b"x", proto=6), "not_udp"),
        (datagram(b""), "bad_length"),
        (datagram(b"x", chksum=1), "bad_checksum"),
        (datagram(b"x", flags="MF"), "fragment"),
        (datagram(b"x", len=28), "bad_length"),
    ],
)
def test_the_model_names_the_reason(frame: bytes, reason: str) -> None:
    assert udp_payload(frame, GROUPS) == reason
    check([(frame, True)])


def test_the_model_reads_what_scapy_wrote() -> None:
    rng = random.Random(1)
    for size in range(1, 80):
        payload = rng.randbytes(size)
        got = udp_payload(datagram(payload, tags=size % 3), GROUPS)
        assert got == Datagram(payload=payload, group=GROUPS[0], whole=True)
