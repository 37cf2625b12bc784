"""cocotb side of test_component_cosims: gateware.common.multiplier."""

import os
import random
from typing import Any

import cocotb

from gateware.common.multiplier import Multiplier
from tests.cosim.bench import FACTORS
from tests.cosim.ports import Ports

SEED = int(os.environ["SEED"])
N_CYCLES = 1000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_product_is_right(dut: Any) -> None:
    """Random factors, many of them at their ends, one pair a cycle."""
    rng = random.Random(SEED)
    ports = Ports(dut, "multiplier")
    await ports.start()
    products: list[int] = []
    for _ in range(N_CYCLES):
        a, b = (rng.choice([0, 1, (1 << w) - 1, rng.getrandbits(w)]) for w in FACTORS)
        await ports.drive(a=a, b=b)
        if len(products) >= Multiplier.LATENCY:
            assert ports.get("product") == products[-Multiplier.LATENCY]
        products.append(a * b)
        await ports.tick()
