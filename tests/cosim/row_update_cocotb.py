"""cocotb side of test_component_cosims: gateware.book.row_update."""

import os
import random
from collections import Counter
from typing import Any

import cocotb

from sim.models.row_update import COMMANDS, row_update
from tests.cosim.ports import Ports
from tests.gateware.bench import TINY
from tests.gateware.book.row_draws import command_on, inputs_of, meta_of, row_of

SEED = int(os.environ["SEED"])
N_COMMANDS = 3000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_command_leaves_the_row_of_the_model(dut: Any) -> None:
    """Another row and another command in every cycle."""
    rng, ports, seen = random.Random(SEED), Ports(dut, "row_update"), Counter[str]()
    await ports.start()
    for _ in range(N_COMMANDS):
        row = row_of(rng)
        command = command_on(rng, row)
        await ports.drive(**inputs_of(rng, row, command))
        model, case = row_update(row, command, TINY), (row, command)
        assert ports.get("overflow") == model.overflow, case
        assert ports.get("dropped") == model.dropped, case
        seen.update([command.name, f"overflow {model.overflow}", f"dropped {model.dropped}"])
        if not model.overflow:  # else the book is invalid, and nothing else is promised
            meta, levels = ports.fields("new_meta"), ports.get("new_levels")
            told = tuple((e.pk, e.quantity, e.count) for e in levels[: len(model.row.levels)])
            assert told == model.row.levels, case
            expected = meta_of(model.row)
            if not model.row.more:
                expected["bound"] = meta["bound"]  # it means nothing
            if model.row.base is None:
                expected["base"] = meta["base"]
            assert meta == expected, case
        await ports.tick()
    assert {*COMMANDS, "overflow True", "dropped True"} <= set(seen)
