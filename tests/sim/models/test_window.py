"""Tests of sim.models.window."""

from hypothesis import given
from hypothesis import strategies as st

from sim.models.window import window_around, window_holds
from tests.gateware.bench import TINY

LEAF = 8
KEYS = st.integers(0, (1 << TINY.tick_bits) - 1)


@given(KEYS)
def test_the_window_around_an_order_holds_it_with_a_quarter_before_it(pk: int) -> None:
    base, quarter = window_around(pk, TINY, leaf_bits=LEAF), TINY.window_ticks // 4
    assert window_holds(base, pk, TINY)
    assert base % LEAF == 0
    assert base == 0 if pk < quarter else quarter <= pk - base < quarter + LEAF


@given(KEYS, KEYS)
def test_a_window_holds_as_many_keys_as_it_is_long(base: int, pk: int) -> None:
    assert window_holds(base, pk, TINY) == (pk in range(base, base + TINY.window_ticks))
