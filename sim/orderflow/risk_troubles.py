"""Troubles that a risk gate must hold orders back in, each ended after a while."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sim.models.risk_gate import RiskGate
from sim.models.risk_world import BookState, Request, Targets
from sim.orderflow.risk_boundaries import BOUNDARIES, max_loss_boundary
from sim.orderflow.risk_requests import Requests
from sim.orderflow.risk_setting import STEP_TIME, Setting, divisor_fields
from sim.orderflow.risk_steps import (
    Ask,
    BookMoved,
    CancelAll,
    Commit,
    Forget,
    Quoted,
    Settle,
    Stage,
    Step,
    Told,
    Traded,
)

__all__ = ["Trouble", "Troubles"]

#: Limits that may be changed to a value of their own: name, table of the row, values.
_CHANGES: Final[tuple[tuple[str, str, tuple[int, ...]], ...]] = (
    ("instrument_flags", "instrument", (0b010, 0b010, 0b001, 0b111)),
    ("instrument_flags", "instrument", (0b010, 0b001, 0b001, 0b111)),
    ("strategy_flags", "strategy", (0,)),
    ("strategy_instruments", "strategy", (0,)),
    ("account_flags", "account", (0,)),
    ("venue_flags", "venue", (0,)),
    ("duplicate_window", "instrument", (40 * STEP_TIME, 400 * STEP_TIME)),
    ("message_allowance", "strategy", (0, 3)),
    ("max_executions", "strategy", (0, 3)),
    ("strategy_period", "strategy", (0, 200 * STEP_TIME)),
    ("venue_period", "venue", (0, 100 * STEP_TIME)),
    ("box_period", "box", (0, 40 * STEP_TIME)),
    ("burst_period", "box", (0, 20 * STEP_TIME)),
    ("box_flags", "box", (1,)),
)
_LOT_BITS: Final = 32

#: Draws the steps of one trouble; a None among them stands for ordinary traffic.
Trouble = Callable[[], Iterator[Step | None]]


class Troubles:
    """Draws troubles. Each is a sequence of steps; a None in it stands for ordinary traffic.

    Parameters
    ----------
    gate : RiskGate
        The model, which is only looked at.
    setting : Setting
        Its limits and prices.
    requests : Requests
        Source of orders.
    rng : random.Random
        Source of all randomness.
    """

    def __init__(
        self, gate: RiskGate, setting: Setting, requests: Requests, rng: random.Random
    ) -> None:
        self.gate, self.setting, self.requests, self.rng = gate, setting, requests, rng
        self._kinds = [kind for kind, share in self.shares().items() for _ in range(share)]

    def shares(self) -> dict[Trouble, int]:
        """Return how often each trouble is drawn, in relation to the others."""
        return {
            self.boundary: 6,
            self.change: 4,
            self.told: 4,
            self.divisor: 1,
            self.loss: 1,
            self.book: 2,
            self.no_price: 1,
            self.disarmed: 1,
            self.bad_writes: 1,
        }

    def any(self) -> Iterator[Step | None]:
        """Draw one trouble."""
        return self.rng.choice(self._kinds)()

    def staged(self, writes: Sequence[tuple[str, int, int]]) -> Iterator[Step]:
        """Change limits, most often with time for the gate to come to rest."""
        for name, index, value in writes:
            yield Stage(name, index, value)
        yield Commit()
        if self.rng.random() < 0.85:
            yield Settle()

    def limited(self, writes: list[tuple[str, int, int]], r: Request) -> Iterator[Step | None]:
        """Change limits for a few orders."""
        yield from self.staged(writes)
        yield Ask(r._replace(time=self.gate.world.now))
        if any(self.gate.state.loss_up):
            yield from self.killed(Targets(box=True))
        if self.rng.random() < 0.5:
            yield None
        yield from self.staged([(n, i, self.setting.limits[n][i]) for n, i, _ in writes])
        yield Settle()

    def topped_up(self) -> Iterator[Step]:
        """Give strategies without credit some more: one that cannot trade earns none."""
        allowance, used = self.setting.limits["message_allowance"], self.gate.state.used
        spent = [s for s, messages in enumerate(used) if messages >= allowance[s]]
        for s in spent:
            allowance[s] = min(
                used[s] + self.rng.randint(10, 100), self.setting.largest("message_allowance")
            )
        if spent:
            yield from self.staged([("message_allowance", s, allowance[s]) for s in spent])
            yield Settle()

    def boundary(self) -> Iterator[Step | None]:
        """Bring a limit to where an order just passes, or just does not."""
        rng, boundary = self.rng, self.rng.choice(BOUNDARIES)
        r = (self.requests.alike() if rng.random() < 0.1 else None) or self.requests.good()
        at = boundary(self.gate.state, r)
        if at is None:
            return
        name, index, value = at
        value += rng.choice([-1, -1, 0, 1])
        value = max(0, min(value, self.setting.largest(name)))
        yield from self.limited([(name, index, value)], r)

    def loss(self) -> Iterator[Step | None]:
        """Let the market go against a position, and bring the limit to about the loss."""
        state, r = self.gate.state, self.requests.good()
        i = r.instrument
        trading, double = self.setting.trading[i], self.gate.market.double_mid[i]
        against = -trading.reach if state.position[i] > 0 else trading.reach
        yield Quoted(i, 2 * trading.price + against * trading.step // 2)
        at = max_loss_boundary(state, r)
        if at is not None and at[2] >= 0:
            writes = [("max_loss", i, max(0, at[2] + self.rng.choice([-1, -1, 0])))]
            yield from self.limited(writes, r)
        yield Quoted(i, double)

    def change(self) -> Iterator[Step | None]:
        """Change a limit."""
        name, table, values = self.rng.choice(_CHANGES)
        r = self.requests.good()
        index = 0 if table == "box" else int(getattr(r, table))
        yield from self.limited([(name, index, self.rng.choice(values))], r)

    def divisor(self) -> Iterator[Step | None]:
        """Change the round lot or the price step of an instrument, or take it away."""
        p, rng, r = self.gate.parameters, self.rng, self.requests.good()
        name = rng.choice(["lot", "tick"])
        bits = p.tick_bits if name == "tick" else min(_LOT_BITS, p.quantity_bits)
        fields = (0, 0, 0)
        if rng.random() < 0.7:
            fields = divisor_fields(rng.choice([1, 2, 3, 7, 10, 48, 1 << (bits - 1)]), bits)
        parts = zip(("mask", "inverse", "bound"), fields, strict=True)
        yield from self.limited([(f"{name}_{part}", r.instrument, f) for part, f in parts], r)

    def told(self) -> Iterator[Step | None]:
        """Let the deadman expire, or let the breaker or the kill switch act."""
        rng, r = self.rng, self.requests.good()
        i, world = r.instrument, self.gate.world
        u = rng.randrange(9)
        if u == 0:
            yield from self.during("deadman_expired", True, False, r)
        elif u == 1:
            yield Told("halted", {i})
            yield CancelAll(Targets())
            yield from self.during("halted", {i}, set(), r)
        elif u == 2:
            yield from self.during("reducing", {i}, set(), r)
        elif u == 3:
            low, high = r.tick + rng.randint(-1, 1), r.tick + rng.randint(-1, 1)
            yield from self.during("bands", {i: (low, high)}, {}, r)
        elif u == 4:
            yield from self.during("events_full", None, False, r)
        elif not world.killed:
            yield from self.killed(self.some(r), r)

    def some(self, r: Request) -> Targets:
        """Draw whom to kill, of those whom an order concerns."""
        return self.rng.choice(
            [
                Targets(box=True),
                Targets(venues=frozenset({r.venue})),
                Targets(accounts=frozenset({r.account})),
                Targets(instruments=frozenset({r.instrument})),
                Targets(strategies=frozenset({r.strategy})),
                Targets(strategies=frozenset({r.strategy})),
            ]
        )

    def during(self, name: str, value: object, after: object, r: Request) -> Iterator[Step | None]:
        """Tell the gate something, make a request, and tell it something else later."""
        yield Told(name, value)
        yield Ask(r._replace(time=self.gate.world.now))
        yield None
        yield Told(name, after)

    def killed(self, targets: Targets, r: Request | None = None) -> Iterator[Step | None]:
        """Kill, send the cancels, and arm again later."""
        if targets.box:
            yield Told("killed", True)
        for name in ("venues", "accounts", "instruments", "strategies"):
            if getattr(targets, name):
                yield Told(f"killed_{name}", set(getattr(targets, name)))
        yield CancelAll(targets)
        if r is not None:
            yield Ask(r._replace(time=self.gate.world.now))
        yield None
        if targets.box:
            yield Told("killed", False)
        for name in ("venues", "accounts", "instruments", "strategies"):
            if getattr(targets, name):
                yield Told(f"killed_{name}", set())

    def book(self) -> Iterator[Step | None]:
        """Let something be wrong with a book."""
        rng, r = self.rng, self.requests.good()
        now = self.gate.world.now
        i, venue = r.instrument, r.venue
        book = BookState(part=True, seen=True, time=now)
        wrong: dict[str, Any] = rng.choice(
            [
                {"part": False},
                {"seen": False},
                {"invalid": True},
                {"deferred": True},
                {"crossed": True},
                {"gap": True},
                {"gap": True, "invalid": True},
                {"time": max(0, now - 401 * STEP_TIME)},
            ]
        )
        yield BookMoved(i, venue, book._replace(**wrong))
        yield Ask(r)
        yield None
        yield BookMoved(i, venue, book._replace(time=self.gate.world.now))

    def no_price(self) -> Iterator[Step | None]:
        """Let the market of an instrument be unknown."""
        r = self.requests.good()
        i, market = r.instrument, self.gate.market
        double, last = market.double_mid[i], market.last[i]
        yield Quoted(i, None)
        if self.rng.random() < 0.5:
            yield Traded(i, None)
        yield Ask(r)
        yield None
        yield Quoted(i, double)
        yield Traded(i, last)

    def disarmed(self) -> Iterator[Step | None]:
        """Disarm; set positions and open orders."""
        rng, requests, state = self.rng, self.requests, self.gate.state
        yield Told("armed", False)
        yield Ask(requests.good())
        if rng.random() < 0.3:
            big = requests.position(state.largest_position - rng.randrange(3))
            yield Ask(big)
            yield Ask(requests.report()._replace(order_id=0, instrument=big.instrument))
            yield Ask(requests.position(state.largest_position + rng.randrange(2)))
        for _ in range(rng.randrange(4)):
            yield Ask(requests.resting())
        for i, trading in enumerate(self.setting.trading):
            if abs(state.position[i]) > 60 * trading.lot or rng.random() < 0.1:
                size = trading.lot * rng.randrange(30)
                yield Ask(requests.position(size)._replace(instrument=i))
        yield Told("armed", True)
        yield Settle()

    def bad_writes(self) -> Iterator[Step | None]:
        """Write limits that cannot be kept: nothing comes into force until they are dropped."""
        rng, limits = self.rng, self.gate.limits
        name = rng.choice(list(limits.active))
        rows = len(limits.active[name])
        top = self.setting.largest(name)
        bad = Stage(name, rows + rng.randrange(3), 0)
        if top < (1 << 32) - 1 and rng.random() < 0.5:
            bad = Stage(name, rng.randrange(rows), top + 1)
        yield Stage("max_quantity", 0, 0)
        yield bad
        yield Commit()
        yield None
        yield Forget()
