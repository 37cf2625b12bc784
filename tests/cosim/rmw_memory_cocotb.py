"""cocotb side of test_component_cosims: gateware.common.rmw_memory."""

import os
import random
from typing import Any

import cocotb

from gateware.common.rmw_memory import RmwMemory
from sim.models.rmw_memory import RmwMemory as Model
from tests.cosim.bench import DEPTH
from tests.cosim.ports import Ports, Stalls

SEED = int(os.environ["SEED"])
N_CYCLES = 1500


def requests(rng: random.Random) -> list[tuple[int, int | None] | None]:
    """Return a request, ``(address, what to write)``, or None for each cycle.

    Each word is written once before it is read: what it holds at first is undefined.
    """
    schedule: list[tuple[int, int | None] | None] = [(i, rng.randrange(256)) for i in range(DEPTH)]
    writer = DEPTH - 1  # address that the request of the cycle before writes
    stalls = Stalls(rng)
    while len(schedule) < N_CYCLES:
        if stalls():
            schedule.append(None)
            writer = -1
            continue
        address = rng.choice([a for a in range(DEPTH) if a != writer])
        new = rng.randrange(256) if rng.random() < 0.7 else None
        writer = -1 if new is None else address
        schedule.append((address, new))
    return schedule


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_request_sees_all_writes_ahead_of_it(dut: Any) -> None:
    """Random requests, one a cycle but for idle cycles."""
    rng = random.Random(SEED)
    ports, model = Ports(dut, "rmw_memory"), Model(DEPTH)
    schedule = requests(rng)
    await ports.start()
    for cycle in range(len(schedule) + RmwMemory.LATENCY):
        coming = schedule[cycle] if cycle < len(schedule) else None
        answered = schedule[cycle - RmwMemory.LATENCY] if cycle >= RmwMemory.LATENCY else None
        new = None if answered is None else answered[1]
        await ports.drive(
            address=rng.randrange(DEPTH) if coming is None else coming[0],
            write=new is not None,
            new={"value": rng.randrange(256) if new is None else new},
        )
        if answered is not None:
            expected = model.access(*answered)
            if cycle >= DEPTH + RmwMemory.LATENCY:
                assert ports.get("old").value == expected, cycle
        await ports.tick()
