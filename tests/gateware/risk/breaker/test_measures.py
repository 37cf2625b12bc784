# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.breaker.measures and of gateware.risk.breaker.comparing."""

import random
from typing import Any

import pytest
from amaranth import Module, Signal

from gateware.risk.breaker.comparing import exceeds_sum, sum_exceeds
from gateware.risk.breaker.measures import Measures
from tests.gateware.bench import run


def test_measures_are_compared_after_the_latency_and_stay() -> None:
    rng, dut = random.Random(1), Measures(count=5, bits=4)

    async def testbench(ctx: Any) -> None:
        for _ in range(60):
            measures, bounds = ([rng.randrange(16) for _ in range(5)] for _ in range(2))
            for n in range(5):
                ctx.set(dut.measures[n], measures[n])
                ctx.set(dut.bounds[n], bounds[n])
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for _ in range(1, dut.latency):
                assert not ctx.get(dut.done)
                await ctx.tick()
            assert ctx.get(dut.done)
            pairs = list(enumerate(zip(measures, bounds, strict=True)))
            for _ in range(rng.randrange(1, 4)):
                assert ctx.get(dut.over) == sum((a > b) << n for n, (a, b) in pairs)
                assert ctx.get(dut.near) == sum((4 * a >= 3 * b) << n for n, (a, b) in pairs)
                await ctx.tick()
                assert not ctx.get(dut.done)

    run(dut, testbench)


@pytest.mark.parametrize(
    ("count", "bits", "says"),
    [(1, 4, "count must be at least 2, not 1"), (2, 0, "bits must be at least 1, not 0")],
)
def test_sizes_of_measures_are_checked(count: int, bits: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Measures(count=count, bits=bits)


@pytest.mark.parametrize("widths", [(3, 3, 4), (4, 2, 3), (1, 3, 2)])
def test_sums_are_compared_exactly(widths: tuple[int, int, int]) -> None:
    m = Module()
    a, b, c = (Signal(bits) for bits in widths)
    more, less = Signal(), Signal()
    m.d.comb += [more.eq(sum_exceeds(a, b, c)), less.eq(exceeds_sum(a, b, c))]

    async def testbench(ctx: Any) -> None:
        for n in range(1 << sum(widths)):
            x, y = n & (1 << widths[0]) - 1, n >> widths[0] & (1 << widths[1]) - 1
            z = n >> widths[0] + widths[1]
            for signal, value in ((a, x), (b, y), (c, z)):
                ctx.set(signal, value)
            assert (ctx.get(more), ctx.get(less)) == (x + y > z, x > y + z)

    run(m, testbench)
