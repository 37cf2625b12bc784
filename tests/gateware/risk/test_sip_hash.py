# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.risk.sip_hash in Amaranth's own simulator."""

import random
from typing import Any

import pytest

from gateware.risk.sip_hash import SipHash
from sim.models.sip_hash import sip_hash_of
from tests.gateware.bench import run

#: Bytes 0 to 15: key and message of one of the reference code's vectors, and its tag.
COUNTED = int.from_bytes(bytes(range(16)), "little")
COUNTED_TAG = 0x3F2ACC7F57C29BDB


def draws(seed: int) -> list[tuple[int, int]]:
    """Return keys and messages: random, few bits, most bits."""
    rng = random.Random(seed)
    every = (1 << 128) - 1
    few = [(0, 0), (every, every), (1, 0), (0, 1), (1 << 127, 1 << 127), (COUNTED, COUNTED)]
    return few + [(rng.getrandbits(128), rng.getrandbits(128)) for _ in range(40)]


async def hash_of(ctx: Any, dut: SipHash, key: int, message: int) -> int:
    """Return a tag, which must come exactly when it should."""
    ctx.set(dut.start, 1)
    ctx.set(dut.key, key)
    ctx.set(dut.message, message)
    for cycle in range(dut.LATENCY):
        assert not ctx.get(dut.done) or cycle == 0, f"{dut.LATENCY - cycle} cycles early"
        await ctx.tick()
        # Key and message are looked at in one cycle only.
        ctx.set(dut.start, 0)
        ctx.set(dut.key, ~key)
        ctx.set(dut.message, ~message)
    assert ctx.get(dut.done)
    return int(ctx.get(dut.tag))


@pytest.mark.parametrize("gap", [0, 1, 7])
def test_tags_are_those_of_the_model_after_the_latency(gap: int) -> None:
    dut = SipHash()
    assert dut.LATENCY == 21

    async def testbench(ctx: Any) -> None:
        for key, message in draws(gap):
            tag = await hash_of(ctx, dut, key, message)
            assert tag == sip_hash_of(key, message)
            for _ in range(gap):
                await ctx.tick()
                assert not ctx.get(dut.done)
                assert ctx.get(dut.tag) == tag

    run(dut, testbench)


def test_the_tag_of_the_reference_code() -> None:
    dut = SipHash()

    async def testbench(ctx: Any) -> None:
        assert await hash_of(ctx, dut, COUNTED, COUNTED) == COUNTED_TAG

    run(dut, testbench)
    assert sip_hash_of(COUNTED, COUNTED) == COUNTED_TAG


@pytest.mark.parametrize("after", range(1, SipHash.LATENCY))
def test_a_start_in_between_begins_anew(after: int) -> None:
    dut = SipHash()

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.start, 1)
        ctx.set(dut.key, 5)
        await ctx.tick()
        ctx.set(dut.start, 0)
        for _ in range(after - 1):
            assert not ctx.get(dut.done)
            await ctx.tick()
        assert not ctx.get(dut.done)
        assert await hash_of(ctx, dut, COUNTED, COUNTED) == COUNTED_TAG

    run(dut, testbench)
