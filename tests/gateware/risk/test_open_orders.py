# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.open_orders."""

import random
from typing import Any

from gateware.risk.layouts import RiskShapes
from gateware.risk.open_orders import OpenOrders
from hw.order_slots import ORDER_WAYS
from sim.models.open_orders import OpenOrders as Model
from tests.gateware.bench import run
from tests.gateware.risk.bench import NARROW

SHAPES = RiskShapes(NARROW)


async def until_ready(ctx: Any, dut: OpenOrders) -> int:
    cycles = 0
    while not ctx.get(dut.ready):
        await ctx.tick()
        cycles += 1
    return cycles


async def look(ctx: Any, dut: OpenOrders, order_id: int = 0, slot: int | None = None) -> Any:
    ctx.set(dut.look, {"id": order_id, "direct": slot is not None, "slot": slot or 0})
    await ctx.tick()
    ctx.set(dut.look, {"id": ~order_id & 255, "direct": 0, "slot": 0})  # only cycle 0 counts
    await ctx.tick()
    found, order = ctx.get(dut.found), ctx.get(dut.order)
    return found, order


async def write(ctx: Any, dut: OpenOrders, slot: int, order_id: int, tick: int | None) -> None:
    order = SHAPES.order.const({"tick": tick or 0})
    ctx.set(
        dut.write,
        {"enable": 1, "slot": slot, "valid": tick is not None, "id": order_id, "order": order},
    )
    await ctx.tick()
    ctx.set(dut.write.enable, 0)


def test_random_orders_are_where_the_model_has_them() -> None:
    dut, rng = OpenOrders(parameters=NARROW), random.Random(1)
    model: Model[int] = Model(NARROW.order_slots, NARROW.id_bits)
    seen = {"hit": 0, "new": 0, "full": 0, "visit": 0}

    async def testbench(ctx: Any) -> None:
        assert await until_ready(ctx, dut) == NARROW.order_slots // ORDER_WAYS
        for _ in range(1500):
            order_id = rng.randrange(40)
            found, order = await look(ctx, dut, order_id)
            slot = model.find(order_id)
            assert found.hit == (slot is not None)
            if slot is not None:
                held = model.slots[slot]
                assert held is not None
                assert (found.slot, order.tick, found.id) == (slot, held[1], order_id)
                seen["hit"] += 1
                if rng.random() < 0.5:
                    await write(ctx, dut, slot, order_id, None)
                    model.empty(slot)
            elif (place := model.room(order_id)) is None:
                assert not found.room
                seen["full"] += 1
            else:
                assert found.room
                assert found.slot == place
                tick = rng.randrange(1 << NARROW.tick_bits)
                await write(ctx, dut, place, order_id, tick)
                model.write(place, order_id, tick)
                seen["new"] += 1
            at = rng.randrange(NARROW.order_slots)
            ctx.set(dut.visit_slot, at)
            await ctx.tick()
            visited = ctx.get(dut.visited)
            held = model.slots[at]
            assert not visited.torn
            assert visited.valid == (held is not None)
            if held is not None:
                assert (visited.id, visited.order.tick) == held
                direct, there = await look(ctx, dut, slot=at)
                assert (direct.hit, direct.slot, direct.id, there.tick) == (1, at, *held)
                seen["visit"] += 1

    run(dut, testbench)
    assert min(seen.values()) > 50, seen


def test_an_empty_slot_asked_for_directly_is_no_hit() -> None:
    dut = OpenOrders(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        await write(ctx, dut, 5, 3, 9)
        assert not (await look(ctx, dut, 3, slot=6))[0].hit
        assert (await look(ctx, dut, 4, slot=5))[0].hit

    run(dut, testbench)


def test_a_visit_of_a_slot_that_is_written_is_torn() -> None:
    dut = OpenOrders(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        for visited, torn in ((5, 1), (4, 0)):
            ctx.set(dut.visit_slot, visited)
            await write(ctx, dut, 5, 3, 9)
            assert ctx.get(dut.visited).torn == torn

    run(dut, testbench)


def test_clear_empties_every_slot() -> None:
    dut = OpenOrders(parameters=NARROW)

    async def testbench(ctx: Any) -> None:
        await until_ready(ctx, dut)
        for slot in range(NARROW.order_slots):
            await write(ctx, dut, slot, slot, 1)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        ctx.set(dut.clear, 0)
        await until_ready(ctx, dut)
        for slot in range(NARROW.order_slots):
            assert not (await look(ctx, dut, slot=slot))[0].hit

    run(dut, testbench)
