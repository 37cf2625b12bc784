# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk: divisible, rate_limit, repeat_filter."""

import random
from typing import Any

import pytest

from gateware.risk.divisible import Divisible
from gateware.risk.rate_limit import RateLimit
from gateware.risk.repeat_filter import RepeatFilter
from hw.divisors import divisor_fields
from sim.models.divisible import divisible
from sim.models.rate_limit import RateLimit as BucketModel
from sim.models.repeat_filter import RepeatFilter as FilterModel
from tests.gateware.bench import run


@pytest.mark.parametrize("width", [8, 32, 40])
def test_multiples_are_told_two_cycles_later_one_a_cycle(width: int) -> None:
    dut, rng = Divisible(width=width), random.Random(width)
    assert dut.LATENCY == 2
    top = (1 << width) - 1
    said = {True: 0, False: 0}

    async def testbench(ctx: Any) -> None:
        expected: list[bool] = []
        for _ in range(4000):
            divisor = rng.choice([1, 2, 3, 10, 100, 1 << width - 1, top, rng.randint(1, top)])
            value = rng.randrange(top // divisor + 1) * divisor + rng.choice([0, 0, 1])
            value &= top
            closed = rng.random() < 0.1
            fields = (0, 0, 0) if closed else divisor_fields(divisor, width)
            for name, field in zip(("mask", "inverse", "bound"), fields, strict=True):
                ctx.set(getattr(dut, name), field)
            ctx.set(dut.value, 0 if closed else value)
            expected.append(divisible(value, 0 if closed else divisor))
            await ctx.tick()
            if len(expected) >= dut.LATENCY:
                assert ctx.get(dut.multiple) == expected[-dut.LATENCY]
                said[expected[-dut.LATENCY]] += 1

    run(dut, testbench)
    assert min(said.values()) > 1000


async def offer(ctx: Any, dut: RateLimit, now: int, tat: int, period: int, tolerance: int) -> Any:
    for name, value in (("now", now), ("tat", tat), ("period", period), ("tolerance", tolerance)):
        ctx.set(getattr(dut, name), value)
    await ctx.tick()
    for name in ("now", "tat", "period", "tolerance"):  # only cycle 0 counts
        ctx.set(getattr(dut, name), 77)
    await ctx.tick()
    return ctx.get(dut.conforms), ctx.get(dut.next_tat)


@pytest.mark.parametrize("bits", [16, 64])
def test_orders_conform_as_a_bucket_of_tokens_says(bits: int) -> None:
    dut, rng = RateLimit(time_bits=bits, period_bits=bits), random.Random(bits)
    assert dut.LATENCY == 2

    async def testbench(ctx: Any) -> None:
        for _ in range(60):
            period = rng.choice([1, 2, 7, 100, rng.randrange(1, 300)])
            tolerance = rng.choice([0, period - 1, period, 5 * period, 5 * period + 3])
            bucket, tat, now, passed = BucketModel(period, tolerance), 0, 0, 0
            # A bucket starts full: as if the last order were long ago.
            for _ in range(60):
                now += rng.choice([0, 0, 1, period - 1, period, 3 * period])
                conforms, following = await offer(ctx, dut, now, tat, period, tolerance)
                assert conforms == bucket.offer(now)
                if conforms and rng.random() < 0.9:
                    bucket.take()
                    tat, passed = following, passed + 1
            assert passed > 0

    run(dut, testbench)


@pytest.mark.parametrize(
    ("now", "tat", "period", "tolerance", "conforms"),
    [
        (5, 0, 0, 0, False),  # a period of 0 is closed
        (5, 0, 0, 2**16 - 1, False),
        (0, 0, 2**16 - 1, 0, True),
        (1, 0, 2**16 - 1, 0, False),  # the next arrival time does not fit
        (2**16 - 1, 2**16 - 1, 1, 2**16 - 1, False),
        (2**16 - 2, 2**16 - 2, 1, 2**16 - 1, True),
        (10, 20, 3, 10, True),
        (9, 20, 3, 10, False),  # a time that has gone back adds nothing
    ],
)
def test_rates_at_their_ends(
    now: int, tat: int, period: int, tolerance: int, conforms: bool
) -> None:
    dut = RateLimit(time_bits=16, period_bits=16)

    async def testbench(ctx: Any) -> None:
        assert (await offer(ctx, dut, now, tat, period, tolerance))[0] == conforms

    run(dut, testbench)


def test_orders_alike_are_found_as_long_as_they_are_within_the_window() -> None:
    dut, rng = RepeatFilter(key_bits=3, time_bits=16, entries=4), random.Random(2)
    assert dut.LATENCY == 2
    said: set[tuple[bool, bool]] = set()

    async def testbench(ctx: Any) -> None:
        model, now = FilterModel(4), 0
        for step in range(4000):
            now += rng.choice([0, 1, 5, 40])
            if now > 60000 or step % 500 == 499:
                ctx.set(dut.clear, 1)
                await ctx.tick()
                ctx.set(dut.clear, 0)
                model, now = FilterModel(4), 0
            key, window = rng.randrange(8), rng.choice([0, 1, 5, 20, 60])
            for name, value in (("key", key), ("now", now), ("window", window)):
                ctx.set(getattr(dut, name), value)
            await ctx.tick()
            for name in ("key", "now", "window"):  # only cycle 0 counts
                ctx.set(getattr(dut, name), 5)
            await ctx.tick()
            told = (bool(ctx.get(dut.repeat)), bool(ctx.get(dut.blind)))
            assert told == model.judge(key, now, window)
            said.add(told)
            if rng.random() < 0.7:
                ctx.set(dut.record, 1)
                model.record(key, now)
            await ctx.tick()
            ctx.set(dut.record, 0)

    run(dut, testbench)
    assert len(said) == 4


def test_bad_parameters_are_told() -> None:
    with pytest.raises(ValueError, match="width must be at least 1, not 0"):
        Divisible(width=0)
    with pytest.raises(ValueError, match="period_bits must be from 1 to 16, not 17"):
        RateLimit(time_bits=16, period_bits=17)
    with pytest.raises(ValueError, match="key_bits must be at least 1, not 0"):
        RepeatFilter(key_bits=0)
    with pytest.raises(ValueError, match="entries must be a power of two from 2, not 3"):
        RepeatFilter(key_bits=1, entries=3)
