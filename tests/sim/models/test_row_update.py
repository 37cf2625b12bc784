"""Tests of sim.models.row_update: step by step it is the row cache of sim.models.row_cache."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.models.row_cache import RowCache
from sim.models.row_update import Command, Row, row_update
from tests.gateware.bench import TINY

SIZE = TINY.cached_levels
STEP = st.tuples(
    st.sampled_from(["insert", "insert", "remove", "change", "refill"]), st.integers(0, 9),
    st.integers(1, 9),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(STEP, max_size=60))
def test_the_levels_are_those_of_the_row_cache(steps: list[tuple[str, int, int]]) -> None:
    row, cache, orders = Row(), RowCache(SIZE), dict[int, list[int]]()
    for action, pk, quantity in steps:
        command = Command(name="none")
        if action == "refill" and cache.more and len(cache.levels) < SIZE:
            beyond = sorted(k for k in orders if not cache.reaches(k))
            if beyond:
                total, count = sum(orders[beyond[0]]), len(orders[beyond[0]])
                cache.refill((beyond[0], total, count))
                command = Command(name="append", pk=beyond[0], quantity=total, count=count)
            else:
                cache.refill(None)
                command = Command(name="clear_more")
        elif action == "insert" and sum(orders.get(pk, [])) < 200:
            orders.setdefault(pk, []).append(quantity)
            cache.add(pk, quantity)
            command = Command(name=action, pk=pk, delta=quantity, quantity=quantity)
        elif action == "remove" and orders.get(pk):
            left = orders[pk].pop()
            cache.remove(pk, left)
            command = Command(name=action, pk=pk, delta=-left)
            if not orders[pk]:
                del orders[pk]
        elif action == "change" and orders.get(pk):
            delta = quantity - orders[pk][-1]
            orders[pk][-1] = quantity
            cache.change(pk, delta)
            command = Command(name=action, pk=pk, delta=delta)
        told = row_update(row, command, TINY)
        assert told.dropped <= told.row.more
        row = told.row
        assert [list(level) for level in row.levels] == cache.levels
        assert (row.more, row.bound if row.more else 0) == (
            cache.more, cache.bound if cache.more else 0,
        )  # fmt: skip


def test_orders_outside_are_counted_as_they_come_and_go() -> None:
    row = Row()
    counts = []
    for command in (
        Command(name="insert", pk=1, quantity=1, delta=1, outside=True),
        Command(name="insert", pk=2, quantity=1, delta=1),
        Command(name="leave"),
        Command(name="enter"),
        Command(name="change", pk=1, delta=1, outside=True),
        Command(name="remove", pk=1, delta=-2, outside=True),
    ):
        row = row_update(row, command, TINY).row
        counts.append(row.outside)
    assert counts == [1, 1, 2, 1, 1, 0]


def test_the_window_follows_its_commands_alone() -> None:
    row = Row(base=8, better=True, outside=3)
    assert row_update(row, Command(name="start_move"), TINY).row == replace(row, better=False)
    assert row_update(row, Command(name="set_base", base=64), TINY).row == replace(row, base=64)
    assert row_update(row, Command(name="reset"), TINY).row == Row()
    assert row_update(row, Command(name="invalidate"), TINY).row == row


def test_a_cached_level_that_does_not_fit_is_told() -> None:
    most = ((1 << TINY.quantity_bits) - 1, (1 << TINY.count_bits) - 1)
    row = Row(levels=((5, most[0], 1), (6, 1, most[1])))
    assert row_update(row, Command(name="change", pk=5, delta=1), TINY).overflow
    assert row_update(row, Command(name="insert", pk=6, delta=1), TINY).overflow
    assert not row_update(row, Command(name="change", pk=6, delta=1), TINY).overflow
    beyond = replace(row, more=True, bound=6)
    assert not row_update(beyond, Command(name="insert", pk=7, delta=1), TINY).overflow
