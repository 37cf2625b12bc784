"""Unit tests of gateware.book.row_cache in Amaranth's own simulator."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import pytest

from gateware.book.layouts import Shapes
from gateware.book.row_cache import RowCache
from hw.presets import BookParameters
from sim.models.row_cache import RowCache as Model
from tests.gateware.bench import run, values

PARAMETERS: Final = BookParameters(
    books=4, window_ticks=64, order_slots=256, cached_levels=3, tick_bits=16
)
INTERVAL: Final = RowCache.INTERVAL
LEVEL: Final = ("pk", "quantity", "count")
GRAIN: Final = Shapes(PARAMETERS).leaf_bits  # windows begin at the edge of a bitmap word
QUARTER: Final = PARAMETERS.window_ticks // 4
Level = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Do:
    """One command, or with none just a look at the book."""

    command: str = ""
    book: int = 1
    side: int = 0
    pk: int = 0
    delta: int = 0
    quantity: int = 0
    count: int = 1
    outside: int = 0
    base: int = 0
    moving: int = 0
    evicting: int = 0
    index: int = 0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the cache says of one command."""

    inside: bool
    before: tuple[Level, ...]
    told: tuple[Level | None, Level | None]  # at the index that was asked for
    best: tuple[Level, Level]
    known: int
    deferred: int
    invalid: bool
    overflow: bool
    dropped: bool
    complete: bool  # before the command
    after: dict[str, int]


def add(pk: int, quantity: int = 1, **where: int) -> Do:
    return look(pk=pk, command="insert", delta=quantity, quantity=quantity, **where)


def leave(pk: int, quantity: int = 1, **where: int) -> Do:
    return look(pk=pk, command="remove", delta=-quantity, **where)


def look(**fields: Any) -> Do:
    return Do(**fields)


def reset(book: int, *, complete: bool = False) -> Do:
    return Do(command="reset complete" if complete else "reset", book=book)


def spaced(does: Sequence[Do], gap: int = INTERVAL) -> list[Do | None]:
    """Return a schedule with ``gap`` cycles from one command to the next."""
    return [cell for do in does for cell in (do, *[None] * (gap - 1))]


def perform(schedule: Sequence[Do | None]) -> list[Seen]:
    """Give at most one command a cycle to a cache full of dirt that was then reset."""
    dut = RowCache(parameters=PARAMETERS)
    dirt = [
        Do(command="insert invalidate", book=b, side=s, pk=9 + i, quantity=7, delta=7)
        for i in range(4)
        for s in range(2)
        for b in range(PARAMETERS.books)
    ]
    setup: list[Do | None] = [*dirt, *(reset(b) for b in range(PARAMETERS.books)), None, None]
    whole = setup + list(schedule)
    halves: dict[int, dict[str, Any]] = {}

    async def testbench(ctx: Any) -> None:
        for cycle in range(len(whole) + RowCache.LATENCY + 1):

            def ahead(cycles: int, now: int = cycle) -> Do | None:
                return whole[now - cycles] if 0 <= now - cycles < len(whole) else None

            first, third = ahead(0), ahead(2)
            ctx.set(dut.book, first.book if first else cycle % PARAMETERS.books)
            ctx.set(dut.valid, first is not None)
            _command(ctx, dut, third or Do())
            if third:
                halves[cycle - 2] = {"complete": bool(ctx.get(dut.state.complete))}
            if ahead(3):
                halves[cycle - 3] |= {"inside": bool(ctx.get(dut.inside))} | _rows(ctx, dut)
            if ahead(4):
                halves[cycle - 4] |= _result(ctx, dut)
            await ctx.tick()

    run(dut, testbench)
    return [Seen(**halves[t]) for t in sorted(halves) if t >= len(setup)]


def _command(ctx: Any, dut: RowCache, do: Do) -> None:
    ctx.set(dut.command, dict.fromkeys(do.command.split(), 1))
    for name in ("side", "pk", "delta", "quantity", "count", "outside", "base", "index"):
        ctx.set(getattr(dut, name), getattr(do, name))
    ctx.set(dut.moving, do.moving)
    ctx.set(dut.evicting, do.evicting)


def _rows(ctx: Any, dut: RowCache) -> dict[str, Any]:
    count, told = ctx.get(dut.meta.valid).bit_length(), ctx.get(dut.told_valid)
    return {
        "before": tuple(values(ctx.get(dut.levels[j]), *LEVEL) for j in range(count)),
        "told": tuple(
            values(ctx.get(dut.told[s]), *LEVEL) if told >> s & 1 else None for s in range(2)
        ),
    }


def _result(ctx: Any, dut: RowCache) -> dict[str, Any]:
    after = ctx.get(dut.after)
    return {
        "best": tuple(values(ctx.get(dut.best[s]), *LEVEL) for s in range(2)),
        "known": ctx.get(dut.known),
        "deferred": ctx.get(dut.deferred),
        "invalid": bool(ctx.get(dut.invalid)),
        "overflow": bool(ctx.get(dut.overflow)),
        "dropped": bool(ctx.get(dut.dropped)),
        "after": {name: int(getattr(after, name)) for name, _ in Shapes(PARAMETERS).meta},
    }


@pytest.mark.parametrize("distance", range(INTERVAL, 8))
def test_a_command_sees_the_row_that_one_ahead_left(distance: int) -> None:
    schedule = spaced([add(70, 5), add(60, 2), leave(60, 2), look()], distance)
    seen = perform(schedule)
    assert [s.before for s in seen] == [
        (), ((70, 5, 1),), ((60, 2, 1), (70, 5, 1)), ((70, 5, 1),),
    ]  # fmt: skip
    assert [s.best[0] for s in seen] == [(70, 5, 1), (60, 2, 1), (70, 5, 1), (70, 5, 1)]
    assert [s.known for s in seen] == [1, 1, 1, 1]


def test_books_follow_each_other_in_every_cycle_without_touching_each_other() -> None:
    books = [1, 2, 3, 0] * 6
    seen = perform([add(100 - i, i + 1, book=book) for i, book in enumerate(books)])
    for i, _ in enumerate(books):
        assert seen[i].best[0] == (100 - i, i + 1, 1)
        assert len(seen[i].before) == min(i // 4, PARAMETERS.cached_levels)


def test_the_effect_is_on_the_outputs_exactly_after_the_latency() -> None:
    dut = RowCache(parameters=PARAMETERS)
    known = []

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.book, 2)
        for cycle in range(8):
            ctx.set(dut.valid, cycle == 0)
            _command(ctx, dut, add(33, 4, side=1) if cycle == 2 else Do())
            known.append(ctx.get(dut.known))
            if cycle == RowCache.LATENCY:
                assert values(ctx.get(dut.best[1]), *LEVEL) == (33, 4, 1)
                ctx.set(dut.book, 3)
            await ctx.tick()

    run(dut, testbench)
    assert known[: RowCache.LATENCY + 1] == [0] * RowCache.LATENCY + [0b10]


def test_both_sides_of_a_book_are_kept_and_told_together() -> None:
    seen = perform(spaced([add(5, 1), add(8, 2, side=1), add(4, 3, side=1), leave(5, 1)]))
    assert [s.known for s in seen] == [0b01, 0b11, 0b11, 0b10]
    assert seen[2].best == ((5, 1, 1), (4, 3, 1))
    assert [s.told for s in seen[1:]] == [
        ((5, 1, 1), None),
        ((5, 1, 1), (8, 2, 1)),
        ((5, 1, 1), (4, 3, 1)),
    ]


def test_the_level_that_is_asked_for_is_told_of_both_sides() -> None:
    fill = [add(5, 1), add(8, 2, side=1), add(4, 3, side=1), add(9, 4, side=1), add(2, 5)]
    depth = PARAMETERS.cached_levels
    asks = [look(index=i, side=i % 2) for i in range(depth)]
    seen = perform(spaced([*fill, *asks]))[len(fill) :]
    bids = [(2, 5, 1), (5, 1, 1), *[None] * (depth - 2)]
    asks_told = [(4, 3, 1), (8, 2, 1), (9, 4, 1), *[None] * (depth - 3)]
    assert [s.told for s in seen] == list(zip(bids, asks_told, strict=True))


def test_a_level_that_falls_out_makes_the_last_cached_one_the_bound() -> None:
    seen = perform(spaced([add(40), add(30), add(20), add(10), look()]))
    assert [s.dropped for s in seen] == [False, False, False, True, False]
    assert [s.after["more"] for s in seen] == [0, 0, 0, 1, 1]
    assert seen[3].after["bound"] == 30
    assert [level[0] for level in seen[4].before] == [10, 20, 30]


def test_a_best_price_is_deferred_when_the_cache_runs_out_but_levels_remain() -> None:
    fill = [add(40), add(30), add(20), add(10)]
    seen = perform(spaced([*fill, leave(10), leave(20), leave(30), look(), add(31), add(30)]))
    assert [(s.known, s.deferred) for s in seen[4:]] == [
        (1, 0), (1, 0), (0, 1), (0, 1), (0, 1), (1, 0),
    ]  # fmt: skip
    assert seen[-1].best[0] == (30, 1, 1)


def test_an_appended_level_extends_the_bound_and_clear_more_ends_it() -> None:
    fill = [add(40), add(30), add(20), add(10), leave(10), leave(20), leave(30)]
    append = Do(command="insert append", pk=40, delta=9, quantity=9, count=4)
    done = Do(command="clear_more")
    seen = perform(spaced([*fill, append, done, add(500), leave(40, 9), look()]))
    assert (seen[7].best[0], seen[7].after["bound"], seen[7].after["more"]) == ((40, 9, 4), 40, 1)
    assert seen[8].after["more"] == 0
    assert [level[0] for level in seen[10].before] == [40, 500]


def test_levels_and_counts_that_do_not_fit_make_the_book_invalid_until_reset() -> None:
    largest = (1 << PARAMETERS.quantity_bits) - 1
    seen = perform(
        spaced([add(7, largest), add(7, 1), look(), reset(1, complete=True), look(), look(book=2)])
    )
    assert [s.overflow for s in seen] == [False, True, False, False, False, False]
    assert [s.invalid for s in seen] == [False, True, True, False, False, False]
    assert [s.complete for s in seen] == [False, False, False, False, True, False]


def test_the_count_of_a_level_has_its_own_limit() -> None:
    most = (1 << PARAMETERS.count_bits) - 1
    full = Do(command="insert append", pk=9, delta=1, quantity=1, count=most)
    change = Do(command="change", pk=9, delta=1)
    seen = perform(spaced([add(8), full, change, look(), add(9)]))
    assert [s.overflow for s in seen] == [False] * 4 + [True]
    assert seen[3].before[1] == (9, 2, most)


def test_reset_empties_both_rows_and_forgets_what_was_outside() -> None:
    seen = perform(
        spaced(
            [
                *(add(pk, 1, side=side, outside=1) for side in range(2) for pk in (1, 2, 3, 4)),
                Do(command="invalidate"),
                reset(1),
                look(side=0),
                look(side=1),
            ]
        )
    )
    for told in seen[-2:]:
        assert (told.known, told.deferred, told.invalid) == (0, 0, False)
        assert (told.after["outside"], told.after["more"], told.after["better"]) == (0, 0, 0)
    assert (seen[-3].known, seen[-3].deferred) == (0, 0)  # of the reset itself


def test_orders_outside_are_counted_as_they_come_and_go() -> None:
    window = PARAMETERS.window_ticks
    move = {"moving": 1, "base": window}
    evict, admit = (partial(Do, command=name, **move) for name in ("leave", "enter"))
    does = [
        (add(10), 0),  # brings the window along, up to 63
        (add(100), 1),
        (add(20), 1),
        (Do(command="leave", pk=20), 1),  # covered, so it stays
        (Do(command="enter", pk=100), 1),  # not covered, so it does, too
        (evict(pk=20, evicting=1), 2),
        (add(200, **move, evicting=1), 3),
        (leave(200, outside=1), 2),
        (Do(command="set_base", evicting=1, **move), 2),
        (admit(pk=20), 2),
        (admit(pk=100), 1),
        (leave(20, outside=1), 0),
        (look(), 0),
    ]
    seen = perform(spaced([do for do, _ in does]))
    assert [s.after["outside"] for s in seen] == [outside for _, outside in does]


@pytest.mark.parametrize("pk", [0, QUARTER - 1, QUARTER, QUARTER + GRAIN - 1, 4711, 65535])
def test_the_first_order_brings_the_window_along(pk: int) -> None:
    seen = perform(spaced([add(pk), look(pk=pk)]))
    base = max(0, (pk - QUARTER) // GRAIN * GRAIN)
    assert seen[0].inside
    assert seen[0].after["base"] == base


def test_inside_means_within_the_window() -> None:
    first, base, window = 1000, (1000 - QUARTER) // GRAIN * GRAIN, PARAMETERS.window_ticks
    inside = [base, base + 1, base + window - 1]
    outside = [base - 1, 0, base + window, 65535]
    seen = perform(spaced([add(first), *(look(pk=pk) for pk in inside + outside)]))
    assert [s.inside for s in seen[1:]] == [True] * len(inside) + [False] * len(outside)


def test_an_order_better_than_the_window_is_remembered_until_the_next_move() -> None:
    better = [add(1000), add(900, outside=1), look(), Do(command="start_move"), add(1001)]
    assert [s.after["better"] for s in perform(spaced(better))] == [0, 1, 1, 0, 0]


def test_while_a_window_is_left_inside_means_within_both() -> None:
    base, window = (1000 - QUARTER) // GRAIN * GRAIN, PARAMETERS.window_ticks
    target = base + window // 2
    move = {"moving": 1, "base": target}
    asks = [base, target - 1, target, base + window - 1, base + window]
    leaving = [look(pk=pk, evicting=1, **move) for pk in asks]
    switch = Do(command="set_base", evicting=1, **move)
    entering = [look(pk=pk, **move) for pk in [target - 1, target, target + window - 1]]
    seen = perform(spaced([add(1000), *leaving, switch, *entering]))
    assert [s.inside for s in seen[1:6]] == [False, False, True, True, False]
    assert seen[6].after["base"] == target
    assert [s.inside for s in seen[7:]] == [False, True, True]


def test_an_empty_row_whose_window_moves_does_not_take_another_one() -> None:
    move = {"moving": 1, "base": 2048}
    seen = perform(spaced([look(pk=5000, **move), add(5000, outside=1, **move)]))
    assert not seen[0].inside
    assert seen[1].after["base"] == 0


def _random_step(generator: random.Random, model: Model, levels: dict[int, list[int]]) -> Do:
    """Return one command on a row and apply it to the model, and to all levels of the row."""
    pk = generator.randrange(12)
    roll = generator.random()
    if levels and roll < 0.4:
        pk = generator.choice(list(levels))
        quantity = generator.choice(levels[pk])
        levels[pk].remove(quantity)
        if not levels[pk]:
            del levels[pk]
        model.remove(pk, quantity)
        return leave(pk, quantity)
    if levels and roll < 0.55:
        pk = generator.choice(list(levels))
        at = generator.randrange(len(levels[pk]))
        delta = generator.randrange(-levels[pk][at] + 1, 9)
        levels[pk][at] += delta
        model.change(pk, delta)
        return Do(command="change", pk=pk, delta=delta)
    if roll < 0.7 and model.more and len(model.levels) < PARAMETERS.cached_levels:
        beyond = [k for k in sorted(levels) if not model.reaches(k)]
        if not beyond:
            model.refill(None)
            return Do(command="clear_more")
        level = (beyond[0], sum(levels[beyond[0]]), len(levels[beyond[0]]))
        model.refill(level)
        return Do(
            command="insert append", pk=level[0], delta=level[1], quantity=level[1], count=level[2]
        )
    quantity = generator.randrange(1, 100)
    levels.setdefault(pk, []).append(quantity)
    model.add(pk, quantity)
    return add(pk, quantity)


@pytest.mark.parametrize("seed", range(3))
def test_random_commands_at_full_rate_keep_the_rows_of_the_model(seed: int) -> None:
    generator = random.Random(seed)
    rows = [(book, side) for book in range(PARAMETERS.books) for side in range(2)]
    models = {row: Model(PARAMETERS.cached_levels) for row in rows}
    levels: dict[tuple[int, int], dict[int, list[int]]] = {row: {} for row in rows}
    schedule: list[Do | None] = []
    expected = []
    book = -1
    for _ in range(900):
        book = generator.choice([b for b in range(PARAMETERS.books) if b != book])
        side = generator.randrange(2)
        row, other = models[book, side], models[book, 1 - side]
        do = _random_step(generator, row, levels[book, side])
        schedule.append(replace(do, book=book, side=side))
        sides = (row, other) if side == 0 else (other, row)
        expected.append(
            (
                [m.best for m in sides],
                sum((not m.exact) << i for i, m in enumerate(sides)),
                (row.more, row.bound if row.more else None),
            )
        )
    seen = perform(schedule)
    for told, (best, deferred, reach) in zip(seen, expected, strict=True):
        said = [told.best[i] if told.known >> i & 1 else None for i in range(2)]
        assert said == best
        assert told.deferred == deferred
        assert not told.invalid
        more = bool(told.after["more"])
        assert (more, told.after["bound"] if more else None) == reach
