"""cocotb side of test_component_cosims: gateware.risk.deadman."""

import os
import random
from typing import Any, Final

import cocotb

from sim.models.deadman import Deadman as Model
from tests.cosim.bench import DEADMAN
from tests.cosim.ports import Ports

SEED = int(os.environ["SEED"])
N_CYCLES = 6000
_LARGEST: Final = (1 << DEADMAN["timeout_bits"]) - 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def it_expires_as_the_model_says(dut: Any) -> None:
    """Refresh now and then, and change the timeout meanwhile."""
    rng, ports = random.Random(SEED), Ports(dut, "deadman")
    model = Model(unit=1 << DEADMAN["unit_bits"])
    await ports.start()
    timeout, expired = 3, 0
    for cycle in range(N_CYCLES):
        if rng.random() < 0.02:
            timeout = rng.choice([0, 1, 2, 3, 9, _LARGEST])
        refresh = rng.random() < 0.05
        await ports.drive(timeout=timeout, refresh=refresh)
        assert ports.get("expired") == model.expired, cycle
        expired += model.expired
        model.step(timeout, refresh=refresh)
        await ports.tick()
    assert N_CYCLES // 10 < expired < 9 * N_CYCLES // 10
