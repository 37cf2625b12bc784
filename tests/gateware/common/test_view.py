"""Tests of gateware.common.view."""

from typing import Any

import pytest
from amaranth import ClockDomain, Module, Signal, Value
from amaranth.lib import data

from gateware.common.view import view, view_resetting
from tests.gateware.bench import run

LAYOUT = data.StructLayout(
    {"op": 3, "price": 9, "tag": data.StructLayout({"time": 4, "emit": 1, "book": 2})}
)


def test_a_reset_clears_only_the_fields_that_are_named() -> None:
    m = Module()
    domain: Any = ClockDomain("sync")
    m.domains.sync = domain
    source = Signal(LAYOUT)
    whole, some, none = (
        view(LAYOUT, name="whole", reset=True),
        view_resetting(LAYOUT, "tag.emit", "op", name="some"),
        view(LAYOUT, name="none"),
    )
    for target in (whole, some, none):
        m.d.sync += Value.cast(target).eq(source)
    layout: Any = LAYOUT
    ones = (1 << LAYOUT.size) - 1

    async def testbench(ctx: Any) -> None:
        ctx.set(Value.cast(source), ones)
        await ctx.tick()
        for target in (whole, some, none):
            assert ctx.get(Value.cast(target)) == ones
        ctx.set(domain.rst, 1)
        await ctx.tick()
        assert ctx.get(Value.cast(whole)) == 0
        assert ctx.get(Value.cast(none)) == ones
        left = {"op": 0, "price": 511, "tag": {"time": 15, "emit": 0, "book": 3}}
        assert ctx.get(Value.cast(some)) == layout.const(left).as_value().value

    run(m, testbench)


def test_says_which_field_there_is_none_of() -> None:
    with pytest.raises(ValueError, match=r"tag.flag must be a field"):
        view_resetting(LAYOUT, "tag.flag", name="none")
