"""The device with the risk gate, taken through the steps of a ``RiskFlow`` and compared.

The market is made by updates of real books, limits and kills by registers, arming by challenge and
answer. What this build cannot be made to do at will is left out of the traffic: acts of the circuit
breaker, books in a bad state, a full queue of events, losses (a mark comes at a time of its own).
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from host.device.records import RISK_REQUEST_DTYPE, UPDATE_DTYPE
from hw.arming import Scope, arming_answer
from hw.records import ORDER, RISK_EVENT, RISK_EVENT_KIND, SIDE, UPDATE_KIND
from hw.registers import LIMITS
from sim.devices.verilated_risk import VerilatedRiskDevice
from sim.models.risk_world import BookState, Targets
from sim.orderflow.risk_flow import RiskFlow
from sim.orderflow.risk_steps import (
    Ask,
    BookMoved,
    CancelAll,
    Commit,
    Quoted,
    Settle,
    Stage,
    Step,
    Told,
    Traded,
)

__all__ = ["RiskRig", "device_flow"]

_KEY: Final = bytes(range(16))
_EVENT_FIELDS: Final = [
    f.name for f in RISK_EVENT.fields if f.name not in ("sequence", "time", "cycle", "latency")
]
_ORDER_FIELDS: Final = [f.name for f in ORDER.fields if f.name != "cycle"]
_CLOSING: Final = (
    RISK_EVENT_KIND.passed, RISK_EVENT_KIND.denied, RISK_EVENT_KIND.cancel_sent,
    RISK_EVENT_KIND.told, RISK_EVENT_KIND.audit_done,
)  # fmt: skip
_CONTROL: Final = (
    RISK_EVENT_KIND.killed, RISK_EVENT_KIND.armed, RISK_EVENT_KIND.refused,
    RISK_EVENT_KIND.disarmed,
)  # fmt: skip
#: What the box does without a request.
_OWN: Final = (RISK_EVENT_KIND.cancel_sent, RISK_EVENT_KIND.withdrawn)
_SETTLED: Final = 1 << 7
_CANCELLING: Final = 1 << 5
_PATIENCE: Final = 20_000  # [cycles]
_LEFT_OUT: Final = ("told", "book", "no_price", "loss", "bad_writes")
_GROUPS: Final = ("killed_venues", "killed_accounts", "killed_strategies")


def device_flow(parameters: Any, seed: int) -> RiskFlow:
    """Return traffic that a device can be taken through."""
    flow = RiskFlow(parameters, seed)
    troubles: Any = flow._troubles
    kinds = [kind for kind in troubles._kinds if kind.__name__ not in _LEFT_OUT]

    def kills() -> Iterator[Step | None]:
        r, rng = troubles.requests.good(), troubles.rng
        if flow.gate.world.killed:
            return
        yield from troubles.killed(
            rng.choice(
                [
                    Targets(box=True),
                    Targets(venues=frozenset({r.venue})),
                    Targets(accounts=frozenset({r.account})),
                    Targets(instruments=frozenset({r.instrument})),
                    Targets(strategies=frozenset({r.strategy})),
                ]
            ),
            r,
        )

    troubles._kinds = [*kinds, kills]
    limits = flow._setting.limits
    limits["deadman_timeout"] = [1 << 31]
    limits["reject_limit"] = [32]
    return flow


class RiskRig:
    """Device and model, step by step.

    Parameters
    ----------
    device : VerilatedRiskDevice
        The device.
    flow : RiskFlow
        From ``device_flow``.

    Attributes
    ----------
    requests, mismatches : int
        So far.
    latencies : dict of int to set of int
        By kind of request [cycles].
    """

    def __init__(self, device: VerilatedRiskDevice, flow: RiskFlow) -> None:
        self.device, self.flow, self.model = device, flow, flow.gate
        self.places = {i: (b, v) for b, (i, v) in enumerate(self._rows())}
        self.resting: dict[int, tuple[int, int]] = {}
        self.orders: list[dict[str, int]] = []
        self.events: list[dict[str, int]] = []
        self.own_orders: list[dict[str, int]] = []
        self.own_events: list[dict[str, int]] = []
        self.requests = 0
        self.latencies: dict[int, set[int]] = {}
        for word in range(4):
            part = _KEY[4 * word : 4 * word + 4]
            device.write("operator_key", int.from_bytes(part, "little"), word)

    def _rows(self) -> list[tuple[int, int]]:
        rows = self.flow._setting.limits["book_market"]
        return [(row & 0xFF, row >> 8 & 0xFF) for row in rows]

    def collect(self, cycles: int) -> None:
        """Run some cycles and keep what came, but what the operator is told of."""
        orders, events = self.device.collect(cycles)
        for order in orders:
            # A cancel that the box sends of itself has no time.
            kept = self.orders if order["time"] else self.own_orders
            kept.append({n: int(order[n]) for n in _ORDER_FIELDS})
        for event in events:
            if event["kind"] not in _CONTROL:
                own = event["kind"] in _OWN and not event["cause"]
                kept = self.own_events if own else self.events
                kept.append({n: int(event[n]) for n in _EVENT_FIELDS})
                if event["latency"]:
                    self.latencies.setdefault(int(event["cause"]), set()).add(int(event["latency"]))

    def arm(self, scope: int) -> None:
        """Ask, sign and answer."""
        device = self.device
        device.write("deadman", 1)
        device.write("arm_instruments", (1 << self.device.risk.instruments) - 1)
        device.write("arm_ask", scope << 8)
        self.collect(8)
        challenge = device.read("arm_challenge")
        instruments = device.read("arm_instruments")
        answer = arming_answer(
            _KEY, challenge=challenge, operator=0, scope=scope, instruments=instruments
        )
        device.write("arm_answer", answer & 0xFFFF_FFFF, 0)
        device.write("arm_answer", answer >> 32, 1)
        self.collect(64)
        assert device.read("arm_failures") == 0

    def update(self, instrument: int, **fields: int) -> None:
        """Send an update of the instrument's book; its last event is then of now."""
        book, venue = self.places[instrument]
        record = np.zeros(1, UPDATE_DTYPE)
        record["book"], record["time"] = book, self.model.world.now
        for name, value in fields.items():
            record[name] = value
        self.device.transfer(record)
        self.device.drain()
        state = BookState(part=True, seen=True, time=self.model.world.now)
        self.model.market.books[instrument, venue] = state

    def quote(self, instrument: int, double_mid: int) -> None:
        """Move the best prices: the old ones leave last on the side that they would cross."""
        bid = (double_mid - 1) // 2
        ask = double_mid - bid
        self.update(instrument, kind=UPDATE_KIND.clear, flags=1)
        for order_id, (side, tick) in enumerate(((SIDE.bid, bid), (SIDE.ask, ask)), start=1):
            self.update(
                instrument, kind=UPDATE_KIND.add, side=side, order_id=order_id, tick=tick,
                quantity=5,
            )  # fmt: skip

    def write_limit(self, name: str, value: int, index: int) -> None:
        """Write a limit."""
        self.device.write(name, value, index)

    def told(self, step: Told) -> None:
        """Do what a change of the model's world is on the device."""
        device, world = self.device, self.model.world
        value: Any = step.value
        if step.name == "armed":
            if not value:
                device.write("disarm", 1)
            elif not world.killed:
                # After reset the box is killed: nobody has refreshed the deadman.
                self.arm(Scope.ARM | Scope.CLEAR_KILL)
        elif step.name == "killed":
            device.write("kill", 1) if value else self.arm(Scope.ARM | Scope.CLEAR_KILL)
        elif step.name == "killed_instruments" and not value:
            self.arm(Scope.CLEAR_INSTRUMENTS)
        elif step.name in _GROUPS and not value:
            self.arm(Scope.CLEAR_GROUPS)
            for name in _GROUPS:
                getattr(world, name).clear()
        elif step.name.startswith("killed_"):
            # An arming clears all groups at once: what is killed adds up until then.
            mask = sum(1 << one for one in value)
            device.write(step.name.replace("killed", "kill"), mask)
            value |= getattr(world, step.name)

    def ask(self, step: Ask) -> int:
        """Make a request, wait for the event that closes it, and return the checks that failed."""
        record = np.zeros(1, RISK_REQUEST_DTYPE)
        for name, value in step.request._asdict().items():
            record[name] = value
        self.device.post(record)
        waited, closed = 0, None
        while closed is None:
            self.collect(14)
            waited += 14
            closed = next((e for e in self.events if e["kind"] in _CLOSING), None)
            assert waited < _PATIENCE, f"{step.request} must be answered"
        self.requests += 1
        return closed["failed"]

    def rest(self) -> None:
        """Wait until cancels are sent, bounds are exact and every instrument is marked."""
        rounds = 3 * 8 * (self.device.risk.instruments + 2)
        self.collect(rounds)
        waited = 0
        while self.device.read("risk_status") & (_SETTLED | _CANCELLING) != _SETTLED:
            self.collect(64)
            waited += 64
            assert waited < _PATIENCE, "the gate must come to rest"
        self.collect(rounds)

    def step(self, step: Step) -> None:
        """Take both through a step and compare."""
        said = None
        if isinstance(step, Stage) and step.name == "max_loss" and self.requests:
            self.flow._drawn = None  # left out
            return
        if isinstance(step, Ask):
            step = Ask(step.request._replace(time=self.model.world.now))
            said = self.ask(step)
        elif isinstance(step, Told):
            self.told(step)
        elif isinstance(step, Stage):
            self.write_limit(step.name, step.value, step.index)
        elif isinstance(step, Commit):
            self.device.write("limits_commit", 1)
            self.collect(sum(len(fields) * 64 for fields in LIMITS.values()))
        elif isinstance(step, Settle | CancelAll):
            self.rest()
        elif isinstance(step, Quoted):
            assert step.double_mid is not None
            self.quote(step.instrument, step.double_mid)
        elif isinstance(step, Traded):
            assert step.last is not None
            self.update(step.instrument, kind=UPDATE_KIND.trade, tick=step.last, quantity=1)
        elif isinstance(step, BookMoved):
            self.update(step.instrument, kind=UPDATE_KIND.status)
        outcome = self.flow.apply(step, said)
        if outcome is not None and outcome.fault_kill is not None:
            # The device kills by itself, and at once.
            self._compare(step, outcome)
            killed = outcome.fault_kill
            self.model.world.killed_instruments |= {killed}
            self.rest()
            step = CancelAll(Targets(instruments=frozenset({killed})))
            outcome = self.model.cancel_all(step.targets)
        if isinstance(step, Told) and step.name in ("killed", "armed"):
            # A kill disarms, and a killed box cannot be armed.
            world = self.model.world
            world.armed = not world.killed and (step.name == "killed" or bool(step.value))
        self._compare(step, outcome)

    def _compare(self, step: Step, outcome: Any) -> None:
        """Compare what came with what the model says, in order."""
        if outcome is None:
            return
        own = isinstance(step, CancelAll)
        events, orders = (self.own_events, self.own_orders) if own else (self.events, self.orders)
        for found, expected in ((events, outcome.events), (orders, outcome.orders)):
            assert found == expected, f"{step}: {_difference(found, expected)}"
            found.clear()


def _difference(found: list[dict[str, int]], expected: list[dict[str, int]]) -> str:
    if len(found) != len(expected):
        return f"{len(found)} instead of {len(expected)}: {found}, {expected}"
    pairs = (
        {n: (a[n], b[n]) for n in a if a[n] != b[n]} for a, b in zip(found, expected, strict=True)
    )
    return f"found, expected: {next(filter(None, pairs), {})}"
