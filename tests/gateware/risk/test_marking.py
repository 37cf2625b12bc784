# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.marking."""

import random
from typing import Any

from gateware.risk.layouts import RiskShapes
from gateware.risk.marking import Marking
from tests.gateware.bench import run
from tests.gateware.risk.bench import NARROW

SHAPES = RiskShapes(NARROW)
COUNT = NARROW.instruments


class World:
    """What the gate would show of each instrument."""

    def __init__(self, rng: random.Random) -> None:
        top = (1 << NARROW.position_bits - 1) - 1
        self.rows = [
            {
                "position": rng.choice([0, top, -top, rng.randint(-top, top)]),
                "open_buy": rng.randrange(1 << SHAPES.open_quantity.width),
                "open_sell": rng.randrange(1 << SHAPES.open_quantity.width),
                "cash": rng.randint(-(10**6), 10**6),
            }
            for _ in range(COUNT)
        ]
        self.values = [rng.randrange(1 << NARROW.lot_value_bits) for _ in range(COUNT)]
        self.mids = [rng.choice([None, rng.randrange(2 << NARROW.tick_bits)]) for _ in range(COUNT)]
        self.losses = [rng.choice([0, rng.randrange(10**6), (1 << 64) - 1]) for _ in range(COUNT)]

    def totals(self) -> tuple[int, int, int]:
        """Return gross, long and short."""
        rows = list(zip(self.rows, self.values, strict=True))
        long = sum((r["position"] + r["open_buy"]) * v for r, v in rows)
        short = sum((r["open_sell"] - r["position"]) * v for r, v in rows)
        gross = sum((abs(r["position"]) + r["open_buy"] + r["open_sell"]) * v for r, v in rows)
        return gross, long, short

    def over(self, i: int) -> bool | None:
        """Return whether an instrument's loss exceeds its limit, None if that cannot be told."""
        row, mid = self.rows[i], self.mids[i]
        if mid is None and row["position"]:
            return None
        return 2 * row["cash"] + row["position"] * (mid or 0) < -2 * self.losses[i]


async def cycle(ctx: Any, dut: Marking, world: World, torn: bool = False) -> None:
    """Answer what was looked at, one cycle later; a torn row is noise."""
    at = ctx.get(dut.instrument)
    await ctx.tick()
    row = world.rows[at]
    if torn:
        row = {name: 1 - value for name, value in row.items()} | {"open_buy": 0, "open_sell": 1}
    mid = world.mids[at]
    ctx.set(dut.exposure, row)
    ctx.set(dut.torn, torn)
    ctx.set(dut.mark, {"double_mid": mid or 0, "mid_known": mid is not None})
    ctx.set(dut.max_loss, world.losses[at])
    ctx.set(dut.lot_value, world.values[at])


def test_totals_are_the_sums_over_all_instruments() -> None:
    dut, rng = Marking(parameters=NARROW), random.Random(4)

    async def testbench(ctx: Any) -> None:
        for trial in range(40):
            world = World(rng)
            ctx.set(dut.total, 1)
            await cycle(ctx, dut, world)
            ctx.set(dut.total, 0)
            cycles = 1
            while not ctx.get(dut.totals_done):
                await cycle(ctx, dut, world, torn=trial > 20 and rng.random() < 0.3)
                cycles += 1
            sums = ctx.get(dut.totals)
            assert (sums.gross, sums.long, sums.short) == world.totals()
            if trial <= 20:
                assert cycles <= (COUNT + 2) * dut.TOTAL_CYCLES

    run(dut, testbench)


def test_a_round_marks_every_instrument_whose_price_is_known() -> None:
    dut, rng = Marking(parameters=NARROW), random.Random(5)
    seen = set()

    async def testbench(ctx: Any) -> None:
        assert ctx.get(dut.unmarked) == (1 << COUNT) - 1
        before = [False] * COUNT
        for _ in range(150):
            world = World(rng)
            for _ in range(2 * COUNT * dut.TOTAL_CYCLES):
                await cycle(ctx, dut, world, torn=rng.random() < 0.2)
            for _ in range(2 * COUNT * dut.TOTAL_CYCLES):
                await cycle(ctx, dut, world)
            for i in range(COUNT):
                told = world.over(i)
                over = bool(ctx.get(dut.over) >> i & 1)
                assert over == (before[i] if told is None else told)
                before[i] = over
                seen.add((told, over))

    run(dut, testbench)
    assert seen >= {(None, True), (None, False), (True, True), (False, False)}


def test_what_was_never_marked_says_so_until_it_is() -> None:
    dut, rng = Marking(parameters=NARROW), random.Random(6)

    async def testbench(ctx: Any) -> None:
        world = World(rng)
        world.rows[2]["position"], world.mids[2] = 5, None
        world.rows[1]["position"], world.mids[1] = 0, None
        for i in (0, 3):
            world.mids[i] = 10
        for _ in range(3 * COUNT * dut.TOTAL_CYCLES):
            await cycle(ctx, dut, world)
        assert ctx.get(dut.unmarked) == 1 << 2
        ctx.set(dut.clear, 1)
        await cycle(ctx, dut, world)
        ctx.set(dut.clear, 0)
        assert ctx.get(dut.unmarked) == (1 << COUNT) - 1

    run(dut, testbench)
