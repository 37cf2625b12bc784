"""Unit tests of gateware.book.row_update in Amaranth's own simulator.

That a row stays exact whatever the command is proven in ``tests/formal``; here it is compared with
the model, the numbers that the proof leaves out included.
"""

import random
from typing import Any, Final

import pytest

from gateware.book.row_update import RowUpdate
from sim.models.row_update import Command, Row, row_update
from tests.gateware.bench import TINY, run, values
from tests.gateware.book.row_draws import command_on, inputs_of, meta_of, row_of

LEVEL: Final = ("pk", "quantity", "count")
Told = tuple[tuple[tuple[int, ...], ...], dict[str, int], bool, bool]


def perform(steps: list[tuple[Row, Command]], generator: random.Random) -> list[Told]:
    """Return levels, the rest of the row, overflow and dropped, each within the same cycle."""
    dut = RowUpdate(parameters=TINY)
    told: list[Told] = []

    async def testbench(ctx: Any) -> None:
        for row, command in steps:
            for name, value in inputs_of(generator, row, command).items():
                if name == "levels":
                    for port, level in zip(dut.levels, value, strict=True):
                        ctx.set(port, level)
                else:
                    ctx.set(getattr(dut, name), value)
            meta = ctx.get(dut.new_meta)
            levels = [ctx.get(level) for level in dut.new_levels]
            count = meta.valid.bit_length()
            told.append(
                (
                    tuple(values(level, *LEVEL) for level in levels[:count]),
                    {name: int(getattr(meta, name)) for name, _ in meta.shape()},
                    bool(ctx.get(dut.overflow)),
                    bool(ctx.get(dut.dropped)),
                )
            )

    run(dut, testbench)
    return told


@pytest.mark.parametrize("seed", range(3))
def test_every_command_leaves_the_row_of_the_model_within_the_cycle(seed: int) -> None:
    generator = random.Random(seed)
    rows = [row_of(generator) for _ in range(500)]
    steps = [(row, command_on(generator, row)) for row in rows]
    for (row, command), told in zip(steps, perform(steps, generator), strict=True):
        levels, meta, overflow, dropped = told
        expected = row_update(row, command, TINY)
        assert (overflow, dropped) == (expected.overflow, expected.dropped), (row, command)
        if not overflow:  # else the book is invalid, and nothing else is promised
            unsaid = ["bound"] * (not expected.row.more) + ["base"] * (expected.row.base is None)
            wanted = meta_of(expected.row) | {name: meta[name] for name in unsaid}
            assert (levels, meta) == (expected.row.levels, wanted), (row, command)


def test_a_full_row_drops_its_worst_level_for_a_better_one() -> None:
    row = Row(levels=((4, 1, 1), (6, 1, 1), (8, 1, 1)))
    better = Command(name="insert", pk=5, delta=7, quantity=7)
    ((levels, meta, _, dropped),) = perform([(row, better)], random.Random(1))
    assert levels == ((4, 1, 1), (5, 7, 1), (6, 1, 1))
    assert (dropped, meta["more"], meta["bound"]) == (True, 1, 6)
