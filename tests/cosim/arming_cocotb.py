"""cocotb side of test_component_cosims: gateware.risk.arming."""

import os
import random
from typing import Any

import cocotb

from sim.models.arming import Ask
from tests.cosim.ports import Ports
from tests.gateware.risk.arming_traffic import Operators

SEED = int(os.environ["SEED"])
N_CYCLES = 12000


async def first_challenge(ports: Ports, operators: Operators) -> int:
    """Write a key and ask; return the count of cycles, which a reset does not begin anew."""
    for word, data in enumerate(operators.keys[0]):
        await ports.drive(key_strobe=1, key_word=word, key_data=data)
        operators.model.write_key(0, word, data)
        await ports.tick()
    await ports.drive(key_strobe=0, ask=1)
    await ports.tick()
    await ports.drive(ask=0)
    challenge = int(ports.get("challenge"))
    count = challenge >> 24
    operators.model.ask(Ask(operator=0, scope=0, instruments=0), cycle=-2, count=count)
    assert challenge == operators.model.challenge
    await ports.tick()
    return count + 2


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_ask_and_answer_is_judged_as_by_the_model(dut: Any) -> None:
    """Operators with and without keys ask, and answer rightly, wrongly, late and in between."""
    rng, ports = random.Random(SEED), Ports(dut, "arming")
    operators = Operators(rng)
    await ports.start()
    count = await first_challenge(ports, operators)
    for cycle in range(N_CYCLES):
        expected = operators.outputs()
        await ports.drive(**operators.inputs(count=count + cycle))
        for name, value in expected.items():
            assert ports.get(name) == value, (cycle, name)
        await ports.tick()
    assert operators.granted > 40
    assert operators.refused > 100
    assert operators.locked > 1000
