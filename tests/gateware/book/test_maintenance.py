"""Unit tests of the jobs of gateware.book.maintenance: refill, sweep, move, in a tiny engine.

Every test compares all events with the model. How long a job takes is nobody's contract; what it
may do meanwhile is.
"""

from typing import Final

import pytest

from hw.records import EVENT_KIND
from sim.models.book import Update
from tests.gateware.bench import TINY
from tests.gateware.book.engine_driver import Engine, converse
from tests.sim.updates import update

CACHED: Final = TINY.cached_levels
FIRST: Final = 1000  # the first ask: a quarter of the window lies before it
AWAY: Final = FIRST + TINY.window_ticks  # and all of this is outside
READ: Final = update("read_levels"), update("read_orders")


def asks(*ticks: int, book: int = 0) -> list[Update]:
    """Return an ask at each tick, whose id is the tick."""
    return [update("add", book=book, order_id=t, side=1, tick=t, quantity=2) for t in ticks]


def gone(*ticks: int, book: int = 0) -> list[Update]:
    """Let these asks leave."""
    return [update("delete", book=book, order_id=t) for t in ticks]


def resolved(engine: Engine) -> list[tuple[int, int]]:
    """Return cycle and best ask of every event that resolves."""
    return [(e.cycle, e.ask_tick) for e in engine.events if e.kind == EVENT_KIND.resolved]


def test_a_refill_takes_each_level_of_the_window_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = range(FIRST, FIRST + 2 * CACHED)

    async def script(engine: Engine) -> None:
        await engine.send(*asks(*ticks), *asks(FIRST + CACHED + 1, book=1))
        await engine.settle()
        assert engine.counter("refills") == 0  # full caches need none
        await engine.send(*gone(FIRST))
        await engine.settle()
        assert engine.counter("refills") == 1
        assert engine.counter("deferrals") == 0
        await engine.send(*gone(*ticks[1 : 1 + CACHED]))  # faster than a refill can be
        await engine.settle()
        assert [tick for _, tick in resolved(engine)] == [FIRST + CACHED + 1]
        assert engine.counter("deferrals") == 1
        assert engine.counter("refills") == CACHED
        assert engine.counter("searches") == 0
        await engine.send(*READ)

    converse(monkeypatch, script)


def test_a_refill_finds_levels_all_around_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = 8
    begin = FIRST - TINY.window_ticks // 4  # rounded down to a leaf, it is the base
    assert begin % leaf == 0
    ticks = [FIRST, FIRST + 1, FIRST + 2, FIRST + 17, FIRST + 31, begin + TINY.window_ticks - 1]

    async def script(engine: Engine) -> None:
        await engine.send(*asks(*ticks))
        for tick in ticks:
            await engine.send(*gone(tick))
            await engine.settle()
        assert engine.counter("refills") == len(ticks) - CACHED
        assert engine.counter("searches") == 0
        assert engine.counter("deferrals") == 0

    converse(monkeypatch, script)


def test_a_refill_from_outside_takes_one_search_for_a_full_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    near = range(FIRST, FIRST + CACHED)
    far = [AWAY + 100 * i for i in range(CACHED)]

    async def script(engine: Engine) -> None:
        await engine.send(*asks(*near, *far))
        assert engine.counter("searches") == 0
        await engine.settle()
        assert engine.counter("orders_outside") == CACHED
        await engine.send(*gone(*near))
        await engine.until(lambda: bool(resolved(engine)))
        assert resolved(engine)[0][1] == far[0]
        assert (engine.counter("searches"), engine.counter("refills")) == (1, 0)
        await engine.settle()
        await engine.send(*READ)

    converse(monkeypatch, script)


@pytest.mark.parametrize("what", ["comes", "leaves", "changes"])
def test_a_search_that_an_update_overtakes_runs_once_more_and_holds_the_book(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = range(FIRST, FIRST + CACHED)
    far = [AWAY + 100 * i for i in range(2 * CACHED)]
    overtaking = {
        "comes": asks(AWAY + 1),
        "leaves": gone(far[0]),
        "changes": [update("reduce", order_id=far[0], quantity=1)],
    }[what]

    async def script(engine: Engine) -> None:
        await engine.send(*asks(*near, *far), *gone(*near))
        begun = await engine.until(lambda: engine.counter("searches") == 1)
        overtook = await engine.send(*overtaking)
        assert not resolved(engine)
        again = await engine.until(lambda: engine.counter("searches") == 2)
        assert begun < overtook < again
        other = await engine.send(update("status", book=1))
        held = await engine.send(update("status"))
        ((cycle, _),) = resolved(engine)
        assert other < cycle < held
        assert engine.counter("searches") == 2
        await engine.settle()
        await engine.send(*READ)

    converse(monkeypatch, script)


def test_an_update_inside_the_window_overtakes_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    near = range(FIRST, FIRST + CACHED)

    async def script(engine: Engine) -> None:
        await engine.send(*asks(*near, AWAY, AWAY + 100), *gone(*near))
        await engine.until(lambda: engine.counter("searches") == 1)
        await engine.send(*asks(FIRST + 5), *asks(AWAY + 5, book=1))
        assert not resolved(engine)
        await engine.until(lambda: bool(resolved(engine)))
        assert engine.counter("searches") == 1

    converse(monkeypatch, script)


def crowd() -> tuple[list[int], list[int]]:
    """Return asks in the first window, and better ones that call the window away from them."""
    return [FIRST + i for i in range(12)], [FIRST // 2 + i for i in range(6)]


def test_a_move_evicts_before_it_switches_and_admits_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = crowd()

    async def script(engine: Engine) -> None:
        await engine.send(*asks(*old))
        assert not engine.is_("moving")
        await engine.send(*asks(*new))
        await engine.until(lambda: engine.is_("moving"))
        assert engine.is_("evicting")
        await engine.until(lambda: not engine.is_("evicting"))
        assert engine.is_("moving")
        assert engine.counter("orders_outside") == len(old) + len(new)
        assert engine.counter("window_moves") == 0
        await engine.until(lambda: not engine.is_("moving"))
        await engine.settle()
        assert engine.counter("orders_outside") == len(old)
        assert engine.counter("window_moves") == 1
        await engine.send(*READ, *gone(*new[:-1]), *READ)

    converse(monkeypatch, script)


PHASES: Final = ["evicting", "admitting"]


async def begin_move(engine: Engine, phase: str) -> None:
    """Make the window of the first book move, and wait for a part of the move."""
    old, new = crowd()
    await engine.send(*asks(*old, *new))
    await engine.until(lambda: engine.is_("moving"))
    await engine.until(lambda: engine.is_("evicting") == (phase == "evicting"))
    assert engine.is_("moving")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", ["read_levels", "read_orders"])
def test_a_read_out_during_a_move_is_exact(
    kind: str, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(engine: Engine) -> None:
        await begin_move(engine, phase)
        await engine.send(update(kind))
        assert engine.is_("moving")
        await engine.settle()
        assert engine.counter("window_moves") == 1
        await engine.send(update(kind))

    converse(monkeypatch, script)


@pytest.mark.parametrize("phase", PHASES)
def test_orders_that_come_and_go_during_a_move_end_where_they_belong(
    phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = crowd()

    async def script(engine: Engine) -> None:
        await begin_move(engine, phase)
        await engine.send(*asks(FIRST + 30, new[0] + 30), *gone(old[0], new[1]))
        assert engine.is_("moving")
        await engine.settle()
        assert engine.counter("orders_outside") == len(old)  # one came, one left
        assert engine.counter("window_moves") == 1
        await engine.send(*READ, *gone(*new[2:], new[0]), *READ)

    converse(monkeypatch, script)


@pytest.mark.parametrize("phase", PHASES)
def test_a_clear_during_a_move_ends_the_move(phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(engine: Engine) -> None:
        await engine.send(*asks(7, 8, 9, book=1))
        await begin_move(engine, phase)
        await engine.send(update("clear"))
        assert engine.is_("moving")
        await engine.until(lambda: engine.events[-1].kind == EVENT_KIND.cleared)
        assert not engine.is_("moving")
        assert engine.counter("window_moves") == 0
        assert (engine.counter("orders"), engine.counter("orders_outside")) == (3, 0)
        await engine.send(*READ, *asks(40, 41, 42, 43, 200), *gone(40, 41), *READ)
        await engine.send(*(update(kind, book=1) for kind in ("read_levels", "read_orders")))
        await engine.settle()
        assert engine.counter("orders_outside") == 1
        assert engine.counter("window_moves") == 0

    converse(monkeypatch, script)
