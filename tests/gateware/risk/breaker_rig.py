"""A circuit breaker that answers with rows of limits, for tests of single cycles."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from gateware.risk.circuit_breaker import CircuitBreaker
from hw.breaker_detectors import BREAKER_DETECTORS
from hw.limit_rows import limit_fields
from hw.records import BREAKER_ACTION
from hw.risk_parameters import RiskParameters
from sim.models.breaker_state import Market
from tests.gateware.bench import run
from tests.gateware.risk.breaker_traffic import BREAKER, change_fields, row_fields

__all__ = ["CALM", "BreakerRig", "actions", "rig"]


def actions(**by_detector: str) -> int:
    """Return ``breaker_actions``: what each detector does."""
    return sum(
        getattr(BREAKER_ACTION, action) << 2 * BREAKER_DETECTORS.index(name)
        for name, action in by_detector.items()
    )


#: Limits under which nothing trips by itself.
CALM: Final = {
    "breaker_flags": 1, "breaker_hold": 50, "breaker_silence": 10_000, "return_limit0": 10,
    "return_limit1": 20, "return_limit2": 40, "depth_shift": 1, "spread_limit": 20,
    "divergence_limit": 30, "breaker_rate": 1000,
}  # fmt: skip


class BreakerRig:
    """The breaker in a simulation; instrument 0 has ``limits``, no other is watched."""

    def __init__(self, ctx: Any, dut: CircuitBreaker) -> None:
        self.ctx, self.dut = ctx, dut
        self.rows = [dict.fromkeys(limit_fields("breaker", BREAKER), 0) for _ in range(2)]
        self.round = 2 * (dut.visit_cycles + 1)

    async def tick(self, cycles: int = 1) -> None:
        """Pass cycles, answering with rows of limits."""
        for _ in range(cycles):
            selected = self.ctx.get(self.dut.limits_select)
            await self.ctx.tick()
            self.ctx.set(self.dut.limits, self.rows[selected])

    async def begin(self, **limits: int) -> None:
        """Watch instrument 0, with a market of 100 to 102 and 40 lots."""
        self.rows[0].update(CALM, **limits)
        self.ctx.set(self.dut.windows, {f"breaker_bucket{w}": 1000 for w in range(3)})
        await self.change(Market((100, 40), (102, 40), (202, 204)))
        await self.tick(3 * self.round)

    async def change(self, *markets: Market) -> None:
        """Have changes of instrument 0 back to back; return in the cycle after the last."""
        for n in range(len(markets) + 1):
            self.ctx.set(self.dut.change_next_valid, n < len(markets))
            self.ctx.set(self.dut.change_valid, n > 0)
            if n:
                market = markets[n - 1]
                self.ctx.set(self.dut.change, change_fields(0, market))
                for v, row in enumerate(row_fields(BREAKER, market.venues)):
                    self.ctx.set(self.dut.row[v], row)
            await self.tick()
        self.ctx.set(self.dut.change_valid, 0)

    async def trace(self, name: str, cycles: int) -> list[int]:
        """Return bit 0 of an output in the following cycles."""
        seen = []
        for _ in range(cycles):
            seen.append(self.ctx.get(getattr(self.dut, name)) & 1)
            await self.tick()
        return seen

    @contextmanager
    def during(self, **inputs: int) -> Iterator[None]:
        """Hold inputs, then set them to 0."""
        for name, value in inputs.items():
            self.ctx.set(getattr(self.dut, name), value)
        yield
        for name in inputs:
            self.ctx.set(getattr(self.dut, name), 0)

    def halted(self) -> int:
        """Say whether instrument 0 is halted."""
        return int(self.ctx.get(self.dut.halted)) & 1


def rig(job: Callable[[BreakerRig], Awaitable[None]], parameters: RiskParameters = BREAKER) -> None:
    """Run a job on a breaker of two instruments."""
    dut = CircuitBreaker(parameters=parameters)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.trip.ready, 1)
        await job(BreakerRig(ctx, dut))

    run(dut, testbench)
