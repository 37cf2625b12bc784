# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.net.receive_mac in Amaranth's own simulator."""

import random
from collections import Counter
from typing import Any

import pytest

from gateware.net.layouts import FRAME_END
from gateware.net.receive_mac import ReceiveMac
from hw.latency import LATENCY
from tests.gateware.bench import run
from tests.gateware.net.xgmii import ERROR, IDLE, START, Lane, Received, lanes, with_fcs, words

MAX_BYTES = 130
GOOD = with_fcs(bytes(range(80)))


def receive(line: list[Lane]) -> tuple[Received, dict[str, int]]:
    """Send lanes; return frames and verdicts, and the counters."""
    mac, received, counters = ReceiveMac(max_bytes=MAX_BYTES), Received(), {}

    async def testbench(ctx: Any) -> None:
        for cycle, (data, control) in enumerate(words(line)):
            ctx.set(mac.xgmii_data, data)
            ctx.set(mac.xgmii_control, control)
            received.take(
                cycle,
                ctx.get(mac.word) if ctx.get(mac.word_valid) else None,
                ctx.get(mac.end) if ctx.get(mac.end_valid) else None,
            )
            await ctx.tick()
        for name in (*FRAME_END.members, "bad_start"):
            counters[name] = ctx.get(getattr(mac, name))

    run(mac, testbench)
    for name in FRAME_END.members:
        assert counters[name] == received.verdicts.count(name), name
    assert [end - last for end, last in zip(received.ends, received.last, strict=True)] == [
        mac.END_LATENCY
    ] * len(received.frames)
    return received, counters


def test_rejects_a_limit_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"max_bytes must be from 64 to 16376, not 63"):
        ReceiveMac(max_bytes=63)


def test_the_latency_is_that_of_the_budget() -> None:
    assert LATENCY["net", "receive"].cycles == ReceiveMac.LATENCY
    assert LATENCY["net", "verdict"].cycles == ReceiveMac.END_LATENCY


@pytest.mark.parametrize("lane", [0, 4])
@pytest.mark.parametrize("size", [64, 65, 66, 67, 68, 69, 70, 71, 129, 130])
def test_a_frame_of_any_tail_passes_after_the_latency(size: int, lane: int) -> None:
    frame = with_fcs(random.Random(size).randbytes(size - 4))
    received, _ = receive([IDLE] * (8 + lane) + lanes(frame))
    assert received.frames == [frame]
    assert received.verdicts == ["good"]
    start = 8 + lane + 8  # lane of the frame's first byte, from the first cycle's lane 0
    assert received.first == [(start + 7) // 8 + ReceiveMac.LATENCY]
    # The word of the terminate code, moved by the lane, is the last.
    aligned_end = start + size // 8 * 8 + 7
    assert received.last == [aligned_end // 8 + ReceiveMac.LATENCY]


@pytest.mark.parametrize("lane", [0, 4])
def test_a_wrong_byte_in_any_lane_is_a_bad_fcs(lane: int) -> None:
    line: list[Lane] = [IDLE] * lane
    for n in range(0, len(GOOD), 5):
        wrong = GOOD[:n] + bytes([GOOD[n] ^ 1 << n % 8]) + GOOD[n + 1 :]
        line += lanes(wrong)
        line += [IDLE] * (8 - (len(line) - lane) % 8)
    received, counters = receive(line + lanes(GOOD))
    assert counters["bad_fcs"] == len(range(0, len(GOOD), 5))
    assert received.verdicts[-1] == "good"


@pytest.mark.parametrize("lane", [0, 4])
def test_a_frame_cut_at_any_byte_is_never_good(lane: int) -> None:
    line: list[Lane] = [IDLE] * lane
    for n in range(len(GOOD)):
        line += lanes(GOOD[:n])
        line += [IDLE] * (8 - (len(line) - lane) % 8)
    received, counters = receive(line + lanes(GOOD))
    assert counters["runt"] == 64
    assert counters["bad_fcs"] == len(GOOD) - 64
    assert received.verdicts[-1] == "good"
    assert received.frames == [GOOD[:n] for n in range(len(GOOD) + 1)]


@pytest.mark.parametrize("code", [ERROR, IDLE])
@pytest.mark.parametrize("lane", [0, 4])
def test_a_code_in_any_lane_is_an_error(code: Lane, lane: int) -> None:
    line: list[Lane] = [IDLE] * lane
    for n in range(0, len(GOOD), 5):
        wrong = lanes(GOOD)
        wrong[8 + n] = code
        line += wrong
        line += [IDLE] * (8 - (len(line) - lane) % 8)
    received, counters = receive(line + lanes(GOOD))
    assert counters["bad_code"] == len(range(0, len(GOOD), 5))
    assert received.frames == [*(GOOD[:n] for n in range(0, len(GOOD), 5)), GOOD]


@pytest.mark.parametrize("size", [131, 136, 137, 1000])
def test_a_frame_that_grows_too_long_is_cut(size: int) -> None:
    received, counters = receive([*lanes(with_fcs(bytes(size - 4))), *[IDLE] * 23, *lanes(GOOD)])
    assert counters["oversize"] == 1
    assert len(received.frames[0]) <= MAX_BYTES + 6  # to the end of its word


@pytest.mark.parametrize("cut", range(64, 96, 4))
def test_a_start_inside_a_frame_ends_it_and_begins_the_next(cut: int) -> None:
    line = [*lanes(GOOD[: cut - 12])[:-1], *lanes(GOOD)]
    received, counters = receive(line)
    assert received.frames[-1] == GOOD
    assert received.verdicts == ["bad_code", "good"]
    assert counters["bad_start"] == 0


@pytest.mark.parametrize("lane", [0, 4])
def test_a_start_without_delimiter_begins_nothing(lane: int) -> None:
    wrong = lanes(GOOD)
    wrong[7] = (0x55, 0)
    line = [IDLE] * lane + wrong
    line += [IDLE] * (8 - (len(line) - lane) % 8)
    received, counters = receive(line + lanes(GOOD))
    assert counters["bad_start"] == 1
    assert received.frames == [GOOD]


def test_any_lanes_end_in_silence_and_the_next_frame_passes() -> None:
    rng, counts = random.Random(7), Counter[str]()
    for _ in range(6):
        line: list[Lane] = []
        for _ in range(40):
            junk = lanes(with_fcs(rng.randbytes(rng.randrange(126))))
            for _ in range(rng.randrange(3)):
                junk[rng.randrange(len(junk))] = rng.choice([ERROR, START, *[(0xFB, 0)] * 4])
            if rng.random() < 0.5:
                del junk[rng.randrange(len(junk)) : -1]
            line += junk + [IDLE] * rng.choice([0, 1, 4, 7])
        line += [IDLE] * (-len(line) % 4 + 4)
        received, _ = receive(line + lanes(GOOD))
        assert received.frames[-1] == GOOD
        assert received.verdicts[-1] == "good"
        counts.update(received.verdicts)
    assert min(counts[name] for name in ("good", "bad_code", "runt", "bad_fcs")) > 5
