"""cocotb side of test_component_cosims: gateware.book.best_levels."""

import os
import random
from typing import Any, Final

import cocotb

from gateware.book.best_levels import BestLevels
from sim.models.best_levels import BestLevels as Model
from tests.cosim.ports import Ports, Stalls
from tests.gateware.bench import TINY

SEED = int(os.environ["SEED"])
N_ROUNDS = 60
HIGHEST: Final = (1 << TINY.tick_bits) - 1
LATENCY: Final = BestLevels.LATENCY


class Collector:
    """Give orders as far apart as the component demands, or further; compare in every cycle."""

    def __init__(self, ports: Ports, rng: random.Random) -> None:
        self.ports, self.rng = ports, rng
        self.stalls = Stalls(rng)
        self.model = Model(
            TINY.cached_levels, quantity_bits=TINY.quantity_bits, count_bits=TINY.count_bits
        )
        self.told = 0  # overflows

    async def cycle(self, *, compare: bool = True, **inputs: int) -> None:
        """Run one cycle; what comes without ``put`` means nothing."""
        ports = self.ports
        noise = {"pk": self.rng.randrange(6), "quantity": self.rng.randrange(256)}
        await ports.drive(**({"put": 0, "pop": 0, "clear": 0} | noise | inputs))
        if compare:
            model = self.model
            best = ports.get("best")
            told = (best.pk, best.quantity, best.count) if ports.get("valid") else None
            assert told == model.best
            assert ports.get("more") == model.more
            assert ports.get("limit") == (HIGHEST if model.limit is None else model.limit)
        self.told += ports.get("overflow")
        await ports.tick()

    async def put(self, pk: int, quantity: int) -> None:
        """Give one order; until ``LATENCY`` it does not show."""
        before = self.told
        await self.cycle(put=1, pk=pk, quantity=quantity)
        for _ in range(LATENCY - 1):
            await self.cycle()
        assert self.told - before == self.model.put(pk, quantity)
        while self.stalls():
            await self.cycle()

    async def command(self, name: str) -> None:
        """Pop or clear."""
        await self.cycle(pop=name == "pop", clear=name == "clear")
        for _ in range(LATENCY - 1):
            await self.cycle(compare=False)
        getattr(self.model, name)()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_best_levels_are_collected_and_summed(dut: Any) -> None:
    """Streams of orders, each followed by taking some or all of the levels."""
    rng = random.Random(SEED)
    ports = Ports(dut, "best_levels")
    await ports.start()
    collector = Collector(ports, rng)
    for _ in range(N_ROUNDS):
        for _ in range(rng.choice([0, 2, 30])):
            await collector.put(rng.randrange(6), rng.choice([1, 3, 120]))
        for _ in range(rng.randrange(TINY.cached_levels + 2)):
            await collector.command("pop")
        await collector.command("clear")
    assert collector.told > 5
