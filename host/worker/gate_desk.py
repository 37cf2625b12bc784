"""What the worker does with the risk gate beside the stream of whoever has the device."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from host.device.base import DeviceError, RiskDevice
from host.device.records import ORDER_DTYPE, RISK_EVENT_DTYPE, RISK_REQUEST_DTYPE
from host.env import Environment
from host.protocol.risk_messages import RiskLimits, RiskTrips, Trip
from host.risk.image import apply_limits, limits_image, read_image
from host.risk.limits import Limits, LimitsError, Problem, parse_limits
from hw.arming import Scope
from hw.records import REQUEST_KIND, RISK_EVENT_KIND
from hw.registers import RISK_REGISTERS

__all__ = ["TRIPS", "GateDesk"]

Records = NDArray[np.void]

TRIPS: Final = 128  # remembered; as many fit one control message
_KEPT: Final = 65_536  # events that wait for whoever takes the device next; older ones are dropped
_REFRESH_S: Final = 0.05  # between two refreshes of the deadman [s]
_AUDIT_STEP: Final = 2_000  # [cycles]
_AUDIT_STEPS: Final = 200
#: Events of the kill switch, the circuit breaker and of arming.
_TOLD: Final = tuple(
    getattr(RISK_EVENT_KIND, name)
    for name in ("tripped", "released", "killed", "armed", "refused", "disarmed")
)
#: Kills by the host whose events do not say what was killed.
_GROUP_KILLS: Final = ("kill_venues", "kill_accounts", "kill_instruments", "kill_strategies")
#: What may be written without having the device: not what a stream or a set of limits rests on.
_COMMANDS: Final = frozenset(RISK_REGISTERS) - {"time_step", "limits_commit"}


class GateDesk:
    """Set limits, read out, remember trips, and keep the deadman alive for those who ask.

    What the gate says while nobody takes it, or while another client asks, is kept for whoever has
    the device: the stream of events has no holes.

    Parameters
    ----------
    device : RiskDevice
        Used here and by the service, never at the same time.
    env : Environment
        Clocks.
    """

    def __init__(self, device: RiskDevice, env: Environment) -> None:
        self._device = device
        self._env = env
        self._orders: list[Records] = []
        self._events: list[Records] = []
        self._reading = 0  # read-outs that were asked for and are not over
        self._read_out: deque[Records] = deque(maxlen=2 * _AUDIT_STEPS)
        self._trips: deque[Trip] = deque(maxlen=TRIPS)
        self._trips_seen = 0
        self._limits: Limits | None = None
        self._holds: dict[bytes, float] = {}
        self._refreshed = -_REFRESH_S

    def exchange(self, requests: Records) -> tuple[Records, Records]:
        """Send requests of whoever has the device; return what is there, orders and events."""
        self._send(requests)
        return self._take()

    def collect(self, cycles: int) -> tuple[Records, Records]:
        """Run some cycles; return what is there for whoever has the device."""
        self._keep(self._device.collect(cycles))
        return self._take()

    def set_pin(self, high: bool) -> None:
        """Set the kill pin."""
        self._device.set_pin(high)

    def _send(self, requests: Records) -> None:
        self._reading += int((requests["kind"] == REQUEST_KIND.audit).sum())
        self._keep(self._device.exchange(requests))

    def _take(self) -> tuple[Records, Records]:
        orders = np.concatenate([np.zeros(0, ORDER_DTYPE), *self._orders])
        events = np.concatenate([np.zeros(0, RISK_EVENT_DTYPE), *self._events])
        self._orders, self._events = [], []
        return orders, events

    def _keep(self, made: tuple[Records, Records]) -> None:
        orders, events = made
        self._reading -= int((events["kind"] == RISK_EVENT_KIND.audit_done).sum())
        self._read_out.append(events[events["cause"] == REQUEST_KIND.audit])
        self._remember(events[np.isin(events["kind"], _TOLD)])
        if len(orders):
            self._orders.append(orders)
        if len(events):
            self._events.append(events)
            if sum(map(len, self._events)) > _KEPT:
                self._events = [np.concatenate(self._events)[-_KEPT:]]

    def _remember(self, events: Records) -> None:
        for event in events:
            if event["kind"] == RISK_EVENT_KIND.killed and not event["failed"]:
                continue  # a kill of a group by the host: told by its register, see note_write
            self._add_trip(
                RISK_EVENT_KIND.name_of(int(event["kind"])),
                time=int(event["time"]),
                cycle=int(event["cycle"]),
                mask=int(event["failed"]),
                operator=int(event["order_id"]),
                instrument=int(event["instrument"]),
                action=int(event["action"]),
            )

    def _add_trip(
        self,
        what: str,
        *,
        time: int,
        cycle: int,
        mask: int,
        operator: int = 0,
        instrument: int = 0,
        action: int = 0,
    ) -> None:
        self._trips_seen += 1
        self._trips.append(
            Trip(
                seen_at=self._env.wall_ns(), what=what, time=time, cycle=cycle, mask=mask,
                operator=operator, instrument=instrument, action=action,
            )
        )  # fmt: skip

    def write(self, register: str, value: int, index: int) -> None:
        """Write a register for a client that does not have the device.

        Raises
        ------
        PermissionError
            If only whoever has the device may write it, or limits are set whole; or if an arming
            is asked for while the limits in force are not those that were set here, or open a
            venue that leaves orders behind on a disconnect.
        """
        if register not in _COMMANDS:
            raise PermissionError(
                f"register {register} is written by whoever has the device; limits are set whole"
            )
        if register == "arm_ask" and value >> 8 & Scope.ARM:
            self._check_arming()
        self._device.write(register, value, index)
        self.note_write(register, value)

    def _check_arming(self) -> None:
        if self._limits is None:
            raise PermissionError("no limits were set: set some before arming")
        if not self._in_force(self._limits):
            raise PermissionError("the limits of the device are not those that were set last")
        if unsafe := self._limits.unsafe_venues():
            raise PermissionError(
                f"venues without cancel on disconnect: {', '.join(unsafe)}; have the venue switch "
                "it on and declare cancel_on_disconnect, or close its session"
            )

    def _in_force(self, limits: Limits) -> bool:
        return read_image(self._device) == limits_image(limits, self._device.risk)

    def note_write(self, register: str, value: int) -> None:
        """Remember a kill by the host whose event does not say what was killed."""
        if register in _GROUP_KILLS and value:
            self._keep(self._device.collect())  # what came before it is told before it
            now, cycle = self._device.read("now"), self._device.read("cycles")
            self._add_trip(register, time=now, cycle=cycle, mask=value)

    def set_limits(self, document: Mapping[str, Any], commits: int) -> None:
        """Bring limits into force, whole or not at all, if there were ``commits`` so far.

        Raises
        ------
        LimitsError
            If anything is wrong with them, or there were other commits; nothing was written.
        DeviceError
            If the gate refused; the limits in force are as they were.
        PermissionError
            If the box is armed and a venue's session would open that leaves orders behind.
        """
        if (found := self._device.read("limits_commit")) != commits:
            text = f"others were set meanwhile: {found} commits, not {commits}; look again"
            raise LimitsError(Problem(where="", text=text))
        limits = parse_limits(document)
        unsafe = limits.unsafe_venues()
        if unsafe and self._device.read("disarm") == 0:
            raise PermissionError(
                f"the box is armed, and {', '.join(unsafe)} would be open without cancel on "
                "disconnect; disarm first, or close the session"
            )
        apply_limits(
            self._device, limits_image(limits, self._device.risk), monotonic=self._env.monotonic
        )
        self._limits = limits

    def limits(self, request_id: int) -> RiskLimits:
        """Return the limits that were set last, and whether the registers still hold them."""
        limits = self._limits
        return RiskLimits(
            request_id=request_id,
            document={} if limits is None else dict(limits.given),
            in_force=limits is not None and self._in_force(limits),
            commits=self._device.read("limits_commit"),
        )

    def trips(self, request_id: int) -> RiskTrips:
        """Return the latest trips, oldest first."""
        self._keep(self._device.collect())
        return RiskTrips(
            request_id=request_id,
            trips=tuple(self._trips),
            forgotten=self._trips_seen - len(self._trips),
        )

    def audit(self) -> Records:
        """Read out the open orders and the positions; return those events and the closing one.

        Raises
        ------
        DeviceError
            If the read-out does not end: orders that nobody takes hold it up, for example.
        """
        request = np.zeros(1, RISK_REQUEST_DTYPE)
        request["kind"] = REQUEST_KIND.audit
        before = self._reading  # read-outs of others that are not over
        self._read_out.clear()
        self._send(request)
        for _ in range(_AUDIT_STEPS):
            if self._reading == 0:
                found = np.concatenate(self._read_out)
                ends = np.flatnonzero(found["kind"] == RISK_EVENT_KIND.audit_done)
                return found[ends[before - 1] + 1 if before else 0 :]
            self._keep(self._device.collect(_AUDIT_STEP))
        raise DeviceError(f"the read-out did not end in {_AUDIT_STEPS * _AUDIT_STEP} cycles")

    def hold(self, client: bytes, lease_ns: int) -> None:
        """Refresh the deadman for a client until its lease ends [ns]; 0 ends it."""
        self._holds.pop(client, None)
        if lease_ns:
            self._holds[client] = self._env.monotonic() + lease_ns / 1e9
            self._refreshed = -_REFRESH_S
            self.refresh()

    def refresh(self) -> None:
        """Refresh the deadman if a lease runs and the last refresh is a while ago."""
        now = self._env.monotonic()
        self._holds = {client: end for client, end in self._holds.items() if end > now}
        if self._holds and now - self._refreshed >= _REFRESH_S:
            self._device.write("deadman", 1)
            self._refreshed = now
