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


class Queue:
    """What the buffer should hold: what is proven, and what came since the last verdict."""

    def __init__(self, strict: int) -> None:
        self.strict = strict
        self.proven, self.open = deque[int](), list[int]()
        self.taken = self.dropped = self.lost = 0
        self._spoilt = False

    def judge(self, good: bool) -> None:
        """Take a verdict."""
        if good and not self._spoilt:
            self.proven.extend(self.open)
        else:
            self.dropped += len(self.open)
        self.open.clear()
        self._spoilt = False

    def come(self, number: int) -> None:
        """Take an item."""
        (self.open if self.strict else self.proven).append(number)

    def lose(self, number: int) -> None:
        """Forget the last item: there was no room."""
        assert (self.open if self.strict else self.proven).pop() == number
        self._spoilt = True
        self.lost += 1


@pytest.mark.parametrize("strict", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_taken_is_what_a_queue_would_give(seed: int, strict: int) -> None:
    rng, dut, queue = random.Random(seed), LineBuffer(layout=ITEM, depth=DEPTH), Queue(strict)
    takes, fills = rng.choice([0.2, 0.6, 1.0]), rng.choice([0.3, 0.6])

    async def testbench(ctx: Any) -> None:
        late = 0
        ctx.set(dut.strict, strict)
        for number in range(3000):
            end, good = rng.random() < 0.15, rng.random() < 0.7
            comes = not end and rng.random() < fills
            ctx.set(dut.end_valid, end)
            ctx.set(dut.end_good, good)
            ctx.set(dut.item_valid, comes)
            ctx.set(dut.item, {"number": number})
            if end:
                queue.judge(good)
            if comes:
                queue.come(number)
            valid = ctx.get(dut.head_valid)
            # What is there may be late by the memory's reading, and by no more.
            late = late + 1 if queue.proven and not valid else 0
            assert late < 3
            take = bool(valid) and rng.random() < takes
            ctx.set(dut.take, take)
            if take:
                assert int(ctx.get(dut.head).number) == queue.proven.popleft()
                queue.taken += 1
            await ctx.tick()
            if ctx.get(dut.lost) > queue.lost:
                queue.lose(number)
            assert len(queue.proven) + len(queue.open) <= DEPTH + 1

    run(dut, testbench)
    assert queue.taken > 100
    assert bool(queue.dropped) == bool(strict)


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
