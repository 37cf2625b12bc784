"""Tests of gateware.common.choice, over every input of a small width."""

from typing import Any

import pytest
from amaranth import Module, Signal

from gateware.common.choice import first_of, one_hot_index, select
from tests.gateware.bench import run


@pytest.mark.parametrize("width", [1, 2, 5, 8])
def test_first_of_is_the_lowest_bit_that_is_set(width: int) -> None:
    mask, first = Signal(width), Signal(width)
    m = Module()
    m.d.comb += first.eq(first_of(mask))
    told = []

    async def testbench(ctx: Any) -> None:
        for value in range(1 << width):
            ctx.set(mask, value)
            told.append(ctx.get(first))

    run(m, testbench)
    assert told == [value & -value for value in range(1 << width)]


@pytest.mark.parametrize("width", [2, 5, 8, 16])
def test_index_of_the_only_bit(width: int) -> None:
    mask, index = Signal(width), Signal(range(width))
    m = Module()
    m.d.comb += index.eq(one_hot_index(mask))

    async def testbench(ctx: Any) -> None:
        for place in range(width):
            ctx.set(mask, 1 << place)
            assert ctx.get(index) == place
        ctx.set(mask, 0)
        assert ctx.get(index) == 0

    run(m, testbench)


@pytest.mark.parametrize("choices", [1, 2, 3, 7])
def test_select_gives_the_chosen_value_or_zero(choices: int) -> None:
    conditions, chosen = Signal(choices), Signal(4)
    m = Module()
    m.d.comb += chosen.eq(select([(conditions[i], Signal(4, init=15 - i)) for i in range(choices)]))

    async def testbench(ctx: Any) -> None:
        assert ctx.get(chosen) == 0
        for i in range(choices):
            ctx.set(conditions, 1 << i)
            assert ctx.get(chosen) == 15 - i

    run(m, testbench)
