# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.feed.itch_decoder in Amaranth's own simulator."""

import random
from collections import Counter
from typing import Any

from gateware.feed.itch_decoder import LENGTHS, ItchDecoder
from gateware.feed.layouts import MESSAGE_BYTES
from host.venues import itch50 as host_itch
from sim.models.mold import item_of
from tests.gateware.bench import run
from tests.gateware.feed.packets import BOOKS, random_message

COUNTERS = ("updates", "other_stock", "other_type", "malformed")
LOCATES = [{"locate": locate, "feed": 3, "enable": 1} for locate in BOOKS]


def decode(
    messages: list[bytes], *, feed: int = 3, locates: list[dict[str, int]] = LOCATES
) -> tuple[list[dict[str, int]], dict[str, int]]:
    """Return the items of messages, one sent each cycle, and the counters."""
    dut, items = ItchDecoder(books=len(locates)), list[dict[str, int]]()
    counters: dict[str, int] = {}

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.locates, locates)
        for number, message in enumerate([*messages, b""]):
            padded = message[:MESSAGE_BYTES].ljust(MESSAGE_BYTES, b"\xff")
            fields = {"length": len(message), "sequence": number, "feed": feed}
            ctx.set(dut.message, {"data": list(padded), **fields})
            ctx.set(dut.message_valid, number < len(messages))
            assert ctx.get(dut.item_valid) == (number > 0)
            if number:
                assert ctx.get(dut.feed) == feed
                item = ctx.get(dut.item)
                items.append({name: int(getattr(item, name)) for name, _ in item.shape()})
            await ctx.tick()
        counters.update((name, ctx.get(getattr(dut, name))) for name in COUNTERS)

    run(dut, testbench)
    return items, counters


def check(messages: list[bytes]) -> Counter[str]:
    """Compare items and counters with the model's."""
    items, counters = decode(messages)
    counts: Counter[str] = Counter()
    for number, (item, message) in enumerate(zip(items, messages, strict=True)):
        wanted = item_of(message, BOOKS)
        assert item["sequence"] == number
        counts["updates" if isinstance(wanted, dict) else wanted] += 1
        assert item["wanted"] == isinstance(wanted, dict), message
        if isinstance(wanted, dict):
            assert {name: item[name] for name in wanted} == wanted, message
    assert counters == {name: counts[name] for name in COUNTERS}
    return counts


def test_messages_of_every_type_are_the_updates_of_the_hosts_reading() -> None:
    rng = random.Random(1)
    counts = check([random_message(rng) for _ in range(600)])
    assert min(counts[name] for name in ("updates", "other_stock", "other_type")) > 20


def test_spoilt_messages_are_counted_and_change_nothing() -> None:
    rng, messages = random.Random(2), list[bytes]()
    for _ in range(400):
        message = bytearray(random_message(rng))
        what = rng.choice(["type", "side", "longer", "shorter"])
        if what == "type":
            message[0] = rng.randrange(256)
        if what == "side" and message[0] in b"AFP":
            message[19] = rng.choice([0, *b"bs", 255])
        if what == "longer":
            message += b"\0"
        if what == "shorter":
            del message[-1]
        messages.append(bytes(message))
    assert check(messages)["malformed"] > 200


def test_the_lengths_are_those_that_the_host_has() -> None:
    assert LENGTHS == host_itch.LENGTHS


def test_a_stock_of_another_feed_has_no_book() -> None:
    messages = [random_message(random.Random(n)) for n in range(40)]
    items, counters = decode(messages, feed=4)
    assert not any(item["wanted"] for item in items)
    assert counters["other_stock"]
    assert not counters["updates"]


def test_of_two_books_of_one_stock_the_lower_counts() -> None:
    places = [{"locate": 9, "feed": 3, "enable": 0}, *[{"locate": 9, "feed": 3, "enable": 1}] * 2]
    message = bytearray(random_message(random.Random(0)))
    while message[:1] != b"A":
        message = bytearray(random_message(random.Random(len(message) + message[5])))
    message[1:3] = (9).to_bytes(2, "big")
    items, _ = decode([bytes(message)], locates=places)
    assert [(item["wanted"], item["book"]) for item in items] == [(1, 1)]
