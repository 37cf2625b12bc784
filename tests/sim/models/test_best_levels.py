"""Tests of sim.models.best_levels: it collects what sorting all orders would put first."""

from hypothesis import given
from hypothesis import strategies as st

from sim.models.best_levels import BestLevels

SIZE = 3


def collector() -> BestLevels:
    return BestLevels(SIZE, quantity_bits=6, count_bits=3)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=40))
def test_the_levels_are_the_best_of_all_orders(orders: list[tuple[int, int]]) -> None:
    best = BestLevels(SIZE, quantity_bits=16, count_bits=16)
    for pk, quantity in orders:
        if best.limit is None or pk <= best.limit:
            assert not best.put(pk, quantity)
    levels = [
        [pk, sum(q for p, q in orders if p == pk), sum(p == pk for p, _ in orders)]
        for pk in sorted({pk for pk, _ in orders})
    ]
    assert best.levels == levels[:SIZE]
    assert best.more or len(levels) == len(best.levels)
    assert best.limit == (levels[SIZE - 1][0] if len(levels) >= SIZE else None)
    for level in best.levels.copy():
        assert best.best == tuple(level)
        best.pop()
    assert best.best is None
    assert best.more == (len(levels) >= SIZE)


def test_an_order_beyond_the_limit_leaves_no_trace() -> None:
    best = collector()
    for pk in (1, 2, 3, 4, 50):
        best.put(pk, 1)
    assert best.levels == [[1, 1, 1], [2, 1, 1], [3, 1, 1]]


def test_quantity_and_count_that_do_not_fit_wrap_and_say_so() -> None:
    best = collector()
    assert [best.put(5, 60), best.put(5, 4)] == [False, True]
    assert best.levels == [[5, 0, 2]]
    best.clear()
    assert [best.put(6, 1) for _ in range(8)] == [False] * 7 + [True]
    assert best.levels == [[6, 8, 0]]
