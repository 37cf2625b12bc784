"""cocotb side of test_component_cosims: gateware.book.row_cache."""

import os
import random
from collections import Counter
from typing import Any, Final

import cocotb

from gateware.book.row_cache import RowCache
from sim.models.row_update import COMMANDS, Row
from tests.cosim.ports import Ports, Stalls
from tests.cosim.row_traffic import Step, Steps
from tests.gateware.bench import TINY

SEED = int(os.environ["SEED"])
N_CYCLES = 3000
LAST: Final = RowCache.LATENCY


def schedule(rng: random.Random) -> list[Step | None]:
    """Return a step or an idle cycle for each cycle; steps on one book are ``INTERVAL`` apart."""
    steps, stalls = Steps(rng), Stalls(rng)
    made: list[Step | None] = list(steps.opening())
    while len(made) < N_CYCLES:
        busy = {s.book for s in made[1 - RowCache.INTERVAL :] if s is not None}
        free = [book for book in range(TINY.books) if book not in busy]
        made.append(None if stalls() or not free else steps.draw(rng.choice(free)))
    return made


def command_of(rng: random.Random, step: Step | None, index: int) -> dict[str, Any]:
    """Return the inputs of the second cycle after the book; what does not matter is noise."""
    noise: dict[str, Any] = {
        "command": {}, "side": rng.randrange(2), "pk": rng.getrandbits(16),
        "delta": rng.getrandbits(9), "quantity": rng.getrandbits(8), "count": rng.getrandbits(8),
        "outside": rng.randrange(2), "base": rng.getrandbits(16), "moving": rng.randrange(2),
        "evicting": rng.randrange(2), "index": index,
    }  # fmt: skip
    if step is None:
        return noise
    c, move = step.command, step.move
    flags = {"append": ["insert", "append"], "none": []}.get(c.name, [c.name])
    flags += ["complete"] * step.complete
    inputs = noise | {
        "command": dict.fromkeys(flags, 1), "side": step.side, "pk": c.pk, "delta": c.delta,
        "quantity": c.quantity, "count": c.count, "outside": c.outside, "moving": move is not None,
    }  # fmt: skip
    if move is not None:
        inputs |= {"base": move.target, "evicting": move.evicting}
    return inputs


def expect_row(meta: dict[str, int], levels: Any, row: Row, case: object) -> None:
    """Compare a row; the bound of a row without more means nothing."""
    told = tuple((e.pk, e.quantity, e.count) for e in levels[: len(row.levels)])
    assert told == row.levels, case
    expect_meta(meta, row, case)


def expect_meta(meta: dict[str, int], row: Row, case: object) -> None:
    assert meta["valid"] == (1 << len(row.levels)) - 1, case
    assert not row.more or meta["bound"] == row.bound, case
    assert row.base is None or meta["base"] == row.base, case
    for name in ("more", "better", "outside"):
        assert meta[name] == getattr(row, name), (name, case)


def check_before(ports: Ports, step: Step, index: int) -> None:
    """Cycle 3: both rows as they were."""
    row, other = (step.before.rows[i] for i in (step.side, 1 - step.side))
    expect_row(ports.fields("meta"), ports.get("levels"), row, step)
    expect_meta(ports.fields("other_meta"), other, step)
    told, valid = ports.get("told"), ports.get("told_valid")
    for side, each in enumerate(step.before.rows):
        assert valid >> side & 1 == (index < len(each.levels)), step
        if index < len(each.levels):
            level = told[side]
            assert (level.pk, level.quantity, level.count) == each.levels[index], step


def check_after(ports: Ports, step: Step) -> None:
    """Cycle 4: what the command did."""
    told = step.told
    assert ports.get("invalid") == step.after.invalid, step
    assert ports.get("overflow") == told.overflow, step
    if told.overflow:  # the book is invalid, and nothing else is promised
        return
    assert ports.get("dropped") == told.dropped, step
    expect_meta(ports.fields("after"), step.after.rows[step.side], step)
    rows, best = step.after.rows, ports.get("best")
    assert ports.get("known") == sum(bool(r.levels) << i for i, r in enumerate(rows)), step
    deferred = sum((not r.levels and r.more) << i for i, r in enumerate(rows))
    assert ports.get("deferred") == deferred, step
    for row, level in zip(rows, best, strict=True):
        assert not row.levels or (level.pk, level.quantity, level.count) == row.levels[0], step


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_row_is_the_models(dut: Any) -> None:
    """Random commands on both books, with window moves, resets and levels that do not fit."""
    rng, ports, seen = random.Random(SEED), Ports(dut, "row_cache"), Counter[str]()
    steps = schedule(rng)
    opening = len(Steps(rng).opening())

    def at(cycle: int) -> Step | None:
        return steps[cycle] if 0 <= cycle < len(steps) else None

    await ports.start()
    index = 0
    for cycle in range(len(steps) + LAST):
        asked_index, index = index, rng.randrange(TINY.cached_levels)
        coming, _, asked, before, done = (at(cycle - n) for n in range(LAST + 1))
        book = rng.randrange(TINY.books) if coming is None else coming.book
        await ports.drive(book=book, valid=coming is not None, **command_of(rng, asked, index))
        if asked is not None and cycle > opening + 1:
            state = ports.get("state")
            assert bool(state.invalid) == asked.before.invalid, asked
            assert state.complete == asked.before.complete, asked
        if before is not None and cycle > opening + 2 and not before.spoilt:
            assert ports.get("inside") == before.inside, before
            check_before(ports, before, asked_index)
        if done is not None and cycle > opening + 3:
            seen.update([done.command.name, f"overflow {done.told.overflow}"])
            check_after(ports, done)
        await ports.tick()
    assert {*COMMANDS, "overflow True"} <= set(seen)
