# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.breaker.price_window."""

import random
from typing import Any

import pytest

from gateware.risk.breaker.price_window import PriceWindow
from tests.gateware.bench import run
from tests.gateware.risk.breaker.window_traffic import WINDOW, WindowTraffic


@pytest.mark.parametrize("seed", range(3))
def test_it_is_its_model_after_the_latency(seed: int) -> None:
    dut, traffic = PriceWindow(**WINDOW), WindowTraffic(random.Random(seed))
    assert PriceWindow.LATENCY == 4

    async def testbench(ctx: Any) -> None:
        for _ in range(2500):
            for name, value in traffic.inputs().items():
                ctx.set(getattr(dut, name), value)
            traffic.check(lambda name: ctx.get(getattr(dut, name)))
            await ctx.tick()

    run(dut, testbench)


def test_an_extreme_leaves_with_the_eighth_bucket_that_ends() -> None:
    dut = PriceWindow(**WINDOW)

    async def item(ctx: Any, price: int, before: int) -> int:
        ctx.set(dut.price, price)
        ctx.set(dut.before, before)
        ctx.set(dut.valid, 1)
        await ctx.tick()
        ctx.set(dut.valid, 0)
        await ctx.tick().repeat(3)
        return int(ctx.get(dut.highest))

    async def testbench(ctx: Any) -> None:
        assert await item(ctx, 50, 10) == 50
        assert await item(ctx, 20, 50) == 50
        for ended in range(1, 12):
            ctx.set(dut.next_bucket, 1)
            await ctx.tick()
            ctx.set(dut.next_bucket, 0)
            # Without an item the bucket is left out.
            if ended >= 6:
                assert await item(ctx, 20, 20) == (50 if ended < 8 else 20)

    run(dut, testbench)


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"instruments": 3, "price_bits": 6}, "instruments must be a power of two from 2, not 3"),
        ({"instruments": 1, "price_bits": 6}, "instruments must be a power of two from 2, not 1"),
        ({"instruments": 4, "price_bits": 0}, "price_bits must be at least 1, not 0"),
    ],
)
def test_sizes_are_checked(sizes: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PriceWindow(**sizes)
