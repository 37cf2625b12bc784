# amaranth: UnusedElaboratable=no
"""Tests of gateware.common.multiplier."""

import random
from typing import Any

import pytest

from gateware.common.multiplier import Multiplier
from tests.gateware.bench import run


@pytest.mark.parametrize(
    ("a_bits", "b_bits"), [(1, 1), (18, 18), (19, 5), (5, 37), (32, 32), (40, 33), (32, 24)]
)
def test_products_come_two_cycles_later_one_a_cycle(a_bits: int, b_bits: int) -> None:
    dut, rng = Multiplier(a_bits=a_bits, b_bits=b_bits), random.Random(1)
    assert dut.LATENCY == 2

    def draw(bits: int) -> int:
        return rng.choice([0, 1, (1 << bits) - 1, rng.getrandbits(bits), 1 << bits - 1])

    async def testbench(ctx: Any) -> None:
        products: list[int] = []
        for _ in range(300):
            a, b = draw(a_bits), draw(b_bits)
            ctx.set(dut.a, a)
            ctx.set(dut.b, b)
            if len(products) >= dut.LATENCY:
                assert ctx.get(dut.product) == products[-dut.LATENCY]
            products.append(a * b)
            await ctx.tick()

    run(dut, testbench)


def test_a_width_must_be_positive() -> None:
    with pytest.raises(ValueError, match="b_bits must be at least 1, not 0"):
        Multiplier(a_bits=3, b_bits=0)
