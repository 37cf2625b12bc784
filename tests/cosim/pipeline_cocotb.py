"""cocotb side of test_component_cosims: gateware.book.pipeline, without the maintenance engine.

Nobody refills a cache here, so that a best price may stay deferred: the model of the row cache
knows when. Windows do not move, and what the level store holds is not looked at.
"""

import os
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import cocotb
from cocotb.triggers import Timer

from gateware.book.layouts import DIRECT, Op
from gateware.book.pipeline import Pipeline
from hw.records import ERROR, UPDATE_KIND
from sim.models.book import Book, BookModel, Update
from sim.models.book_event import INVALID, Event
from sim.models.decode import decode
from sim.models.row_cache import RowCache
from tests.cosim.ports import Ports, Stalls
from tests.gateware.bench import TINY
from tests.sim.updates import update

SEED = int(os.environ["SEED"])
N_CYCLES = 4000
TOP: Final = (1 << TINY.tick_bits) - 1
KINDS: Final = ("add", "execute", "reduce", "delete", "replace", "set", "trade", "gap")
WEIGHTS: Final = (30, 8, 4, 16, 10, 10, 2, 0.4)
Level = tuple[int, int, int]
HALF: Final = 2  # cycles from a replace to its second half


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the pipeline says of one update."""

    error: int
    invalid: bool
    levels: tuple[Level | None, Level | None]  # bid, ask; pk, quantity, count
    deferred: tuple[bool, bool]
    order_id: int


class Expected:
    """Books of the reference model, and what of them the caches hold without a refill."""

    def __init__(self) -> None:
        self._model = BookModel(TINY)
        self._rows = {(b, s): RowCache(TINY.cached_levels) for b in range(2) for s in range(2)}

    @property
    def orders(self) -> int:
        """Orders of all books."""
        return self._model.orders

    def book(self, index: int) -> Book:
        """Return a book of the reference model."""
        return self._model.book(index)

    def clear(self, book: int) -> None:
        """Empty a book."""
        self._model.apply(update("clear", book=book))
        for side in range(2):
            self._rows[book, side].clear()

    def apply(self, one: Update) -> Result:
        """Apply an update."""
        book, before = one[0], dict(self._model.book(one[0]).orders)
        (event,) = self._model.apply(one)
        after = self._model.book(book).orders
        ids = before.keys() | after.keys()
        for order_id in sorted(ids, key=after.__contains__):  # what leaves, then what comes
            self._follow(book, before.get(order_id), after.get(order_id))
        return self._result(book, event)

    def _follow(
        self, book: int, old: tuple[int, int, int] | None, new: tuple[int, int, int] | None
    ) -> None:
        """Do to the rows what became of one order."""
        if old is not None and new is not None and old[:2] == new[:2]:
            self._rows[book, old[0]].change(_pk(*old[:2]), new[2] - old[2])
            return
        if old is not None:
            self._rows[book, old[0]].remove(_pk(*old[:2]), old[2])
        if new is not None:
            self._rows[book, new[0]].add(_pk(*new[:2]), new[2])

    def _result(self, book: int, event: Event) -> Result:
        rows = [self._rows[book, side] for side in range(2)]
        invalid = bool(event.flags & INVALID)
        levels = [None if invalid else row.best for row in rows]
        deferred = [not invalid and not row.exact for row in rows]
        best = self._model.book(book).best
        for side, (level, row) in enumerate(zip(levels, rows, strict=True)):
            exact = best(side)
            if not invalid and row.exact:  # the two models agree
                assert level == (exact and (_pk(side, exact[0]), *exact[1:]))
        return Result(
            error=event.error, invalid=invalid, levels=(levels[0], levels[1]),
            deferred=(deferred[0], deferred[1]), order_id=event.order_id,
        )  # fmt: skip


def _pk(side: int, tick: int) -> int:
    return tick if side else TOP - tick


def issue_of(one: Update) -> dict[str, Any]:
    """Return the operation that an update becomes."""
    book, kind, side, _, order_id, new_id, tick, quantity, _ = one
    told = decode(one, TINY)
    return {
        "op": Op.PASS if told.passes else Op(kind), "book": book, "side": side, "id": order_id,
        "new_id": new_id, "tick": tick, "quantity": quantity, "error": told.error,
        "bare": told.bare, "tag": {
            "emit": kind != UPDATE_KIND.replace, "kind": told.event, "cause": kind, "book": book,
            "order_id": order_id,
        },
    }  # fmt: skip


def opening() -> list[dict[str, Any] | None]:
    """Return the operations that clear the memories, which start as anything."""
    issues: list[dict[str, Any] | None] = []
    for book in range(TINY.books):
        for index in range(2 * TINY.window_ticks):
            side, tick = divmod(index, TINY.window_ticks)
            issues += [
                {
                    "op": Op.CLEAR_SET, "book": book, "side": side, "set": index % TINY.sets,
                    "tick": tick,
                },
                None,
            ]  # fmt: skip
        issues += [{"op": Op.RESET_BOOK, "book": book}, None]
    return issues + [None] * Pipeline.SPACING


class Traffic:
    """Updates on few orders and prices of two books, as close as they may follow each other."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.stalls, self.expected = rng, Stalls(rng), Expected()
        self._free = [0] * TINY.books  # cycle from which on a book may be changed again
        self._clearing: dict[int, dict[str, Any]] = {}  # by cycle
        self.results: dict[int, Result] = {}
        self.halves: set[int] = set()
        self.scan_book = 0  # of the clear that is under way

    def draw(self, cycle: int) -> dict[str, Any] | None:
        """Return the operation of a cycle, and note what will be said of it and when."""
        if cycle in self._clearing:
            return self._clearing.pop(cycle)
        books = [b for b in range(TINY.books) if self._free[b] <= cycle]
        if self.stalls() or not books or cycle in self.halves:
            return None
        book = self.rng.choice(books)
        if not self.expected.book(book).valid and not self._clearing and self.rng.random() < 0.2:
            self._clear(book, cycle)
            return None
        one = self._update(book)
        wait = HALF if one[1] == UPDATE_KIND.replace else 0
        if wait and cycle + HALF in self._clearing:
            return None
        if wait:
            self.halves.add(cycle + HALF)
        self._free[book] = cycle + wait + Pipeline.INTERVAL
        self.results[cycle + wait + Pipeline.LATENCY] = self.expected.apply(one)
        return issue_of(one)

    def _update(self, book: int) -> Update:
        """Return an update that is fine, for the most part."""
        rng, held = self.rng, self.expected.book(book).orders
        kind, side = rng.choices(KINDS, WEIGHTS)[0], rng.randrange(2)
        order_id, new_id = (rng.randrange(20) for _ in range(2))
        tick = 1000 + rng.randrange(6) * (1 if side else -1)
        quantity = rng.randrange(1, 6)
        if rng.random() < 0.95:
            free = sorted(set(range(40)) - held.keys())
            new_id = rng.choice(free)
            order_id = new_id if kind == "add" or not held else rng.choice(list(held))
            if order_id in held:
                was = held[order_id]
                quantity = (
                    rng.randrange(1, was[2] + 1) if kind in ("execute", "reduce") else quantity
                )
                side, tick = (was[0], was[1]) if kind == "set" else (side, tick)
                quantity = rng.randrange(6) if kind == "set" else quantity
        return update(
            kind, book=book, side=side, order_id=order_id, new_order_id=new_id, tick=tick,
            quantity=quantity,
        )  # fmt: skip

    def _clear(self, book: int, cycle: int) -> None:
        """Let a book be cleared, as the maintenance engine does it while nothing is under way."""
        self.scan_book = book
        at = cycle + Pipeline.SPACING
        for index in range(TINY.sets):
            while at in self.halves:
                at += 1
            self._clearing[at] = {"op": Op.CLEAR_SET, "book": book, "set": index}
            at += 1
        at += Pipeline.SPACING
        self._clearing[at] = {"op": Op.RESET_BOOK, "book": book}
        self._free[book] = at + Pipeline.INTERVAL
        self.expected.clear(book)


def result_of(ports: Ports) -> Result | None:
    """Return what the pipeline says in this cycle."""
    result = ports.get("result")
    if not result.tag.emit:
        return None
    levels = [(e.pk, e.quantity, e.count) for e in (result.levels[0], result.levels[1])]
    known = [result.known >> side & 1 for side in range(2)]
    deferred = [bool(result.deferred >> side & 1) for side in range(2)]
    said = [level if knows else None for level, knows in zip(levels, known, strict=True)]
    return Result(
        error=result.error, invalid=bool(result.invalid), levels=(said[0], said[1]),
        deferred=(deferred[0], deferred[1]), order_id=result.tag.order_id,
    )  # fmt: skip


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_result_is_the_models(dut: Any) -> None:
    """Issue updates of every kind, and the second half of each replace when it is due."""
    rng, ports, seen = random.Random(SEED), Ports(dut, "pipeline"), Counter[str]()
    traffic, first = Traffic(rng), opening()
    await ports.start()
    ports.set(scan_any_side=1, scan_any_inside=1, scan_limit=TOP)
    dirt: Any = {"op": Op.ADD, "book": 1, "tag": {"emit": 1}}
    for cycle in range(-len(first), N_CYCLES + 2 * Pipeline.LATENCY):
        await Timer(1, "ns")  # the second half comes out in the cycle in which it goes in
        issue: Any = None
        if cycle < 0:
            issue = first[cycle]
        elif cycle < N_CYCLES:
            issue = traffic.draw(cycle)
        assert ports.get("second_due") == (cycle in traffic.halves), cycle
        if cycle in traffic.halves:
            issue = ports.get("second_half")
        dirt = dirt if issue is None else issue  # without valid it means nothing
        direct = cycle not in traffic.halves and issue is not None and issue["op"] in DIRECT
        await ports.drive(
            issue=dirt, update=dirt, slot=dirt, valid=issue is not None, direct=direct,
            enters=issue is not None and cycle not in traffic.halves and not direct,
            restart=cycle == -1, scan_any_book=cycle < 0, scan_book=traffic.scan_book,
        )  # fmt: skip
        if cycle >= 0:
            expected = traffic.results.get(cycle)
            assert result_of(ports) == expected, cycle
            assert not ports.get("void")
            if expected is not None:
                seen.update([ERROR.name_of(expected.error), f"deferred {any(expected.deferred)}"])
        await ports.tick()
    assert ports.get("orders") == traffic.expected.orders
    assert {"deferred True", "unknown_id", "book_invalid"} <= set(seen)
