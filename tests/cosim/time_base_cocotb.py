"""cocotb side of test_component_cosims: gateware.risk.time_base."""

import os
import random
from typing import Any

import cocotb

from tests.cosim.ports import Ports, Stalls
from tests.gateware.risk.bench import NARROW

SEED = int(os.environ["SEED"])
N_CYCLES = 1500
TOP = (1 << NARROW.time_bits) - 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_time_is_what_was_seen_or_counted(dut: Any) -> None:
    """Let times jump about, and the clock count in between."""
    rng = random.Random(SEED)
    ports, stalls = Ports(dut, "time_base"), Stalls(rng)
    await ports.start()
    now, fraction, step = 0, 0, 0
    for cycle in range(N_CYCLES):
        if cycle % 50 == 0:
            step = rng.choice([0, 0, rng.randrange(1 << 20), rng.getrandbits(32)])
        seen = [not stalls(), not stalls()]
        times = [max(0, now + rng.randint(-99, 99)) for _ in seen]
        if rng.random() < 0.002:
            times[0] = 1 << 40
        clear = rng.random() < 0.01
        await ports.drive(
            step=step, seen0=seen[0], time0=times[0], seen1=seen[1], time1=times[1], clear=clear
        )
        assert ports.get("now") == now, cycle
        counted = (now << 16 | fraction) + step
        if clear:
            now, fraction = 0, 0
        elif step == 0:
            latest = max([t for s, t in zip(seen, times, strict=True) if s], default=0)
            now = min(max(now, latest), TOP)
        elif counted >> 16 <= TOP:
            now, fraction = counted >> 16, counted & 0xFFFF
        await ports.tick()
