# amaranth: UnusedElaboratable=no
"""Bounded proofs of gateware.book.engine."""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from gateware.book import (
    decision,
    engine,
    order_table,
    pipeline,
    row_cache,
    row_update,
)  # fmt: skip
from tests.formal.book_claim import READY, EventClaim, Script
from tests.formal.book_inside import ExactClaim
from tests.formal.ghost_book import KINDS
from tests.formal.prover import Refuted, mutated, prove
from tests.formal.reduced_book import REDUCED, reduce_sources
from tests.gateware.bench import run

#: Cycles from ``READY`` on: of any updates, of a refill from the window.
ANY_STEPS: Final = 11
NEAR_STEPS: Final = 101


def used_up(side: int, *ticks: str) -> Script:
    """Return a script: three levels of a side, of which two are cached; then two orders leave."""

    def update(kind: str, n: int, **others: str) -> dict[str, str]:
        return {"kind": f"{KINDS.index(kind):03b}", "id": f"{n:02b}", "side": str(side)} | others

    adds = {2 * n: update("add", n, tick=t, quantity="--") for n, t in enumerate(ticks)}
    return {**adds, 6: update("delete", 0), 8: update("delete", 1)}


#: Prices in the window, next to each other.
NEAR: Final = used_up(1, "00--", "00--", "00--")


@pytest.fixture(autouse=True)
def _reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    reduce_sources(monkeypatch)


def test_the_sweep_after_reset_ends_in_the_cycle_in_which_updates_begin() -> None:
    dut = engine.BookEngine(parameters=REDUCED)
    ready = []

    async def testbench(ctx: Any) -> None:
        for _ in range(READY + 1):
            ready.append(ctx.get(dut.ready))
            await ctx.tick()

    run(dut, testbench)
    assert ready == [0] * READY + [1]


@pytest.mark.parametrize("steps", [ANY_STEPS, pytest.param(ANY_STEPS + 1, marks=pytest.mark.slow)])
def test_every_event_is_that_of_the_ghost_whatever_the_updates(
    steps: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prove(ExactClaim(monkeypatch), steps=READY + steps, folder=tmp_path)


@pytest.mark.slow
def test_a_best_price_that_was_deferred_is_that_of_the_ghost(tmp_path: Path) -> None:
    prove(EventClaim(NEAR), steps=READY + NEAR_STEPS, folder=tmp_path)


#: The source, who imports what from it, the change, and the inputs that show it.
MUTANTS: Final[dict[str, tuple[ModuleType, ModuleType, str, str, str, Script | None, int]]] = {
    "updates of one book one cycle apart": (
        engine, engine, "BookEngine", "(last_book == book)", "(last_book != book)",
        None, ANY_STEPS,
    ),
    "the row of the update ahead is not forwarded": (
        row_cache, pipeline, "RowCache", "near = valid2 &", "near = ~valid2 &",
        None, ANY_STEPS,
    ),
    "an order that was left as it was is not forwarded": (
        order_table, pipeline, "OrderTable", "p3_same2 & ~write5", "p3_same2 & 0",
        None, ANY_STEPS,
    ),
    "what replaces an order rests on the side of the update": (
        pipeline, engine, "Pipeline", "Mux(insert3, side5, p[3].side)", "p[3].side",
        None, ANY_STEPS,
    ),
    "an order that was executed stays": (
        decision, pipeline, "Decide", "(k.takes & same)", "(k.takes & less)",
        None, ANY_STEPS,
    ),
    "a level that fell out of the cache is forgotten": (
        row_update, row_cache, "RowUpdate", "(meta.more | self.dropped) &", "meta.more &",
        NEAR, NEAR_STEPS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source, user, part, old, new, script, steps = MUTANTS[name]
    monkeypatch.setattr(user, part, getattr(mutated(source, old, new), part))
    with pytest.raises(Refuted):
        prove(EventClaim(script), steps=READY + steps, folder=tmp_path)
