"""The device with the risk gate, taken through the steps of a ``RiskFlow`` and compared.

The market is made by updates of real books, limits and kills by registers, arming by challenge and
answer; the circuit breaker acts because limits are set that the market crosses.
"""

from typing import Any, Final

import numpy as np

from host.device.records import RISK_REQUEST_DTYPE
from hw.arming import Scope
from hw.breaker_detectors import BREAKER_DETECTORS
from hw.records import (
    BREAKER_ACTION,
    RISK_EVENT_KIND,
    UPDATE_KIND,
)
from sim.devices.verilated_risk import VerilatedRiskDevice
from sim.models.risk_world import Targets
from sim.orderflow.risk_flow import RiskFlow
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
from tests.system.device_troubles import SILENCE, DeviceTroubles
from tests.system.risk_box import PATIENCE, RiskBox

__all__ = ["RiskRig", "device_flow"]

_CLOSING: Final = (
    RISK_EVENT_KIND.passed, RISK_EVENT_KIND.denied, RISK_EVENT_KIND.cancel_sent,
    RISK_EVENT_KIND.told, RISK_EVENT_KIND.audit_done,
)  # fmt: skip
_SETTLED: Final = 1 << 7
_CANCELLING: Final = 1 << 5
_SOON: Final = 1  # [1024 cycles]
_RATE: Final = BREAKER_DETECTORS.index("rate")
_GROUPS: Final = ("killed_venues", "killed_accounts", "killed_strategies")


def device_flow(parameters: Any, seed: int) -> RiskFlow:
    """Return traffic that a device can be taken through."""
    flow = RiskFlow(parameters, seed, troubles=DeviceTroubles)
    flow.setting.limits["deadman_timeout"] = [SILENCE]
    flow.setting.limits["reject_limit"] = [32]
    return flow


class RiskRig(RiskBox):
    """Device and model, step by step.

    Parameters
    ----------
    device : VerilatedRiskDevice
        The device.
    flow : RiskFlow
        From ``device_flow``.

    Attributes
    ----------
    requests : int
        So far.
    """

    def __init__(self, device: VerilatedRiskDevice, flow: RiskFlow) -> None:
        super().__init__(device, flow.gate, flow.setting)
        self.flow = flow
        self.requests = 0

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
        elif step.name == "deadman_expired":
            self._let_expire(bool(value))
        elif step.name in ("halted", "reducing", "bands"):
            self._let_break(step.name, value)
        elif step.name == "killed_instruments" and not value:
            self.arm(Scope.CLEAR_INSTRUMENTS, (1 << device.risk.instruments) - 1)
        elif step.name in _GROUPS and not value:
            self.arm(Scope.CLEAR_GROUPS)
            for name in _GROUPS:
                getattr(world, name).clear()
        elif step.name.startswith("killed_"):
            # An arming clears all groups at once: what is killed adds up until then.
            mask = sum(1 << one for one in value)
            device.write(step.name.replace("killed", "kill"), mask)
            value |= getattr(world, step.name)

    def _let_expire(self, expires: bool) -> None:
        """Let the deadman expire, or refresh it."""
        world = self.model.world
        self.device.write("deadman_timeout", _SOON if expires else SILENCE, 0)
        self.commit()
        if expires:
            self.collect(1024 * (_SOON + 1))
            world.killed, world.armed = True, False
        else:
            self.device.write("deadman", 1)

    def _let_break(self, name: str, value: Any) -> None:
        """Let the circuit breaker act for one instrument, by limits that its market crosses."""
        world, before = self.model.world, getattr(self.model.world, name)
        if value == before:
            return
        (i,) = value or before
        starts, kinds = bool(value), RISK_EVENT_KIND
        if name == "bands":
            low, _ = next(iter((value or before).values()))
            distance = max(self.quoted[i] // 2 - low, 0)
            self._watch(i, breaker_flags=3 if starts else 1, luld_band=distance)
            if starts:
                double = self.quoted[i]
                value[i] = (double + 1) // 2 - distance, double // 2 + distance
            return
        action = BREAKER_ACTION.halt if name == "halted" else BREAKER_ACTION.reduce
        rate = 0 if starts else self.flow.setting.largest("breaker_rate")
        self._watch(i, breaker_actions=action << 2 * _RATE if starts else 0, breaker_rate=rate)
        told = kinds.tripped if starts else kinds.released
        if starts or name == "reducing":
            (event,) = (e for e in self.events if e["kind"] in (kinds.tripped, kinds.released))
            self.events.remove(event)
            said = {n: event[n] for n in ("kind", "instrument", "failed", "first", "action")}
            assert said == {
                "kind": told, "instrument": i, "failed": starts << _RATE,
                "first": _RATE if starts else 0, "action": action,
            }  # fmt: skip
        else:
            assert self.device.read("halted_instruments") == 1 << i  # a halt does not end by itself
            self.arm(Scope.CLEAR_INSTRUMENTS, 1 << i)
            world.killed_instruments -= {i}
        mask = self.device.read(f"{name}_instruments")
        assert mask == sum(1 << one for one in value)

    def _watch(self, instrument: int, **limits: int) -> None:
        """Set limits of the circuit breaker, and let it visit every instrument."""
        for name, value in limits.items():
            self.device.write(name, value, instrument)
        self.commit()

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
            assert waited < PATIENCE, f"{step.request} must be answered"
        self.requests += 1
        return closed["failed"]

    def rest(self) -> None:
        """Wait until cancels are sent, bounds are exact and every instrument is marked."""
        rounds = 3 * 8 * (self.device.risk.instruments + 2)
        self.collect(rounds)
        rest = _SETTLED | _CANCELLING
        self.until("risk_status", lambda s: s & rest == _SETTLED, "the gate must come to rest")
        self.collect(rounds)

    def step(self, step: Step) -> None:
        """Take both through a step and compare."""
        said = None
        if isinstance(step, Ask):
            step = Ask(step.request._replace(time=self.model.world.now))
            said = self.ask(step)
        elif isinstance(step, Told):
            self.told(step)
        elif isinstance(step, Stage):
            self.device.write(step.name, step.value, step.index)
        elif isinstance(step, Commit):
            self.commit()
        elif isinstance(step, Forget):
            self.commit(2)
        elif isinstance(step, Settle | CancelAll):
            self.rest()
        elif isinstance(step, Quoted):
            self.quote(step.instrument, step.double_mid)
        elif isinstance(step, Traded):
            assert step.last is not None
            trade = {"kind": UPDATE_KIND.trade, "tick": step.last, "quantity": 1}
            self.update(step.instrument, trade)
        elif isinstance(step, BookMoved):
            step = self.move_book(step)
        outcome = self.flow.apply(step, said)
        self._compare(step, outcome)
        if outcome is not None and outcome.fault_kill is not None:
            # The device kills by itself, and at once; what is killed already it does not kill anew.
            killed, world = outcome.fault_kill, self.model.world
            anew = {killed} - world.killed_instruments
            world.killed_instruments |= anew
            if anew:
                self._cancel(Targets(instruments=frozenset(anew)))
        if isinstance(step, Told) and step.name in ("killed", "armed"):
            # A kill disarms, and a killed box cannot be armed.
            world = self.model.world
            world.armed = not world.killed and (step.name == "killed" or bool(step.value))
        self._mark(step)

    def _mark(self, step: Step) -> None:
        """Let all be marked, where a limit of losses is near: a loss kills."""
        state, world = self.model.state, self.model.world
        near = min(state.active["max_loss"]) < max(self.flow.setting.limits["max_loss"])
        if near and isinstance(step, Ask | Quoted | Commit):
            self.rest()
            self.model.settle()
        if (
            any(state.loss_up)
            and not world.killed
            and isinstance(step, Ask | Quoted | Settle | Commit)
        ):
            world.killed, world.armed = True, False
            self._cancel(Targets(box=True))

    def _cancel(self, targets: Targets) -> None:
        """Compare the cancels that the device sends by itself."""
        self.rest()
        self._compare(CancelAll(targets), self.model.cancel_all(targets))

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
