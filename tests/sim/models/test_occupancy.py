"""Tests of sim.models.occupancy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.models.occupancy import Occupancy

SIZE = 64


@given(st.lists(st.tuples(st.booleans(), st.integers(0, SIZE - 1)), max_size=40))
def test_next_set_equals_a_search_around_the_circle(steps: list[tuple[bool, int]]) -> None:
    bitmap = Occupancy(SIZE, leaf_bits=8)
    marked: set[int] = set()
    for mark, offset in steps:
        (bitmap.set if mark else bitmap.clear)(offset)
        (marked.add if mark else marked.discard)(offset)
    for start in range(SIZE):
        around = [(start + step) % SIZE for step in range(SIZE)]
        assert bitmap.next_set(start) == next((o for o in around if o in marked), None)
        assert bitmap.leaf(start) == sum(1 << (o % 8) for o in marked if o // 8 == start // 8)
    assert bitmap.summary == sum(1 << leaf for leaf in {o // 8 for o in marked})


@pytest.mark.parametrize(("size", "leaf_bits"), [(0, 8), (60, 8), (64, 0)])
def test_rejects_a_window_that_is_not_whole_leaves(size: int, leaf_bits: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of leaf_bits, not {size} and {leaf_bits}"):
        Occupancy(size, leaf_bits=leaf_bits)


@pytest.mark.parametrize("offset", [-1, SIZE])
def test_rejects_an_offset_beyond_the_window(offset: int) -> None:
    with pytest.raises(IndexError, match=f"offset must be from 0 to 63, not {offset}"):
        Occupancy(SIZE, leaf_bits=8).next_set(offset)
