"""Unit tests of gateware.book.best_levels in Amaranth's own simulator."""

import random
from typing import Any, Final

import pytest

from gateware.book.best_levels import BestLevels
from sim.models.best_levels import BestLevels as Model
from tests.gateware.bench import TINY, run, values

HIGHEST: Final = (1 << TINY.tick_bits) - 1


class Collector:
    """Give orders to the component, as far apart as it demands."""

    def __init__(self, ctx: Any, dut: BestLevels) -> None:
        self.ctx, self.dut = ctx, dut

    async def pulse(self, name: str) -> None:
        """Raise one input for a cycle and wait until its effect is there."""
        self.ctx.set(getattr(self.dut, name), 1)
        await self.ctx.tick()
        self.ctx.set(getattr(self.dut, name), 0)
        await self.ctx.tick().repeat(BestLevels.LATENCY - 1)

    async def put(self, pk: int, quantity: int) -> None:
        """Give one order."""
        self.ctx.set(self.dut.pk, pk)
        self.ctx.set(self.dut.quantity, quantity)
        await self.pulse("put")

    async def take_all(self) -> list[tuple[int, ...]]:
        """Return what was collected, best first."""
        levels = []
        while self.ctx.get(self.dut.valid):
            levels.append(values(self.ctx.get(self.dut.best), "pk", "quantity", "count"))
            await self.pulse("pop")
        return levels


def bench(body: Any) -> None:
    dut = BestLevels(parameters=TINY)

    async def testbench(ctx: Any) -> None:
        await body(ctx, dut, Collector(ctx, dut))

    run(dut, testbench)


@pytest.mark.parametrize("seed", range(6))
def test_the_best_levels_of_a_random_stream_are_collected_and_summed(seed: int) -> None:
    generator = random.Random(seed)
    model = Model(TINY.cached_levels, quantity_bits=TINY.quantity_bits, count_bits=TINY.count_bits)

    async def body(ctx: Any, dut: BestLevels, collector: Collector) -> None:
        for _ in range(4):  # each round begins with what the one before left
            await collector.pulse("clear")
            model.clear()
            orders = [
                (generator.randrange(9), generator.randrange(1, 9))
                for _ in range(generator.choice([0, 2, 25]))
            ]
            for pk, quantity in orders:
                if pk <= ctx.get(dut.limit):
                    await collector.put(pk, quantity)
                model.put(pk, quantity)
            assert bool(ctx.get(dut.more)) == model.more
            assert ctx.get(dut.limit) == (HIGHEST if model.limit is None else model.limit)
            assert await collector.take_all() == [tuple(level) for level in model.levels]
            assert bool(ctx.get(dut.more)) == model.more

    bench(body)


def test_an_order_worse_than_the_limit_leaves_no_trace() -> None:
    async def body(ctx: Any, dut: BestLevels, collector: Collector) -> None:
        for pk in (1, 2, 3, 4, 50):
            await collector.put(pk, 1)
        assert await collector.take_all() == [(1, 1, 1), (2, 1, 1), (3, 1, 1)]

    bench(body)


def test_an_order_shows_exactly_after_the_latency() -> None:
    async def body(ctx: Any, dut: BestLevels, collector: Collector) -> None:
        ctx.set(dut.pk, 5)
        ctx.set(dut.quantity, 6)
        ctx.set(dut.put, 1)
        shown = []
        for _ in range(BestLevels.LATENCY + 1):
            shown.append(ctx.get(dut.valid))
            await ctx.tick()
            ctx.set(dut.put, 0)
        assert shown == [0] * BestLevels.LATENCY + [1]

    bench(body)


@pytest.mark.parametrize(("quantities", "overflows"), [([255], 0), ([200, 55], 0), ([200, 56], 1)])
def test_a_level_that_does_not_fit_is_told(quantities: list[int], overflows: int) -> None:
    async def body(ctx: Any, dut: BestLevels, collector: Collector) -> None:
        told = 0
        for quantity in quantities:
            ctx.set(dut.pk, 5)
            ctx.set(dut.quantity, quantity)
            ctx.set(dut.put, 1)
            for _ in range(BestLevels.LATENCY):
                await ctx.tick()
                ctx.set(dut.put, 0)
                told += ctx.get(dut.overflow)
        assert told == overflows

    bench(body)
