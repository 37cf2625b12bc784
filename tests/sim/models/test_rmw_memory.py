"""Tests of sim.models.rmw_memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.models.rmw_memory import RmwMemory

ACCESS = st.tuples(st.integers(0, 4), st.none() | st.integers(0, 255))


@given(st.lists(ACCESS))
def test_a_word_is_the_last_one_written(accesses: list[tuple[int, int | None]]) -> None:
    memory = RmwMemory(5)
    for step, (address, new) in enumerate(accesses):
        writes = [w for a, w in accesses[:step] if a == address and w is not None]
        assert memory.access(address, new) == (writes[-1] if writes else 0)


@pytest.mark.parametrize("depth", [1, 0, -3])
def test_has_at_least_two_words(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth must be at least 2, not {depth}"):
        RmwMemory(depth)
