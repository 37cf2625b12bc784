"""cocotb side of test_component_cosims: gateware.csr.bank."""

import os
import random
from typing import Any, Final

import cocotb

from gateware.csr.bank import RegisterBank
from hw.registers import REGISTERS
from sim.models.bank import RegisterBank as Model
from tests.cosim.bench import CONSTANTS
from tests.cosim.ports import Ports, Stalls

SEED = int(os.environ["SEED"])
N_CYCLES = 3000
KNOWN: Final = [a for r in REGISTERS.values() for a in r.word_addresses()]
WIDE: Final = [r.address + 4 * w for r in REGISTERS.values() if r.words == 2 for w in range(2)]
WRITABLE: Final = {
    member: register.address
    for register in REGISTERS.values()
    if register.access == "rw"
    for member in RegisterBank.members_of(register.name)
}


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_bus_shows_what_the_fabric_says(dut: Any) -> None:
    """Read and write at random addresses while the fabric changes what it says."""
    rng, ports, model = random.Random(SEED), Ports(dut, "register_bank"), Model(CONSTANTS)
    stalls = Stalls(rng)
    driven = [m for m in model.values if m not in CONSTANTS and m not in WRITABLE]
    widths = {m: r.width for r in REGISTERS.values() for m in RegisterBank.members_of(r.name)}
    await ports.start()
    expected = None
    assert RegisterBank.LATENCY == 1  # as the loop below has it
    for cycle in range(N_CYCLES):
        inputs = {m: rng.getrandbits(widths[m]) for m in rng.sample(driven, 3)}
        model.values |= inputs
        idle, writes = stalls(), rng.random() < 0.3
        address = rng.choice([rng.choice(KNOWN), rng.choice(WIDE), rng.getrandbits(16)])
        if writes and rng.random() < 0.5:
            address = rng.choice(list(WRITABLE.values()))
        word = rng.getrandbits(32)
        strobes = {"r_stb": int(not idle and not writes), "w_stb": int(not idle and writes)}
        await ports.drive(address=address, w_data=word, **strobes, **inputs)
        if expected is not None:
            assert ports.get("r_data") == expected, cycle
        for member in WRITABLE:
            assert ports.get(member) == model.values[member], cycle
        expected = model.read(address) if strobes["r_stb"] else model.look(address)
        if strobes["w_stb"]:
            model.write(address, word)
        await ports.tick()
