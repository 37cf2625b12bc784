"""cocotb side of test_component_cosims: gateware.risk.sip_hash."""

import os
import random
from typing import Any

import cocotb

from gateware.risk.sip_hash import SipHash
from sim.models.sip_hash import sip_hash_of
from tests.cosim.ports import Ports, Stalls

SEED = int(os.environ["SEED"])
N_CYCLES = 6000


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_hash_is_the_models_and_in_time(dut: Any) -> None:
    """Hash one message after the other, with idle cycles, and some that begin anew."""
    rng, ports = random.Random(SEED), Ports(dut, "sip_hash")
    stalls = Stalls(rng)
    await ports.start()
    due, tag, hashes, last = -1, 0, 0, 0
    for cycle in range(N_CYCLES):
        free = cycle >= due
        starts = not stalls() if free else rng.random() < 0.01
        key, message = rng.getrandbits(128), rng.getrandbits(128)
        await ports.drive(start=starts, key=key, message=message)
        assert ports.get("done") == (cycle == due), cycle
        if cycle == due:
            hashes, last = hashes + 1, tag
        if free and hashes:
            assert ports.get("tag") == last, cycle
        if starts:
            due, tag = cycle + SipHash.LATENCY, sip_hash_of(key, message)
        await ports.tick()
    assert hashes > N_CYCLES // 60
