"""Tests of sim.models.level_store."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sim.models.level_store import LevelStore

SIZE = 32


def store() -> LevelStore:
    """Return an empty store with narrow levels."""
    return LevelStore(SIZE, leaf_bits=8, quantity_bits=6, count_bits=3)


@given(st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(1, 7), st.booleans()), max_size=60))
def test_levels_equal_the_orders_that_rest(steps: list[tuple[int, int, bool]]) -> None:
    levels, resting = store(), Counter[tuple[int, int]]()
    for offset, quantity, leaves in steps:
        mine = [n for o, n in resting.elements() if o == offset]
        if leaves and mine:
            levels.remove(offset, mine[0])
            resting[offset, mine[0]] -= 1
        elif len(mine) < 7:
            levels.add(offset, quantity)
            resting[offset, quantity] += 1
        assert not levels.overflow
    for offset in range(SIZE):
        mine = [n for o, n in resting.elements() if o == offset]
        assert levels.at(offset) == (sum(mine), len(mine))
        assert levels.occupied.leaf(offset) >> offset % 8 & 1 == bool(mine)


def test_quantity_beyond_its_width_wraps_and_says_so() -> None:
    levels = store()
    levels.add(3, 63)
    levels.change(3, 1)
    assert levels.overflow
    assert levels.at(3) == (0, 1)
    levels.change(3, -1)
    assert levels.overflow  # below 0: it has wrapped before
    assert levels.at(3) == (63, 1)


def test_count_beyond_its_width_wraps_and_says_so() -> None:
    levels = store()
    for n in range(8):
        assert not levels.overflow
        levels.add(3, 1)
        assert levels.at(3) == (n + 1, (n + 1) % 8)
    assert levels.overflow


def test_zero_empties_the_level_and_the_leaf() -> None:
    levels = store()
    for offset in (8, 9, 16):
        levels.add(offset, 5)
    levels.zero(9)
    assert levels.at(9) == (0, 0)
    assert levels.at(8) == (5, 1)  # its own zero is still to come
    assert levels.occupied.leaf(8) == 0
    assert levels.occupied.leaf(16) == 1
