"""The risk gate in Amaranth's simulator, taken through the steps of a ``RiskFlow``.

The rig stands for everything around the gate: it answers each look-up, one cycle later, from the
model's limits and market, and takes what leaves, with stalls.
"""

import random
from typing import Any, Final

from gateware.risk.risk_gate import RiskGate
from hw.records import ORDER, REQUEST_KIND, RISK_EVENT, RISK_EVENT_KIND
from hw.registers import LIMITS
from sim.models.risk_world import BookState
from sim.orderflow.risk_flow import RiskFlow
from sim.orderflow.risk_steps import Ask, CancelAll, Commit, Settle, Step

__all__ = ["GateRig"]

#: What the rig fills in by itself, or the queue behind the gate.
_NOT_COMPARED: Final = ("sequence", "time", "cycle", "latency")
_EVENT_FIELDS: Final = [f.name for f in RISK_EVENT.fields if f.name not in _NOT_COMPARED]
_ORDER_FIELDS: Final = [f.name for f in ORDER.fields if f.name != "cycle"]
_TABLES: Final = ("instrument", "venue", "strategy", "account", "box")
_PATIENCE: Final = 5000


class GateRig:
    """Steps for the gate and for its model, compared.

    Parameters
    ----------
    dut : RiskGate
        The gate.
    flow : RiskFlow
        Steps, and the model.
    stall : float
        Probability that the order port is not taken in a cycle.

    Attributes
    ----------
    latencies : dict of int to set of int
        By kind of request, cycles from its transfer to its order or, of those without one, to the
        next transfer at the earliest.
    """

    def __init__(self, dut: RiskGate, flow: RiskFlow, *, seed: int, stall: float) -> None:
        self.dut, self.flow, self.model = dut, flow, flow.gate
        self.rng, self.stall = random.Random(seed), stall
        self.events: list[dict[str, int]] = []
        self.orders: list[dict[str, int]] = []
        self.cycles = 0
        self.latencies: dict[int, set[int]] = {}

    async def start(self, ctx: Any) -> None:
        """Wait until the gate is ready."""
        self.ctx = ctx
        ctx.set(self.dut.queue_room, 1)
        ctx.set(self.dut.audit.ready, 1)
        while not ctx.get(self.dut.ready):
            await self.cycle()

    def _tell_world(self) -> None:
        """Show the gate what the model's world says."""
        ctx, dut, world = self.ctx, self.dut, self.model.world
        ctx.set(dut.now, world.now)
        full = self.rng.random() < 0.5 if world.events_full is None else world.events_full
        ctx.set(dut.queue_room, not full)
        ctx.set(
            dut.standing,
            {
                "armed": world.armed, "killed": world.killed, "deadman": world.deadman_expired,
                **{
                    name: sum(1 << i for i in getattr(world, name))
                    for name in (
                        "killed_venues", "killed_accounts", "killed_instruments",
                        "killed_strategies", "halted", "reducing",
                    )
                },
            },
        )  # fmt: skip

    def _answers(self) -> dict[str, Any]:
        """Return what was looked up in this cycle, for the next."""
        ctx, dut, market = self.ctx, self.dut, self.model.market
        select, limits = ctx.get(dut.select), self.model.limits.active
        at = {name: getattr(select, name) for name in _TABLES[:4]} | {"box": 0}
        rows = {t: {n: limits[n][at[t]] for n in LIMITS[t]} for t in _TABLES}
        i = at["instrument"]
        book = market.books.get((i, at["venue"]), BookState())
        mid, last = market.double_mid[i], market.last[i]
        low, high = self.model.world.bands.get(i, (0, 0))
        marked = ctx.get(dut.mark_select)
        price = market.double_mid[marked]
        return {
            **rows,
            "market": {
                "double_mid": mid or 0, "mid_known": mid is not None,
                "last": last or 0, "last_known": last is not None, "book": book._asdict(),
            },
            "band": {"in_force": i in self.model.world.bands, "low": low, "high": high},
            "mark": {"double_mid": price or 0, "mid_known": price is not None},
            "mark_loss": limits["max_loss"][marked],
            "mark_value": limits["lot_value"][marked],
        }  # fmt: skip

    async def cycle(self) -> None:
        """Run one cycle."""
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.o.ready, self.rng.random() >= self.stall)
        answers = self._answers()
        if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
            order = ctx.get(dut.o.payload)
            self.orders.append({name: getattr(order, name) for name in _ORDER_FIELDS})
        if ctx.get(dut.told.valid):
            self._keep(ctx.get(dut.told.event))
        if ctx.get(dut.audit.valid):
            self._keep(ctx.get(dut.audit.payload))
        await ctx.tick()
        self.cycles += 1
        for name, value in answers.items():
            ctx.set(getattr(dut, name), value)

    def _keep(self, event: Any) -> None:
        self.events.append({name: getattr(event, name) for name in _EVENT_FIELDS})

    async def idle(self, cycles: int) -> None:
        """Run cycles without a request."""
        for _ in range(cycles):
            await self.cycle()

    async def settle(self) -> None:
        """Wait until every bound is exact and every instrument is marked."""
        rounds = 3 * 8 * (self.model.parameters.instruments + 2)
        await self.idle(rounds)
        waited = 0
        while not self.ctx.get(self.dut.settled):
            await self.cycle()
            waited += 1
            assert waited < _PATIENCE, "the gate must come to rest"
        await self.idle(rounds)

    async def ask(self, step: Ask) -> None:
        """Make a request and wait until it is told."""
        ctx, dut, request = self.ctx, self.dut, step.request
        ctx.set(dut.i.payload, request._asdict())
        ctx.set(dut.i.valid, 1)
        waited = 0
        while not ctx.get(dut.i.ready):
            await self.cycle()
            waited += 1
            assert waited < _PATIENCE, f"{request} must be taken"
        await self.cycle()
        ctx.set(dut.i.valid, 0)
        taken = self.cycles
        audit = request.kind == REQUEST_KIND.audit
        while not self.events or (audit and self.events[-1]["kind"] != RISK_EVENT_KIND.audit_done):
            await self.cycle()
            assert self.cycles - taken < _PATIENCE, f"{request} must be told"
        self.latencies.setdefault(request.kind, set()).add(self.cycles - taken)

    async def step(self, step: Step) -> None:
        """Take gate and model through a step, and compare."""
        ctx, dut = self.ctx, self.dut
        said = None
        if isinstance(step, Ask):
            await self.ask(step)
            said = self.events[0]["failed"]
        elif isinstance(step, Settle):
            await self.settle()
        elif isinstance(step, Commit) and not self.model.limits.fault:
            ctx.set(dut.limits_changed, 1)
            await self.cycle()
            ctx.set(dut.limits_changed, 0)
        outcome = self.flow.apply(step, said)
        self._tell_world()
        if isinstance(step, CancelAll):
            ctx.set(dut.cancel, 1)
            await self.cycle()
            ctx.set(dut.cancel, 0)
            while ctx.get(dut.cancelling):
                await self.cycle()
        while ctx.get(dut.o.valid):
            await self.cycle()
        if isinstance(step, CancelAll):
            await self.idle(2 * dut.OTHER_INTERVAL)
        expected = outcome.events if outcome is not None else []
        assert self.events == expected, _difference(self.events, expected)
        orders = outcome.orders if outcome is not None else []
        assert self.orders == orders, _difference(self.orders, orders)
        self.events.clear()
        self.orders.clear()


def _difference(found: list[dict[str, int]], expected: list[dict[str, int]]) -> str:
    """Return what differs first."""
    if len(found) != len(expected):
        return f"{len(found)} instead of {len(expected)}"
    pairs = (
        {n: (a[n], b[n]) for n in a if a[n] != b[n]} for a, b in zip(found, expected, strict=True)
    )
    return f"found, expected: {next(filter(None, pairs), {})}"
