# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.breaker.bucket_clock."""

import random
from typing import Any

import pytest

from gateware.risk.breaker.bucket_clock import BucketClock
from sim.models.bucket_clock import BucketClock as Model
from tests.gateware.bench import run

#: Cycles in which all that a step of time brings has come.
SETTLED = BucketClock.LATENCY + 9 * BucketClock.INTERVAL


@pytest.mark.parametrize("seed", range(3))
def test_it_is_its_model(seed: int) -> None:
    rng, dut, model = random.Random(seed), BucketClock(time_bits=16), Model()
    outcomes = set()

    async def testbench(ctx: Any) -> None:
        now = 0
        for _ in range(150):
            length = rng.choice([0, 5, 5, 60, 700]) if rng.random() < 0.1 else model.length
            now += rng.choice([1, 1, length, rng.randrange(1 + 12 * length)])
            if now >= 1 << 16:
                return
            ctx.set(dut.now, now)
            ctx.set(dut.length, length)
            ended: int | None = 0
            model.set_length(length, now)
            expected = model.pass_to(now)
            for cycle in range(SETTLED):
                strobes = ctx.get(dut.next_bucket) + ctx.get(dut.empty)
                assert strobes <= ctx.get(dut.behind) <= 1
                if strobes and not ended:
                    assert 2 <= cycle <= BucketClock.LATENCY
                ended = None if ctx.get(dut.empty) else (ended or 0) + ctx.get(dut.next_bucket)
                if ended is None:
                    break
                await ctx.tick()
            assert ended == expected
            outcomes.add(expected)
            await ctx.tick().repeat(SETTLED)
            assert not ctx.get(dut.behind)

    run(dut, testbench)
    assert {0, 1, None} < outcomes


@pytest.mark.parametrize("bits", [15, 65])
def test_the_width_of_times_is_checked(bits: int) -> None:
    with pytest.raises(ValueError, match=f"time_bits must be from 16 to 64, not {bits}"):
        BucketClock(time_bits=bits)
