# amaranth: UnusedElaboratable=no
"""Tests of gateware.common.fabric: the same function, whatever it is made of."""

import random
from typing import Any

from amaranth import Module, Signal
from amaranth.lib import data

from gateware.common.fabric import Fabric
from gateware.common.rmw_memory import RmwMemory
from tests.gateware.bench import run

SHAPE = data.StructLayout({"quantity": 5, "count": 3})


def test_a_memory_of_columns_is_the_same_memory() -> None:
    m = Module()
    memories = [RmwMemory(shape=SHAPE, depth=8) for _ in range(2)]
    address, write, new = Signal(3), Signal(), Signal(SHAPE)
    for memory, fabric in zip(memories, (None, Fabric(columns_above=4)), strict=True):
        m.submodules += memory.elaborate(fabric)
        m.d.comb += [memory.address.eq(address), memory.write.eq(write), memory.new.eq(new)]
    generator = random.Random(3)
    seen = set()

    async def testbench(ctx: Any) -> None:
        asked = [0, 0, 0]
        for _ in range(600):
            asked = [generator.randrange(8), *asked[:2]]
            ctx.set(address, asked[0])
            ctx.set(write, generator.random() < 0.5 and asked[1] != asked[2])
            ctx.set(new, {"quantity": generator.randrange(32), "count": generator.randrange(8)})
            old = [ctx.get(memory.old.as_value()) for memory in memories]
            assert old[0] == old[1]
            seen.add(old[0])
            await ctx.tick()

    run(m, testbench)
    assert len(seen) > 100
