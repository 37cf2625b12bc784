# amaranth: UnusedElaboratable=no
"""Tests of gateware.common.saturating."""

from typing import Any

import pytest
from amaranth import Module, Signal

from gateware.common.saturating import count_saturating
from tests.gateware.bench import run


@pytest.mark.parametrize("amount", [1, 3, 7])
def test_a_counter_stops_at_its_largest_value(amount: int) -> None:
    m, counter, when = Module(), Signal(3), Signal()
    count_saturating(m, counter, when, amount)

    async def testbench(ctx: Any) -> None:
        expected = 0
        for n in range(20):
            assert ctx.get(counter) == expected
            ctx.set(when, n % 3 > 0)
            expected = min(7, expected + amount * (n % 3 > 0))
            await ctx.tick()
        assert expected == 7

    run(m, testbench)


@pytest.mark.parametrize("amount", [0, 8])
def test_an_amount_must_fit(amount: int) -> None:
    with pytest.raises(ValueError, match=f"amount must be from 1 to 7, not {amount}"):
        count_saturating(Module(), Signal(3), Signal(), amount)
