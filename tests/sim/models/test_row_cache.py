"""Tests of sim.models.row_cache: with its refill it equals the sorted levels."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.models.row_cache import RowCache

SIZE = 3


class Row:
    """All levels of a row: ``pk -> quantities of its orders``."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}

    def levels(self) -> list[list[int]]:
        """Return key, quantity and count of every level, best first."""
        return [[pk, sum(q), len(q)] for pk, q in sorted(self.orders.items())]


def expect_invariants(cache: RowCache, row: Row) -> None:
    levels = row.levels()
    assert cache.levels == levels[: len(cache.levels)]
    beyond = levels[len(cache.levels) :]
    assert all(pk > cache.bound for pk, _, _ in beyond)
    assert cache.more or not beyond
    assert len(cache.levels) <= SIZE
    if cache.exact:
        assert cache.best == (tuple(levels[0]) if levels else None)


STEP = st.tuples(
    st.sampled_from(["add", "add", "add", "remove", "remove", "change", "refill"]),
    st.integers(0, 12),
    st.integers(1, 9),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(STEP, max_size=80))
def test_is_always_a_prefix_of_the_sorted_levels(steps: list[tuple[str, int, int]]) -> None:
    cache, row = RowCache(SIZE), Row()
    for action, pk, quantity in steps:
        if action == "add":
            row.orders.setdefault(pk, []).append(quantity)
            cache.add(pk, quantity)
        elif action == "refill":
            refill_all(cache, row)
        elif pk in row.orders:
            taken = row.orders[pk].pop()
            if action == "change":
                row.orders[pk].append(taken + quantity)
                cache.change(pk, quantity)
            else:
                cache.remove(pk, taken)
                if not row.orders[pk]:
                    del row.orders[pk]
        expect_invariants(cache, row)
    refill_all(cache, row)
    assert cache.levels == row.levels()[:SIZE]
    assert cache.exact


def refill_all(cache: RowCache, row: Row) -> None:
    """Append levels until the cache is full or nothing is left."""
    while cache.more and len(cache.levels) < SIZE:
        beyond = [level for level in row.levels() if level[0] > cache.bound]
        if not beyond:
            cache.refill(None)
        else:
            cache.refill((beyond[0][0], beyond[0][1], beyond[0][2]))


def test_pushes_the_worst_out_and_keeps_the_bound_when_a_level_leaves() -> None:
    cache = RowCache(2)
    for pk in (10, 20, 30):
        cache.add(pk, 1)
    assert (cache.levels, cache.bound, cache.more) == ([[10, 1, 1], [20, 1, 1]], 20, True)
    cache.remove(20, 1)
    assert (cache.levels, cache.bound) == ([[10, 1, 1]], 20)
    cache.add(25, 1)  # beyond: 30 may be better than what is not known
    assert cache.levels == [[10, 1, 1]]
    cache.add(15, 1)
    assert cache.levels == [[10, 1, 1], [15, 1, 1]]
    cache.remove(10, 1)
    cache.remove(15, 1)
    assert (cache.best, cache.exact) == (None, False)


def test_empty_row_is_exact() -> None:
    cache = RowCache(2)
    assert (cache.best, cache.exact) == (None, True)
    cache.add(5, 7)
    cache.clear()
    assert (cache.best, cache.exact, cache.more) == (None, True, False)


def test_rejects_a_refill_that_cannot_be() -> None:
    cache = RowCache(2)
    with pytest.raises(ValueError, match="pk must lie beyond 0 of a row with more, not 9"):
        cache.refill((9, 1, 1))
    for pk in (1, 2, 3):
        cache.add(pk, 1)
    with pytest.raises(ValueError, match="the cache must have room, not 2 levels already"):
        cache.refill((9, 1, 1))


def test_rejects_no_size() -> None:
    with pytest.raises(ValueError, match="size must be at least 1, not 0"):
        RowCache(0)
