"""cocotb side of test_component_cosims: gateware.risk.open_orders."""

import os
import random
from typing import Any

import cocotb

from sim.models.open_orders import OpenOrders as Model
from tests.cosim.ports import Ports, Stalls
from tests.gateware.risk.bench import NARROW

SEED = int(os.environ["SEED"])
N_STEPS = 600


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def orders_are_where_the_model_has_them(dut: Any) -> None:
    """Random orders that come and leave, with pauses, and a visit in every cycle."""
    rng = random.Random(SEED)
    ports, stalls = Ports(dut, "open_orders"), Stalls(rng)
    model: Model[int] = Model(NARROW.order_slots, NARROW.id_bits)
    await ports.start()
    visited: tuple[int, Any, bool] | None = None

    async def cycle(
        slot: int | None = None, new: tuple[int, int] | None = None, **look: int
    ) -> Any:
        """Run one cycle: write a slot, look something up, visit some slot; say what was found."""
        nonlocal visited
        at = rng.randrange(NARROW.order_slots)
        order_id, tick = new or (0, 0)
        await ports.drive(
            look={"id": rng.randrange(256), "direct": 0, "slot": 0, **look},
            write={
                "enable": slot is not None, "slot": slot or 0, "valid": new is not None,
                "id": order_id, "order": {"tick": tick},
            },
            visit_slot=at,
        )  # fmt: skip
        if visited is not None:
            _, held, torn = visited
            found = ports.get("visited")
            assert found.torn == torn
            if not torn:
                assert found.valid == (held is not None)
                assert held is None or (found.id, found.order.tick) == held
        visited = (at, model.slots[at], at == slot)
        if slot is not None and new is not None:
            model.write(slot, *new)
        elif slot is not None:
            model.empty(slot)
        told = ports.get("found"), ports.get("order")
        await ports.tick()
        return told

    while True:
        await ports.drive()
        ready = ports.get("ready")
        await ports.tick()
        if ready:
            break
    for _ in range(N_STEPS):
        while stalls():
            await cycle()
        order_id = rng.randrange(40)
        await cycle(id=order_id)
        await cycle()
        found, order = await cycle()
        slot, room = model.find(order_id), model.room(order_id)
        assert found.hit == (slot is not None)
        if slot is not None:
            assert (found.slot, (order_id, order.tick)) == (slot, model.slots[slot])
            await cycle(slot, None if rng.random() < 0.6 else (order_id, rng.randrange(1024)))
        else:
            assert found.room == (room is not None)
            if room is not None:
                assert found.slot == room
                await cycle(room, (order_id, rng.randrange(1024)))
