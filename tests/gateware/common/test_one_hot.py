# amaranth: UnusedElaboratable=no
"""Tests of gateware.common.one_hot."""

from typing import Any

import pytest
from amaranth import Module

from gateware.common.one_hot import OneHot
from tests.gateware.bench import run
from tests.gateware.build.stand_ins import Lamp


def test_goes_from_state_to_state() -> None:
    dut = Lamp()
    seen = []

    async def testbench(ctx: Any) -> None:
        for press in (0, 1, 0, 1, 0, 0, 1, 1, 1, 0):
            ctx.set(dut.press, press)
            seen.append("warns" if ctx.get(dut.warns) else "on" if ctx.get(dut.on) else "off")
            await ctx.tick()

    run(dut, testbench)
    assert seen == ["off", "off", "on", "on", "warns", "off", "off", "on", "warns", "on"]


def test_says_which_state_is_missing_or_there_twice_or_too_many() -> None:
    with pytest.raises(ValueError, match="must be described; \\['b'\\] are not"):
        _machine("a", goes_to="b")
    with pytest.raises(ValueError, match="state 'a' must be described once"):
        _machine("a", "a")
    with pytest.raises(ValueError, match="at most 2 states; 'c' is one more"):
        _machine("a", "b", "c")


def _machine(*states: str, goes_to: str = "a") -> None:
    m = Module()
    fsm = OneHot(m, init="a", width=2)
    with fsm.states():
        for state in states:
            with fsm.state(state):
                fsm.go(goes_to)
