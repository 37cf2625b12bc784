"""Unit tests of gateware.book.pipeline in Amaranth's own simulator."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from gateware.book.layouts import BANKS, DIRECT, WAYS, Op
from gateware.book.pipeline import Pipeline
from hw.records import ERROR, EVENT_KIND
from tests.gateware.bench import TINY, run, values

INTERVAL: Final = Pipeline.INTERVAL
ALL: Final = (1 << TINY.tick_bits) - 1


@dataclass(frozen=True, kw_only=True)
class Result:
    """What becomes an event, and when."""

    cycle: int
    error: int
    known: int
    deferred: int
    invalid: bool
    levels: tuple[tuple[int, ...], ...]
    order_id: int


@dataclass
class Log:
    """What the pipeline says, cycle by cycle."""

    results: list[Result] = field(default_factory=list)
    halves: list[int] = field(default_factory=list)
    voids: list[int] = field(default_factory=list)
    reports: dict[str, list[int]] = field(default_factory=dict)
    entries: list[tuple[int, ...]] = field(default_factory=list)
    orders: int = 0
    outside: int = 0


def op(code: Op, **fields: Any) -> dict[str, Any]:
    """Return an issue; ``emit`` goes into its tag."""
    tag = {"emit": fields.pop("emit", 1), "kind": EVENT_KIND.best, "order_id": fields.get("id", 0)}
    return {"op": code, "tag": tag, **fields}


def add(order_id: int, tick: int, quantity: int = 1, side: int = 1, **more: Any) -> dict[str, Any]:
    return op(Op.ADD, id=order_id, tick=tick, quantity=quantity, side=side, **more)


_DIRT: Final = add(5, 100, 7)
RESET: Final = [op(Op.RESET_BOOK, book=book, emit=0) for book in range(TINY.books)]


def perform(issues: dict[int, dict[str, Any]], *, cycles: int, **inputs: int) -> Log:
    """Issue operations at given cycles, and the second half of a replace when it is due."""
    dut = Pipeline(parameters=TINY)
    log = Log()
    signals = {"scan_any_book": 1, "scan_any_side": 1, "scan_any_inside": 1, "scan_limit": ALL}
    nothing: Any = object()

    async def testbench(ctx: Any) -> None:
        for name, value in (signals | inputs).items():
            ctx.set(getattr(dut, name), value)
        for cycle in range(-8, cycles):
            issue: Any = RESET[cycle + 8] if cycle + 8 < len(RESET) else issues.get(cycle, nothing)
            enters = issue is not nothing
            if ctx.get(dut.second_due):
                assert issue is nothing, "two operations in one cycle"
                log.halves.append(cycle)
                issue = ctx.get(dut.second_half)
            # An operation that is not valid may be anything.
            chosen = _DIRT if issue is nothing else issue
            for port in (dut.issue, dut.update, dut.slot):  # the choice, and what it is made from
                ctx.set(port, chosen)
            direct = issue is not nothing and ctx.get(dut.issue.op) in DIRECT
            ctx.set(dut.direct, direct)
            ctx.set(dut.valid, issue is not nothing)
            ctx.set(dut.enters, enters)
            _note(ctx, dut, log, cycle)
            await ctx.tick()
        log.orders, log.outside = ctx.get(dut.orders), ctx.get(dut.orders_outside)

    run(dut, testbench)
    return log


def _note(ctx: Any, dut: Pipeline, log: Log, cycle: int) -> None:
    result = ctx.get(dut.result)
    if result.tag.emit:
        log.results.append(
            Result(
                cycle=cycle,
                error=result.error,
                known=result.known,
                deferred=result.deferred,
                invalid=bool(result.invalid),
                levels=tuple(values(result.levels[s], "pk", "quantity", "count") for s in range(2)),
                order_id=result.tag.order_id,
            )
        )
    if ctx.get(dut.void):
        log.voids.append(cycle)
    for name in ("scanned", "slot_read", "row_read", "peeked", "ran"):
        if ctx.get(getattr(dut.report, name)):
            log.reports.setdefault(name, []).append(cycle)
    if ctx.get(dut.report.slot_read):
        log.entries.append(values(ctx.get(dut.report.entry), "valid", "side", "pk", "quantity"))


def spaced(issues: Sequence[dict[str, Any]], gap: int = INTERVAL) -> dict[int, dict[str, Any]]:
    return {i * gap: issue for i, issue in enumerate(issues)}


@pytest.mark.parametrize("distance", range(INTERVAL, 9))
def test_results_come_after_the_latency_at_every_distance_on_the_same_order(distance: int) -> None:
    issues = [
        add(5, 100, 9),
        op(Op.EXECUTE, id=5, quantity=4),
        op(Op.REDUCE, id=5, quantity=2),
        op(Op.SET, id=5, tick=100, side=1, quantity=8),
        op(Op.DELETE, id=5),
        op(Op.DELETE, id=5),
    ]
    log = perform(spaced(issues, distance), cycles=60)
    assert [r.cycle for r in log.results] == [i * distance + Pipeline.LATENCY for i in range(6)]
    assert [r.levels[1] for r in log.results[:4]] == [(100, q, 1) for q in (9, 5, 3, 8)]
    assert [r.known for r in log.results] == [2, 2, 2, 2, 0, 0]
    assert [r.error for r in log.results] == [0, 0, 0, 0, 0, ERROR.unknown_id]
    assert log.orders == 0


def test_the_second_half_of_a_replace_is_due_two_cycles_later() -> None:
    replace = op(Op.REPLACE, id=1, new_id=2, tick=70, quantity=6, emit=0)
    log = perform({0: add(1, 50, 3), 2: replace, 6: op(Op.DELETE, id=1), 8: op(Op.PASS)}, cycles=24)
    assert log.halves == [4]
    assert [r.cycle for r in log.results] == [6, 10, 12, 14]
    assert log.results[1].levels[1] == (70, 6, 1)
    assert [r.error for r in log.results] == [0, 0, ERROR.unknown_id, 0]
    assert log.orders == 1


def test_a_replace_keeps_the_side_of_the_order_that_it_replaces() -> None:
    for side in range(2):
        replace = op(Op.REPLACE, id=1, new_id=1, tick=70, quantity=6, side=1 - side, emit=0)
        log = perform({0: add(1, 50, 3, side=side), 2: replace}, cycles=16)
        assert log.results[1].known == 1 << side


def test_a_replace_of_nothing_has_one_event_and_places_nothing() -> None:
    replace = op(Op.REPLACE, id=1, new_id=2, tick=70, quantity=6, emit=0)
    log = perform({0: replace}, cycles=16)
    assert [(r.error, r.known) for r in log.results] == [(ERROR.unknown_id, 0)]
    assert log.orders == 0


def test_a_fatal_error_is_in_force_for_the_next_update_of_the_book_alone() -> None:
    issues = {0: add(1, 50), 2: add(1, 51), 4: add(2, 52), 5: add(2, 52, book=1)}
    log = perform(issues, cycles=16)
    assert [r.error for r in log.results] == [0, ERROR.duplicate_id, ERROR.book_invalid, 0]
    assert [r.invalid for r in log.results] == [False, True, True, False]
    assert [r.known for r in log.results] == [2, 0, 0, 2]


def test_slots_are_scanned_and_read_at_their_times() -> None:
    fill = spaced([add(1, 50, 3), add(2, 60, 4, side=0)])
    reads = {
        20 + i: op(Op.READ_SLOT, set=i // 16, pick=1 << i % 16, emit=0)
        for i in range(TINY.sets * BANKS * WAYS)
    }
    log = perform(fill | reads | {12: op(Op.SCAN, set=0, emit=0)}, cycles=20 + 280)
    assert log.reports["scanned"] == [12 + 4]
    assert log.reports["slot_read"] == [t + 5 for t in reads]
    held = sorted(entry[1:] for entry in log.entries if entry[0])
    assert held == [(0, 60 ^ ALL, 4), (1, 50, 3)]


def test_an_empty_slot_gives_no_event_and_says_so() -> None:
    log = perform({0: op(Op.READ_SLOT, set=3, pick=1)}, cycles=12)
    assert log.results == []
    assert log.voids == [Pipeline.LATENCY]


def test_nothing_is_under_way_after_the_spacing() -> None:
    issues = {0: add(1, 50), 1: op(Op.PEEK, tick=50, side=1, book=1), 2: op(Op.READ_ROW, emit=0)}
    log = perform(issues, cycles=40)
    last = max(max(cycles) for cycles in log.reports.values())
    assert set(log.reports) == {"ran", "peeked", "row_read"}
    assert last - 2 < Pipeline.SPACING


def test_orders_are_evicted_and_admitted_only_where_the_window_moves() -> None:
    move = {"moving": 1, "move_book": 0, "move_side": 1, "move_base": 96}
    slots = range(BANKS * WAYS)
    fill = spaced([add(1, 50)])
    sweep = {
        20 + 16 * index + slot: op(Op.EVICT, set=index, pick=1 << slot, emit=0)
        for index in range(TINY.sets)
        for slot in slots
    }
    leaving = perform(fill | sweep, cycles=300, evicting=1, **move)
    assert (leaving.orders, leaving.outside) == (1, 1)
    assert perform(fill | sweep, cycles=300).outside == 0  # no move is under way
    other = perform(fill | sweep, cycles=300, evicting=1, **(move | {"move_side": 0}))
    assert other.outside == 0
