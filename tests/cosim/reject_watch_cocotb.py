"""cocotb side of test_component_cosims: gateware.risk.reject_watch."""

import os
import random
from typing import Any

import cocotb

from gateware.risk.reject_watch import RejectWatch
from sim.models.reject_watch import RejectWatch as Model
from tests.cosim.ports import Ports, Stalls

SEED = int(os.environ["SEED"])
N_CYCLES = 8000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def it_trips_when_the_model_does(dut: Any) -> None:
    """Outcomes, good in some stretches and bad in others, under changing limits."""
    rng, ports, model = random.Random(SEED), Ports(dut, "reject_watch"), Model()
    stalls = Stalls(rng)
    await ports.start()
    limit, window, bad, clearing = 3, 5, 0.3, 0.03
    due = [False] * RejectWatch.LATENCY  # what is to be said in the cycles that come
    trips = 0
    for cycle in range(N_CYCLES):
        if rng.random() < 0.02:
            limit, window = rng.randrange(128), rng.randrange(128)
            limit = min(limit, rng.randrange(128))
            bad, clearing = rng.choice([0.1, 0.4, 0.8]), rng.choice([0.001, 0.02, 0.1])
        outcome, rejected = not stalls(), rng.random() < bad
        clear = rng.random() < clearing
        await ports.drive(
            outcome=outcome, rejected=rejected, limit=limit, window=window, clear=clear
        )
        assert ports.get("trip") == due[0], cycle
        trips += due[0]
        if clear:
            model.clear()
            due[1:] = [False] * (RejectWatch.LATENCY - 1)
        if outcome:
            model.add(rejected=rejected)
        model.judge(limit=limit, window=window)
        due = [*due[1:], model.trip]
        await ports.tick()
    assert N_CYCLES // 10 < trips < 9 * N_CYCLES // 10
