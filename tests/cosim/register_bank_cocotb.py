"""cocotb side of test_component_cosims: gateware.csr.bank."""

import os
import random
from typing import Any, Final

import cocotb

from gateware.csr.bank import RegisterBank
from sim.models.bank import RegisterBank as Model
from tests.cosim.bench import BANK, CONSTANTS
from tests.cosim.ports import Ports, Stalls

SEED = int(os.environ["SEED"])
N_CYCLES = 3000
KNOWN: Final = [a for r in BANK.values() for a in r.word_addresses()]
WIDE: Final = [r.address + 4 * w for r in BANK.values() if r.words == 2 for w in range(2)]
LOOKED_UP: Final = [r for r in BANK.values() if RegisterBank.is_looked_up(r)]
#: Entries of looked up registers by their member in the model: where, and which.
ENTRIES: Final = {f"{r.name}{n}": (r, n) for r in LOOKED_UP for n in range(r.count)}
ENTRY_ADDRESSES: Final = [r.address + n * r.stride for r, n in ENTRIES.values()]
MEMBERS: Final = {
    member: (register, register.address + index * register.stride)
    for register in BANK.values()
    if register not in LOOKED_UP
    for index, member in enumerate(RegisterBank.members_of(register))
}
WRITABLE: Final = {m: at for m, (r, at) in MEMBERS.items() if r.access == "rw"}
COMMANDS: Final = {m: at for m, (r, at) in MEMBERS.items() if r.access == "cmd"}
WRITTEN: Final = [*WRITABLE.values(), *COMMANDS.values()]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_bus_shows_what_the_fabric_says(dut: Any) -> None:
    """Read and write at random addresses while the fabric changes what it says."""
    rng, ports, model = random.Random(SEED), Ports(dut, "register_bank"), Model(CONSTANTS, BANK)
    stalls = Stalls(rng)
    driven = [m for m in model.values if m not in CONSTANTS and m not in WRITABLE]
    await ports.start()
    expected, ordered, word = None, "", 0
    asked = dict.fromkeys((r.name for r in LOOKED_UP), 0)  # the entry, a cycle ago
    assert RegisterBank.LATENCY == 1  # as the loop below has it
    for cycle in range(N_CYCLES):
        given = {n: model.values[f"{n}{index}"] for n, index in asked.items()}
        for member in rng.sample(driven, 3):
            register = ENTRIES[member][0] if member in ENTRIES else MEMBERS[member][0]
            model.values[member] = rng.getrandbits(register.width)
            if member not in ENTRIES:
                given[member] = model.values[member]
        idle, writes = stalls(), rng.random() < 0.3
        lists = [KNOWN, WIDE, range(1 << 16), ENTRY_ADDRESSES]
        address = rng.choice(rng.choice(lists))
        if writes and rng.random() < 0.5:
            address = rng.choice(WRITTEN)
        before, word = word, rng.getrandbits(32)
        strobes = {"r_stb": int(not idle and not writes), "w_stb": int(not idle and writes)}
        await ports.drive(address=address, w_data=word, **strobes, **given)
        if expected is not None:
            assert ports.get("r_data") == expected, cycle
        assert ports.get("written") == before or not cycle
        assert [m for m in COMMANDS if ports.get(f"{m}_strobe")] == [ordered][: bool(ordered)]
        for member in WRITABLE:
            assert ports.get(member) == model.values[member], cycle
        asked = {name: ports.get(f"{name}_index") for name in asked}
        expected = model.read(address) if strobes["r_stb"] else model.look(address)
        ordered = model.write(address, word) if strobes["w_stb"] else ""
        await ports.tick()
