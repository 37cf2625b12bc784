"""cocotb side of test_component_cosims: gateware.risk.limit_tables."""

import os
import random
from typing import Any

import cocotb

from gateware.risk.limit_tables import LimitTables
from sim.models.limit_tables import LimitTables as Model
from tests.cosim.ports import Ports
from tests.gateware.risk.bench import NARROW
from tests.gateware.risk.limit_traffic import SOME_LIMITS, LimitTraffic

SEED = int(os.environ["SEED"])
N_CYCLES = 6000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_output_is_as_the_model_says_in_every_cycle(dut: Any) -> None:
    """Random writes, reads, commits and forgets, from the first cycle after a reset on."""
    ports = Ports(dut, "limit_tables")
    made, model = LimitTables(parameters=NARROW, limits=SOME_LIMITS), Model(NARROW, SOME_LIMITS)
    traffic = LimitTraffic(made, NARROW, model, random.Random(SEED))
    await ports.start()
    for cycle in range(N_CYCLES):
        await ports.drive(**traffic.cycle())
        traffic.check(ports.get, cycle)
        await ports.tick()
    assert traffic.everything_happened, traffic.seen
