# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.feed.line_buffer in Amaranth's own simulator."""

import random
from collections import deque
from typing import Any

import pytest
from amaranth import unsigned
from amaranth.lib import data

from gateware.feed.line_buffer import LineBuffer
from tests.gateware.bench import run

ITEM = data.StructLayout({"number": unsigned(16)})
DEPTH = 8


@pytest.mark.parametrize("depth", [0, 2, 3, 12])
def test_rejects_a_depth_that_is_no_power_of_two(depth: int) -> None:
    with pytest.raises(ValueError, match=f"at least 4, not {depth}"):
        LineBuffer(layout=ITEM, depth=depth)


@pytest.mark.parametrize("strict", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_taken_is_what_a_queue_would_give(seed: int, strict: int) -> None:
    rng, dut = random.Random(seed), LineBuffer(layout=ITEM, depth=DEPTH)
    takes, fills = rng.choice([0.2, 0.6, 1.0]), rng.choice([0.3, 0.6])
    proven, open_ = deque[int](), list[int]()
    seen = dict.fromkeys(("taken", "dropped", "lost"), 0)

    async def testbench(ctx: Any) -> None:
        number, spoilt, late = 0, False, 0
        ctx.set(dut.strict, strict)
        for _ in range(3000):
            end = rng.random() < 0.15
            good, comes = rng.random() < 0.7, not end and rng.random() < fills
            ctx.set(dut.end_valid, end)
            ctx.set(dut.end_good, good)
            ctx.set(dut.item_valid, comes)
            ctx.set(dut.item, {"number": number})
            if end:
                if strict and not (good and not spoilt):
                    seen["dropped"] += len(open_)
                else:
                    proven.extend(open_)
                open_.clear()
                spoilt = False
            lost = seen["lost"]
            if comes and not strict:
                proven.append(number)
            valid = ctx.get(dut.head_valid)
            if valid:
                assert int(ctx.get(dut.head).number) == proven[0]
            # What is there may be late by the memory's reading, and by no more.
            late = late + 1 if proven and not valid else 0
            assert late < 3
            take = bool(valid) and rng.random() < takes
            ctx.set(dut.take, take)
            if take:
                proven.popleft()
                seen["taken"] += 1
            await ctx.tick()
            ctx.set(dut.take, 0)
            seen["lost"] = ctx.get(dut.lost)
            if comes and seen["lost"] > lost:
                spoilt = True
                if not strict:
                    assert proven.pop() == number
            elif comes and strict:
                open_.append(number)
            assert len(proven) + len(open_) <= DEPTH + 1
            number = (number + 1) % (1 << 16)

    run(dut, testbench)
    assert seen["taken"] > 100
    assert bool(seen["dropped"]) == bool(strict)


def test_a_full_buffer_loses_what_comes_and_says_so() -> None:
    dut = LineBuffer(layout=ITEM, depth=DEPTH)

    async def testbench(ctx: Any) -> None:
        for number in range(20):
            ctx.set(dut.item_valid, 1)
            ctx.set(dut.item, {"number": number})
            await ctx.tick()
        ctx.set(dut.item_valid, 0)
        assert ctx.get(dut.lost) == 20 - DEPTH - 1
        got = []
        ctx.set(dut.take, 1)
        for _ in range(20):
            if ctx.get(dut.head_valid):
                got.append(int(ctx.get(dut.head).number))
            await ctx.tick()
        assert got == list(range(DEPTH + 1))

    run(dut, testbench)
