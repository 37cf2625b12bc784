"""cocotb side of test_component_cosims: gateware.risk.kill_switch."""

import os
import random
from collections import Counter
from typing import Any

import cocotb

from sim.models.kill_switch import KillSwitch as Model
from sim.models.kill_switch import Words
from tests.cosim.ports import Ports, Stalls
from tests.gateware.risk.kill_words import expected, inputs_of, words_of

SEED = int(os.environ["SEED"])
N_CYCLES = 4000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_latch_is_the_models(dut: Any) -> None:
    """Kills, armings and causes that last, in any order, with quiet stretches."""
    rng, ports, model, seen = (
        random.Random(SEED),
        Ports(dut, "kill_switch"),
        Model(),
        Counter[str](),
    )
    stalls = Stalls(rng)
    await ports.start()
    for cycle in range(N_CYCLES):
        words = Words() if stalls() else words_of(rng)
        await ports.drive(**inputs_of(words))
        for name, value in expected(model).items():
            assert ports.get(name) == value, (cycle, name)
            seen[name] += bool(value)
        model.hear(words)
        await ports.tick()
    assert min(seen.values()) > N_CYCLES // 100
