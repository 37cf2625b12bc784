"""cocotb side of test_component_cosims: gateware.risk.circuit_breaker."""

import os
import random
from typing import Any

import cocotb

from gateware.risk.breaker.layouts import trip_layout
from tests.cosim.ports import Ports
from tests.gateware.risk.breaker_traffic import BREAKER, BreakerTraffic

SEED = int(os.environ["SEED"])
N_STEPS = 250


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def every_step_ends_as_in_the_model(dut: Any) -> None:
    """Random changes, times, limits, clears and restarts, each settled before the next."""
    ports, traffic = Ports(dut, "circuit_breaker"), BreakerTraffic(BREAKER, random.Random(SEED))
    valid, ready = dut.circuit_breaker__trip__valid, dut.circuit_breaker__trip__ready
    payload, layout = dut.circuit_breaker__trip__payload, trip_layout(BREAKER)

    def get(name: str) -> Any:
        if name == "trip.valid":
            return int(valid.value)
        return layout.from_bits(int(payload.value)) if name == "trip.payload" else ports.get(name)

    ready.value = 0
    await ports.start()
    while traffic.steps < N_STEPS:
        inputs = traffic.inputs()
        ready.value = inputs.pop("trip.ready")
        await ports.drive(**inputs)
        traffic.check(get)
        await ports.tick()
    assert traffic.seen >= BreakerTraffic.INTERESTING
