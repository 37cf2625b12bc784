# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.feed.feed_handler in Amaranth's own simulator."""

import random
from typing import Any

import pytest

from gateware.feed.feed_handler import FeedHandler
from gateware.feed.line_arbiter import ArbiterState
from gateware.net.receive_mac import ReceiveMac
from hw.latency import LATENCY
from hw.records import UPDATE_KIND
from sim.models.mold import item_of
from tests.gateware.bench import run
from tests.gateware.feed.packets import BOOKS, SESSION, frame_words, packet, random_message
from tests.gateware.net.datagrams import GROUPS

FEED = 5
TO = ("224.1.2.3", "224.1.2.4")
LOCATES = [{"locate": locate, "feed": FEED, "enable": 1} for locate in BOOKS]
Cycles = list[dict[str, Any]]


def play(
    ports: tuple[Cycles, Cycles], *, strict: int = 1, at: int = 1, patience: int = 200
) -> tuple[list[tuple[int, dict[str, int]]], dict[str, int]]:
    """Play what two ports get; return updates with their cycles, and the feed's status."""
    dut = FeedHandler(feeds=6, books=len(BOOKS), groups=len(GROUPS), depth=16)
    updates: list[tuple[int, dict[str, int]]] = []
    status: dict[str, int] = {}

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.groups, [vars(group) for group in GROUPS])
        ctx.set(dut.locates, LOCATES)
        name = int.from_bytes(SESSION.encode(), "little")
        ctx.set(dut.sessions, [name if n == FEED else 0 for n in range(8)])
        ctx.set(dut.strict, strict)
        ctx.set(dut.patience, patience)
        ctx.set(dut.update.ready, 1)
        for words in ({"splice": 1, "splice_at": at}, {"go": 1}, {}):
            ctx.set(dut.words, [words if n == FEED else {} for n in range(6)])
            await ctx.tick()
        for cycle in range(max(map(len, ports)) + patience + 20):
            now = [port[cycle] if cycle < len(port) else {} for port in ports]
            ctx.set(dut.word_valid, sum(("word" in one) << n for n, one in enumerate(now)))
            ctx.set(dut.word, [one.get("word", {}) for one in now])
            ctx.set(dut.end_valid, sum(("good" in one) << n for n, one in enumerate(now)))
            ctx.set(dut.end, [{"good": one.get("good", 0)} for one in now])
            if ctx.get(dut.update.valid):
                update = ctx.get(dut.update.payload)
                fields = {field: int(getattr(update, field)) for field, _ in update.shape()}
                updates.append((cycle, fields))
            await ctx.tick()
        said = ctx.get(dut.status)[FEED]
        status.update(
            {name: int(getattr(said, name)) for name, _ in said.shape() if name != "state"}
        )
        status["state"] = ArbiterState(said.state).value
        status["risked"] = ctx.get(dut.risked)

    run(dut, testbench)
    return updates, status


def wanted_of(messages: list[bytes]) -> list[dict[str, int]]:
    """Return the updates of messages, by the model."""
    return [item for message in messages if isinstance(item := item_of(message, BOOKS), dict)]


def about_a_book(rng: random.Random) -> bytes:
    """Return a message that is an update."""
    while not isinstance(item_of(message := random_message(rng), BOOKS), dict):
        pass
    return message


def without_time(updates: list[tuple[int, dict[str, int]]]) -> list[dict[str, int]]:
    """Return the updates as the model gives them."""
    return [{k: v for k, v in u.items() if k not in ("flags", "time")} for _, u in updates]


def test_the_latency_is_that_of_the_budget() -> None:
    assert LATENCY["feed", "express"].cycles == FeedHandler.LATENCY
    assert LATENCY["feed", "strict"].cycles == FeedHandler.END_LATENCY


@pytest.mark.parametrize("feeds", [0, 9])
def test_rejects_feeds_out_of_range(feeds: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 8, not {feeds}"):
        FeedHandler(feeds=feeds, books=2)


@pytest.mark.parametrize("strict", [0, 1])
def test_one_message_is_an_update_after_the_latency(strict: int) -> None:
    for seed in range(3):
        message = about_a_book(random.Random(seed))
        line = frame_words(packet(1, [message]))
        updates, _ = play((line, []), strict=strict, patience=20)
        assert without_time(updates) == wanted_of([message])
        last_byte = (62 + 2 + len(message) - 1) // 8
        verdict = len(line) - 1
        end = verdict + FeedHandler.END_LATENCY if strict else last_byte + FeedHandler.LATENCY
        assert updates[0][0] == end
        assert verdict >= last_byte + ReceiveMac.END_LATENCY


def _lines(
    packets: list[bytes], lost: tuple[set[int], set[int]], bad: tuple[set[int], set[int]], skew: int
) -> tuple[Cycles, Cycles]:
    """Return both ports: packets that never came, and some whose frame is bad."""
    ports: tuple[Cycles, Cycles] = ([], [{}] * skew)
    for n, raw in enumerate(packets):
        for port in range(2):
            if n in lost[port]:
                ports[port].extend([{}] * 20)
            else:
                ports[port].extend(frame_words(raw, good=n not in bad[port], to=TO[port]))
                ports[port].extend([{}] * 2)
    return ports


def test_each_line_repairs_what_the_other_lost_or_broke() -> None:
    rng = random.Random(3)
    groups = [[random_message(rng) for _ in range(rng.randrange(1, 5))] for _ in range(24)]
    packets, number = [], 1
    for messages in groups:
        packets.append(packet(number, messages))
        number += len(messages)
    a, b = {2, 3, 11}, {5, 12, 18}
    updates, status = play(_lines(packets, (a, b), ({7, 8}, {9, 20}), skew=9))
    assert without_time(updates) == wanted_of([m for messages in groups for m in messages])
    assert (status["gaps"], status["lost"], status["forwarded"]) == (0, 0, number - 1)
    assert status["repaired"] > 5
    assert status["state"] == ArbiterState.LIVE.value


def test_what_both_lines_lack_is_a_gap_in_the_books_of_the_feed() -> None:
    rng = random.Random(4)
    packets = [packet(n + 1, [about_a_book(rng)]) for n in range(6)]
    updates, status = play(_lines(packets, ({2}, set()), (set(), {2}), skew=3))
    gaps = [u["book"] for _, u in updates if u["kind"] == UPDATE_KIND.gap]
    assert gaps == [0, 1, 2]
    assert (status["gap_from"], status["gap_to"], status["gaps"]) == (3, 4, 1)
    assert status["state"] == ArbiterState.RECOVERING.value
    assert status["expected"] == 7


def test_a_heartbeat_shows_that_the_last_message_is_missing() -> None:
    _, status = play((frame_words(packet(3)), []), patience=40)
    assert (status["gap_from"], status["gap_to"], status["gaps"]) == (1, 3, 1)


def test_express_passes_a_bad_frame_on_and_then_closes_the_books() -> None:
    message = about_a_book(random.Random(5))
    updates, status = play((frame_words(packet(1, [message]), good=False), []), strict=0)
    assert without_time(updates[:1]) == wanted_of([message])
    assert [u["kind"] for _, u in updates[1:]] == [UPDATE_KIND.gap] * 3
    assert (status["risked"], status["gaps"]) == (1, 1)


def test_strict_passes_nothing_of_a_bad_frame() -> None:
    message = about_a_book(random.Random(5))
    updates, status = play((frame_words(packet(1, [message]), good=False), []), strict=1)
    assert updates == []
    assert (status["risked"], status["gaps"], status["expected"]) == (0, 0, 1)
