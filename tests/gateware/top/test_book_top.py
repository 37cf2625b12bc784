"""Unit tests of gateware.top.book_top and the engine in it, in Amaranth's own simulator.

Amaranth's simulator runs some hundred cycles a second on the whole engine: these tests are about
cycles and corners. Campaigns run on the ``verilated`` device.
"""

import random
from typing import Final

import pytest

from gateware.book.engine import BookEngine
from gateware.top.book_top import BookTop
from hw.latency import LATENCY
from hw.records import ERROR, EVENT_FLAG, EVENT_KIND, UPDATE_KIND
from hw.registers import map_id
from sim.models.book import Update
from tests.gateware.bench import TINY
from tests.gateware.top.talking import Checker, talk
from tests.sim.updates import update

KINDS: Final = ("add", "execute", "reduce", "delete", "set", "replace")
#: Updates that are each fine after those before them, one kind after the other.
ONE_OF_EACH: Final = [
    update("add", order_id=1, side=1, tick=1000, quantity=9),
    update("execute", order_id=1, quantity=2),
    update("reduce", order_id=1, quantity=3),
    update("replace", order_id=1, new_order_id=2, tick=1001, quantity=5),
    update("set", order_id=3, side=0, tick=990, quantity=4),
    update("delete", order_id=2),
    update("trade"),
    update("status"),
]


def cycles_of(kind: int) -> int:
    """Return the declared latency of an update kind."""
    name = next(code.name for code in UPDATE_KIND if code.value == kind)
    return LATENCY["book", name if name in KINDS else "add"].cycles


def test_every_kind_takes_its_declared_latency() -> None:
    said = talk(TINY, ONE_OF_EACH)
    expected = [cycles_of(u[1]) for u in ONE_OF_EACH]
    assert [e.latency for e in said.events] == expected
    assert [t - a for t, a in zip(said.cycles, said.accepted, strict=True)] == expected
    assert [e.cycle for e in said.events] == said.cycles
    assert (BookEngine.LATENCY, BookEngine.REPLACE_LATENCY) == (6, 8) == (
        LATENCY["book", "add"].cycles, LATENCY["book", "replace"].cycles,
    )  # fmt: skip
    Checker(TINY, ONE_OF_EACH).check(said.events)


def test_updates_of_one_book_enter_at_the_declared_intervals() -> None:
    said = talk(TINY, ONE_OF_EACH)
    gaps = [b - a for a, b in zip(said.accepted, said.accepted[1:], strict=False)]
    after = [
        LATENCY["interval", "after_replace" if u[1] == UPDATE_KIND.replace else "same_book"].cycles
        for u in ONE_OF_EACH
    ]
    assert gaps == after[:-1]
    assert LATENCY["interval", "same_book"].cycles == BookEngine.INTERVAL
    assert LATENCY["interval", "after_replace"].cycles == BookEngine.REPLACE_INTERVAL


def test_updates_of_different_books_enter_in_every_cycle() -> None:
    updates = [
        update("add", book=i % 2, order_id=i, side=1, tick=500 + i % 3, quantity=1)
        for i in range(40)
    ]
    said = talk(TINY, updates)
    assert said.accepted == list(range(said.accepted[0], said.accepted[0] + 40))
    assert {e.latency for e in said.events} == {BookTop.LATENCY}
    assert said.registers["stall_cycles"] == 0
    Checker(TINY, updates).check(said.events)


def mixed(generator: random.Random, count: int, *, spread: int) -> list[Update]:
    """Return random updates on few ids and prices: most are fine, some are not."""
    updates = []
    for serial in range(count):
        kind: str | int = generator.choices(
            ["add", "execute", "reduce", "delete", "replace", "set", "trade", "clear",
             "read_levels", "read_orders", "gap", "none"],
            [30, 6, 6, 14, 10, 10, 2, 1, 2, 1, 0.3, 1],
        )[0]  # fmt: skip
        side = generator.randrange(2)
        updates.append(
            update(
                kind,
                book=generator.choice([0, 0, 0, 1, 1, 2] if serial % 9 == 0 else [0, 1]),
                order_id=generator.randrange(24),
                new_order_id=24 + generator.randrange(24),
                side=side,
                tick=1000
                + (1 if side else -1) * generator.randrange(spread)
                + 65536 * (serial == 70),
                quantity=generator.randrange(1, 5),
                time=serial,
            )
        )
    return updates


@pytest.mark.parametrize(("seed", "spread"), [(1, 6), (2, 30), (3, 400)])
def test_a_random_stream_says_what_the_model_says_under_stalls(seed: int, spread: int) -> None:
    generator = random.Random(seed)
    updates = mixed(generator, 220, spread=spread)
    gaps = [generator.random() < 0.15 for _ in range(997)]
    holds = [generator.random() < 0.4 for _ in range(991)]
    said = talk(
        TINY, updates, idle=lambda t: gaps[t % len(gaps)], stall=lambda t: holds[t % len(holds)]
    )
    checker = Checker(TINY, updates)
    checker.check(said.events)
    assert said.registers["updates"] == len(updates)
    assert said.registers["events"] == len(said.events)
    for code in ERROR:
        count = sum(e.error == code.value for e in said.events) if code.value else 0
        assert said.registers[f"errors{code.value}"] == count, code.name
    assert said.registers["orders"] == checker.model.orders


def test_no_event_is_lost_while_the_output_is_stalled_for_long() -> None:
    updates = [
        update("add", book=i % 2, order_id=i, side=0, tick=100 + i, quantity=1) for i in range(60)
    ]
    said = talk(TINY, updates, stall=lambda t: t < 1200)
    Checker(TINY, updates).check(said.events)
    early = sum(t < 1200 for t in said.accepted)
    assert BookEngine.ROOM - 3 <= early <= BookEngine.ROOM  # a shortage is known 3 cycles later
    assert said.registers["stall_cycles"] > 0


def test_an_emptied_cache_defers_and_then_resolves() -> None:
    prices = [1000, 1010, 1020, 1030, 1040, 1200, 1300]  # three are cached, two are far outside
    updates = [update("add", order_id=p, side=1, tick=p, quantity=2) for p in prices]
    updates += [update("delete", order_id=p) for p in prices[:4]]
    said = talk(TINY, updates)
    checker = Checker(TINY, updates)
    checker.check(said.events)
    assert checker.deferrals > 0
    assert said.registers["deferrals"] > 0
    assert 0 < said.registers["deferred_max"] < TINY.deferred_bound
    assert said.registers["searches"] > 0
    assert said.registers["refills"] > 0


def test_the_window_follows_the_best_price_across_a_gap() -> None:
    near = [update("add", order_id=i, side=0, tick=1000 + i, quantity=1) for i in range(4)]
    far = [update("add", order_id=10 + i, side=0, tick=4000 + i, quantity=1) for i in range(4)]
    gone = [update("delete", order_id=10 + i) for i in range(4)]
    wait = [update("read_levels")]
    updates = near + far + wait + gone + wait
    said = talk(TINY, updates, idle=lambda t: t % 64 > 2)
    Checker(TINY, updates).check(said.events)
    assert said.registers["window_moves"] >= 2
    assert said.registers["orders_outside"] == 0


@pytest.mark.parametrize("side", [0, 1])
def test_prices_at_both_ends_of_the_range_are_exact(side: int) -> None:
    top = (1 << TINY.tick_bits) - 1
    ticks = [0, top, 1, top - 1, 31, top - 40]
    updates = [
        update("add", order_id=i, side=side, tick=tick, quantity=i + 1)
        for i, tick in enumerate(ticks)
    ]
    updates += [update("read_levels")]
    updates += [update("delete", order_id=i) for i in (1, 0, 3, 2, 5)]
    said = talk(TINY, updates)
    Checker(TINY, updates).check(said.events)


def test_a_restart_clears_books_registers_and_sequence() -> None:
    dirt = [
        *(update("add", order_id=i, side=i % 2, tick=50 * i, quantity=3) for i in range(30)),
        update("gap", book=1),
    ]
    after = [
        update("read_orders"),
        update("add", order_id=3, side=1, tick=7, quantity=1),
        update("add", book=1, order_id=3, side=0, tick=150, quantity=1),
        update("delete", order_id=5),
    ]
    said = talk(TINY, dirt, after)
    second = next(i for i, e in enumerate(said.events) if i and e.sequence == 0)
    Checker(TINY, dirt).check(said.events[:second])
    Checker(TINY, after).check(said.events[second:])
    assert said.registers["updates"] == len(after)
    assert said.registers["events"] == len(said.events) - second
    assert said.registers["orders"] == 2
    assert said.registers[f"errors{ERROR.feed_gap}"] == 0
    assert said.registers[f"errors{ERROR.unknown_id}"] == 1
    assert said.registers["window_moves"] == 0


@pytest.mark.parametrize("busy", [2, 9, 40])
def test_a_short_restart_in_the_middle_of_a_job_is_not_missed(busy: int) -> None:
    dirt = [update("add", order_id=p, side=1, tick=1000 + p, quantity=1) for p in range(20)]
    dirt += [update("delete", order_id=p) for p in range(5)]
    said = talk(TINY, dirt, [update("read_orders")], pulse=1, quiet=busy)
    assert said.ready_after[1] > 2 * 2 * TINY.window_ticks
    assert said.early == 0
    assert [e.kind for e in said.events][-1] == EVENT_KIND.read_done
    assert said.events[-1].sequence == 0


def test_no_update_is_taken_before_the_engine_is_ready() -> None:
    said = talk(TINY, [update("status")])
    assert said.ready_after[0] > 2 * 2 * TINY.window_ticks  # every level of every book
    assert said.early == 0
    assert len(said.events) == 1


def test_identity_registers_tell_the_build() -> None:
    said = talk(TINY, [])
    assert said.registers["map_id"] == map_id(TINY)
    assert said.registers["books"] == TINY.books
    assert said.registers["status"] == 1


def test_a_level_too_large_behind_the_cache_is_told_once_and_without_an_update() -> None:
    front = [update("add", order_id=i, side=1, tick=100 + i, quantity=1) for i in range(4)]
    heavy = [update("add", order_id=10 + i, side=1, tick=120, quantity=200) for i in range(2)]
    said = talk(TINY, [*front, *heavy])
    *ordinary, late = said.events
    assert len(ordinary) == 6
    assert {e.error for e in ordinary} == {0}
    assert late._replace(sequence=0, cycle=0) == (
        late._replace(sequence=0, cycle=0).__class__(
            kind=EVENT_KIND.best, error=ERROR.level_overflow, flags=1 << EVENT_FLAG.invalid
        )
    )
