"""Unit tests of gateware.book.level_store in Amaranth's own simulator."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest

from gateware.book.layouts import Shapes
from gateware.book.level_store import LevelStore
from hw.presets import BookParameters
from sim.models.level_store import LevelStore as Model
from tests.gateware.bench import run

PARAMETERS: Final = BookParameters(
    books=2, window_ticks=64, order_slots=256, quantity_bits=8, count_bits=8
)
SHAPES: Final = Shapes(PARAMETERS)
INTERVAL: Final = LevelStore.INTERVAL
#: Cycles from a request to ``overflow``: the word is known in cycle 2, its sum a cycle later.
OVERFLOW: Final = 3


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request; without ``what`` an idle cycle."""

    what: str = ""
    book: int = 0
    side: int = 0
    offset: int = 0
    delta: int = 0


@dataclass(frozen=True, kw_only=True)
class Level:
    """The answer to one peek."""

    quantity: int
    count: int
    leaf: int
    summary: int


def perform(asks: Sequence[Ask]) -> tuple[dict[int, Level], list[int]]:
    """Make one request a cycle; return the answer of each peek, and which requests overflowed."""
    dut = LevelStore(parameters=PARAMETERS)
    levels: dict[int, Level] = {}
    overflows: list[int] = []

    async def testbench(ctx: Any) -> None:
        for cycle in range(len(asks) + LevelStore.LATENCY + 1):
            ask = asks[cycle] if cycle < len(asks) else Ask(what="")
            for name in ("book", "side", "offset", "delta"):
                ctx.set(getattr(dut, name), getattr(ask, name))
            for name in ("add", "remove", "change", "zero", "peek"):
                ctx.set(getattr(dut, name), ask.what == name)
            if ctx.get(dut.peeked):
                levels[cycle - LevelStore.LATENCY] = Level(
                    quantity=ctx.get(dut.level_quantity),
                    count=ctx.get(dut.level_count),
                    leaf=ctx.get(dut.leaf),
                    summary=ctx.get(dut.summary),
                )
            if ctx.get(dut.overflow):
                overflows.append(cycle - OVERFLOW)
                assert ctx.get(dut.overflow_book) == asks[cycle - OVERFLOW].book
            await ctx.tick()

    run(dut, testbench)
    return levels, overflows


def spaced(asks: Sequence[Ask], gap: int = INTERVAL) -> list[Ask]:
    return [cell for ask in asks for cell in (ask, *[Ask()] * (gap - 1))]


def add(offset: int, quantity: int = 1, **row: int) -> Ask:
    return Ask(what="add", offset=offset, delta=quantity, **row)


def remove(offset: int, quantity: int = 1, **row: int) -> Ask:
    return Ask(what="remove", offset=offset, delta=-quantity, **row)


def peek(offset: int, **row: int) -> Ask:
    return Ask(what="peek", offset=offset, **row)


@pytest.mark.parametrize("gap", range(INTERVAL, 8))
def test_a_request_sees_what_those_ahead_changed(gap: int) -> None:
    change = Ask(what="change", offset=9, delta=-3)
    asks = [add(9, 5), peek(9), change, peek(9), add(9, 4), peek(9), remove(9, 2), peek(9)]
    levels, _ = perform(spaced([*asks, remove(9, 4), peek(9)], gap))
    assert [(level.quantity, level.count) for level in levels.values()] == [
        (5, 1), (2, 1), (6, 2), (4, 1), (0, 0),
    ]  # fmt: skip
    assert [level.leaf for level in levels.values()] == [1 << 9 % SHAPES.leaf_bits] * 4 + [0]
    assert [level.summary for level in levels.values()] == [1 << 9 // SHAPES.leaf_bits] * 4 + [0]
    assert list(levels) == [gap * i for i in (1, 3, 5, 7, 9)]


def test_rows_do_not_touch_each_other_at_full_rate() -> None:
    rows = [{"book": b, "side": s} for b in range(2) for s in range(2)]
    asks = [add(7, i + 1, **row) for i, row in enumerate(rows)]
    levels, _ = perform([*asks, *(peek(7, **row) for row in rows)])
    assert [level.quantity for level in levels.values()] == [1, 2, 3, 4]
    assert {level.count for level in levels.values()} == {1}


def test_a_leaf_stays_in_the_summary_until_its_last_level_has_left() -> None:
    last = SHAPES.leaf_bits - 1
    asks = [add(0), add(last), remove(0), peek(0), remove(last), peek(0)]
    levels, _ = perform(spaced(asks))
    assert [level.summary for level in levels.values()] == [1, 0]
    assert [level.leaf for level in levels.values()] == [1 << last, 0]


def test_zero_empties_the_level_and_its_whole_leaf_but_no_other() -> None:
    width = SHAPES.leaf_bits
    zero = Ask(what="zero", offset=1)
    asks = [add(0, 3), add(1, 4), add(width, 5), zero, peek(0), peek(1), peek(width)]
    levels, _ = perform(spaced(asks))
    assert [(v.quantity, v.count, v.leaf, v.summary) for v in levels.values()] == [
        (3, 1, 0, 2), (0, 0, 0, 2), (5, 1, 1, 2),
    ]  # fmt: skip


def test_a_quantity_or_count_that_does_not_fit_is_told_with_its_book() -> None:
    most = (1 << PARAMETERS.quantity_bits) - 1
    grow = Ask(what="change", offset=5, delta=1, book=1)
    asks = spaced([add(5, most, book=1), grow, add(6, 1, book=1)])
    counts = spaced([add(8, 0, book=0)] * (1 << PARAMETERS.count_bits))
    _, overflows = perform(asks + counts)
    assert overflows == [INTERVAL, len(asks) + len(counts) - INTERVAL]


def test_an_idle_cycle_changes_and_answers_nothing() -> None:
    idle = Ask(what="", offset=3, delta=9)
    levels, overflows = perform([add(3, 2), *[idle] * 6, peek(3)])
    assert [(t, v.quantity, v.count) for t, v in levels.items()] == [(7, 2, 1)]
    assert overflows == []


@pytest.mark.parametrize("seed", range(3))
def test_random_orders_at_full_rate_keep_levels_and_occupancy_of_the_model(seed: int) -> None:
    generator = random.Random(seed)
    rows = [(book, side) for book in range(2) for side in range(2)]
    models = {
        row: Model(
            PARAMETERS.window_ticks, leaf_bits=SHAPES.leaf_bits,
            quantity_bits=PARAMETERS.quantity_bits, count_bits=PARAMETERS.count_bits,
        )
        for row in rows
    }  # fmt: skip
    asks: list[Ask] = []
    expected: dict[int, Level] = {}
    row = rows[0]
    for cycle in range(1500):
        row = generator.choice([r for r in rows if r != row])
        model, offset = models[row], generator.choice([0, 1, 7, 8, 33, 63])
        where = {"book": row[0], "side": row[1], "offset": offset}
        held, count = model.at(offset)
        roll = generator.random()
        if roll < 0.3:
            leaf = model.occupied.leaf(offset)
            expected[cycle] = Level(
                quantity=held, count=count, leaf=leaf, summary=model.occupied.summary
            )
            asks.append(Ask(what="peek", **where))
        elif roll < 0.6 and count:
            quantity = held if count == 1 else generator.randrange(held + 1)
            model.remove(offset, quantity)
            asks.append(Ask(what="remove", delta=-quantity, **where))
        elif roll < 0.7 and count:
            delta = generator.randrange(-held, 3 if held < 200 else 1)
            model.change(offset, delta)
            asks.append(Ask(what="change", delta=delta, **where))
        elif held < 200:
            quantity = generator.randrange(1, 50)
            model.add(offset, quantity)
            asks.append(Ask(what="add", delta=quantity, **where))
        else:
            asks.append(Ask())
    levels, overflows = perform(asks)
    assert levels == expected
    assert overflows == []
