"""cocotb side of test_component_cosims: gateware.risk.circuit_breaker."""

import os
import random
from collections.abc import Callable
from typing import Any

import cocotb

from gateware.risk.breaker.layouts import trip_layout
from gateware.risk.circuit_breaker import CircuitBreaker
from tests.cosim.ports import Ports
from tests.gateware.risk.breaker_bursts import BreakerBursts
from tests.gateware.risk.breaker_traffic import BREAKER, BreakerTraffic

SEED = int(os.environ["SEED"])
N_STEPS = 250
N_BURSTS = 150


async def play(
    dut: Any, traffic: BreakerTraffic | BreakerBursts, going: Callable[[], bool]
) -> None:
    """Drive the breaker, and check what it says in each cycle."""
    ports = Ports(dut, "circuit_breaker")
    valid, ready = dut.circuit_breaker__trip__valid, dut.circuit_breaker__trip__ready
    payload, layout = dut.circuit_breaker__trip__payload, trip_layout(BREAKER)

    def get(name: str) -> Any:
        if name == "trip.valid":
            return int(valid.value)
        return layout.from_bits(int(payload.value)) if name == "trip.payload" else ports.get(name)

    ready.value = 0
    await ports.start()
    while going():
        inputs = traffic.inputs()
        ready.value = inputs.pop("trip.ready")
        await ports.drive(**inputs)
        traffic.check(get)
        await ports.tick()


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def every_step_ends_as_in_the_model(dut: Any) -> None:
    """Random changes, times, limits, clears and restarts, each settled before the next."""
    traffic = BreakerTraffic(BREAKER, random.Random(SEED))
    await play(dut, traffic, lambda: traffic.steps < N_STEPS)
    assert traffic.seen >= BreakerTraffic.INTERESTING


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def every_cycle_of_a_burst_is_as_in_the_model(dut: Any) -> None:
    """Random changes in every cycle, from prices that had just come."""
    traffic = BreakerBursts(BREAKER, random.Random(SEED))
    await play(dut, traffic, lambda: traffic.bursts < N_BURSTS)
    assert traffic.distances == set(range(1, CircuitBreaker.RECENT + 1))
