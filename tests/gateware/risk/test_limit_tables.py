# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.risk.limit_tables in Amaranth's own simulator."""

import random
from dataclasses import replace
from typing import Any

import pytest
from amaranth import ResetInserter, Shape, Signal, Value

from gateware.risk.limit_tables import LimitTables, row_layout
from hw.registers import LIMITS
from hw.risk_parameters import RiskParameters
from sim.models.limit_tables import LimitTables as Model
from tests.gateware.bench import run
from tests.gateware.risk.bench import NARROW
from tests.gateware.risk.limit_traffic import SOME_LIMITS, LimitTraffic

RATIO, SIZE = SOME_LIMITS["venue"]["ratio"].address, SOME_LIMITS["strategy"]["size"].address
LENGTH = SOME_LIMITS["windows"]["length"].address


def small() -> Any:
    return LimitTables(parameters=NARROW, limits=SOME_LIMITS)


async def pulse(ctx: Any, *ports: Value) -> None:
    """Hold strobes for one cycle."""
    for port in ports:
        ctx.set(port, 1)
    await ctx.tick()
    for port in ports:
        ctx.set(port, 0)


async def write(ctx: Any, dut: LimitTables, address: int, word: int) -> None:
    ctx.set(dut.address, address)
    ctx.set(dut.w_data, word)
    await pulse(ctx, dut.w_stb)


async def commit(ctx: Any, dut: LimitTables) -> None:
    """Commit as soon as can be behind a write."""
    await ctx.tick()
    await pulse(ctx, dut.commit)


async def read(ctx: Any, dut: LimitTables, address: int) -> int:
    """Read one word; the answer is there after exactly ``LATENCY``."""
    ctx.set(dut.address, address)
    await ctx.tick().repeat(LimitTables.LATENCY)
    ctx.set(dut.address, 0xFFFC)
    return int(ctx.get(dut.r_data))


async def until_ready(ctx: Any, dut: LimitTables) -> int:
    """Return in how many cycles the tables are ready."""
    cycles = 0
    while not ctx.get(dut.ready):
        await ctx.tick()
        cycles += 1
    return cycles


@pytest.mark.parametrize("table", LIMITS)
def test_a_row_has_a_member_for_each_limit_as_wide_as_the_build_holds(table: str) -> None:
    layout = row_layout(table, NARROW)
    fields = Model(NARROW).bits[table]
    assert {name: Shape.cast(shape).width for name, shape in layout.members.items()} == fields


@pytest.mark.parametrize("limits", [LIMITS, SOME_LIMITS], ids=["all", "some"])
def test_ready_falls_for_exactly_the_cycles_that_are_said(limits: Any) -> None:
    dut = LimitTables(parameters=NARROW, limits=limits)
    seen = []

    async def testbench(ctx: Any) -> None:
        seen.append(await until_ready(ctx, dut))
        for order in (dut.commit, dut.forget):
            await pulse(ctx, order)
            seen.append(await until_ready(ctx, dut))

    run(dut, testbench)
    assert seen == [dut.clear_cycles, dut.copy_cycles, dut.copy_cycles]


def test_the_largest_build_copies_in_less_than_twenty_microseconds() -> None:
    largest = RiskParameters(
        books=256, instruments=32, venues=8, strategies=16, accounts=8, tick_bits=48,
        position_bits=48, lot_value_bits=32,
    )  # fmt: skip
    dut = LimitTables(parameters=largest)
    assert dut.copy_cycles < 20_000 / 6.4


def test_a_commit_holds_for_every_select_from_the_next_cycle_on() -> None:
    dut = small()
    seen = []

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.venue_select, 1)
        ctx.set(dut.strategy_select, 3)
        await until_ready(ctx, dut)
        await write(ctx, dut, RATIO + 16, 5)
        await write(ctx, dut, SIZE + 3 * 4, 0xFFFF_FFFF)
        await write(ctx, dut, LENGTH + 2 * 4, 31)
        await ctx.tick()
        # The commit is in cycle 0 of what follows: two cycles after the last write.
        for cycle in range(4):
            ctx.set(dut.commit, cycle == 0)
            assert ctx.get(dut.limits_changed) == (cycle == 0)
            seen.append(
                (ctx.get(dut.venue.ratio), ctx.get(dut.strategy.size), ctx.get(dut.windows.length2))
            )
            await ctx.tick()

    run(dut, testbench)
    # What was sampled in cycle 0 is there in cycle 1, and is old; that of cycle 1 is new.
    assert dut.LATENCY == 1
    assert seen == [(0, 0, 0)] * 2 + [(5, 0xFFFF_FFFF, 31)] * 2


def test_a_commit_right_behind_a_write_is_refused_but_not_behind_one_to_elsewhere() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        await write(ctx, dut, SIZE, 7)
        await pulse(ctx, dut.commit)
        assert (ctx.get(dut.ready), ctx.get(dut.commits)) == (1, 0)
        await write(ctx, dut, 0x3F0, 1)  # as the register of the command itself
        await pulse(ctx, dut.commit)
        assert (ctx.get(dut.ready), ctx.get(dut.commits), ctx.get(dut.refused)) == (0, 1, 1)
        await ctx.tick()
        assert ctx.get(dut.strategy.size) == 7

    run(dut, testbench)


def test_a_row_is_there_exactly_after_the_latency() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        for row in range(4):
            await write(ctx, dut, SIZE + 4 * row, 100 + row)
        await commit(ctx, dut)
        await ctx.tick().repeat(2)
        for row in (3, 1, 2, 0, 3):
            before = ctx.get(dut.strategy.size)
            ctx.set(dut.strategy_select, row)
            assert ctx.get(dut.strategy.size) == before
            await ctx.tick().repeat(dut.LATENCY)
            assert ctx.get(dut.strategy.size) == 100 + row

    run(dut, testbench)


def test_the_staging_copy_has_the_active_rows_again_after_a_commit_and_after_a_forget() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        await write(ctx, dut, SIZE, 1)
        await commit(ctx, dut)
        assert await until_ready(ctx, dut)
        assert await read(ctx, dut, SIZE) == 1
        await write(ctx, dut, SIZE, 2)
        await write(ctx, dut, RATIO, 1 << 3)  # too wide
        await ctx.tick()
        assert (ctx.get(dut.fault), await read(ctx, dut, SIZE)) == (1, 2)
        await pulse(ctx, dut.commit)
        assert (ctx.get(dut.ready), ctx.get(dut.commits)) == (1, 1)
        await pulse(ctx, dut.forget)
        assert await until_ready(ctx, dut)
        assert (ctx.get(dut.fault), ctx.get(dut.refused)) == (0, 2)
        assert (await read(ctx, dut, SIZE), ctx.get(dut.strategy.size)) == (1, 1)

    run(dut, testbench)


def test_a_write_that_comes_while_a_forget_copies_is_a_fault() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        await pulse(ctx, dut.forget)
        await write(ctx, dut, SIZE, 7)
        await until_ready(ctx, dut)
        assert (ctx.get(dut.fault), await read(ctx, dut, SIZE)) == (1, 0)
        await pulse(ctx, dut.commit)
        assert ctx.get(dut.commits) == 0

    run(dut, testbench)


def test_rows_are_zero_from_the_first_cycle_after_a_reset() -> None:
    # A write is under way, and the commit before it has just begun to copy.
    async def testbench(ctx: Any) -> None:
        ctx.set(dut.venue_select, 1)
        await until_ready(ctx, dut)
        for address in (RATIO + 16, SIZE, LENGTH):
            await write(ctx, dut, address, 7)
        await commit(ctx, dut)
        await write(ctx, dut, SIZE + 4, 9)
        assert (ctx.get(dut.venue.ratio), ctx.get(dut.windows.length0)) == (7, 7)
        await pulse(ctx, reset)
        for cycle in range(dut.clear_cycles + dut.copy_cycles):
            values = (ctx.get(dut.venue.ratio), ctx.get(dut.strategy.size))
            assert (*values, ctx.get(dut.windows.length0)) == (0, 0, 0), cycle
            assert ctx.get(dut.ready) == (cycle == dut.clear_cycles)
            ctx.set(dut.commit, cycle == dut.clear_cycles)
            ctx.set(dut.strategy_select, cycle % 4)
            ctx.set(dut.venue_select, cycle % 2)
            await ctx.tick()
        assert await read(ctx, dut, SIZE) == 0

    dut, reset = small(), Signal()
    run(ResetInserter(reset)(dut), testbench)


@pytest.mark.parametrize("seed", range(4))
def test_random_use_is_as_the_model_says_in_every_cycle(seed: int) -> None:
    dut, model = small(), Model(NARROW, SOME_LIMITS)
    traffic = LimitTraffic(dut, NARROW, model, random.Random(seed))

    async def testbench(ctx: Any) -> None:
        for cycle in range(3000):
            for name, value in traffic.cycle().items():
                ctx.set(getattr(dut, name), value)
            traffic.check(lambda name: ctx.get(getattr(dut, name)), cycle)
            await ctx.tick()

    run(dut, testbench)
    assert traffic.everything_happened, traffic.seen


def test_every_word_of_every_limit_reaches_its_field_and_no_other() -> None:
    dut: Any = LimitTables(parameters=NARROW)
    model = Model(NARROW)
    generator = random.Random(3)

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        model.settle()
        for address in generator.sample(sorted(model.places), k=len(model.places)):
            table, row, name, part = model.places[address]
            word = generator.getrandbits(min(max(model.bits[table][name] - 32 * part, 0), 32))
            if row < len(model.active[table]):
                await write(ctx, dut, address, word)
                model.write(address, word)
        await commit(ctx, dut)
        assert model.order(commit=True, forget=False)
        for table, rows in model.active.items():
            for port in (table, "mark") if table == "instrument" else (table,):
                for index, fields in enumerate(rows):
                    if len(rows) > 1:
                        ctx.set(getattr(dut, f"{port}_select"), index)
                    await ctx.tick().repeat(dut.LATENCY)
                    told = ctx.get(getattr(dut, port))
                    assert {name: getattr(told, name) for name in fields} == fields, (port, index)
        assert (ctx.get(dut.fault), ctx.get(dut.refused)) == (0, 0)

    run(dut, testbench)


def test_the_count_of_refusals_stops_at_its_largest_value() -> None:
    dut = small()
    seen = []

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        ctx.set(dut.refused, (1 << 32) - 4)
        # Two refusals a cycle: a write that is too wide, and with it a commit.
        ctx.set(dut.address, RATIO)
        ctx.set(dut.w_data, 8)
        ctx.set(dut.w_stb, 1)
        ctx.set(dut.commit, 1)
        await ctx.tick().repeat(2)
        for _ in range(5):
            seen.append(ctx.get(dut.refused))
            await ctx.tick()

    run(dut, testbench)
    assert seen[-2:] == [(1 << 32) - 1] * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"count": 3},
            "must be powers of two and the table aligned to both, not 3 and 16 at 0x100",
        ),
        ({"stride": 24}, "must be powers of two .* not 4 and 24 at 0x100"),
        ({"address": 0x110}, "must be powers of two .* not 4 and 16 at 0x110"),
        ({"count": 1}, "count must be at least 2, not 1"),
    ],
)
def test_rows_are_told_apart_by_bits_of_the_address(change: dict[str, Any], said: str) -> None:
    limits = {"venue": {"ratio": replace(SOME_LIMITS["venue"]["ratio"], **change)}}
    with pytest.raises(ValueError, match=f"limit ratio: .*{said}"):
        LimitTables(parameters=NARROW, limits=limits)
