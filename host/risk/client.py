"""An operator's line to the risk gate of a running appliance, beside whoever has the device."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import zmq
from numpy.typing import NDArray

from host.device.base import NoGateError
from host.device.link import DeviceLink, risk_of
from host.device.records import RISK_EVENT_DTYPE
from host.device.registry import check_map_id
from host.env import Environment
from host.protocol.batches import Content
from host.protocol.messages import (
    DeviceRead,
    DeviceValue,
    DeviceWrite,
    Done,
    Message,
    Request,
    RiskAudit,
    RiskHold,
    RiskLimits,
    RiskLimitsGet,
    RiskLimitsSet,
    RiskTrips,
    RiskTripsGet,
)
from hw.presets import BookParameters
from hw.risk_parameters import RiskParameters

__all__ = ["GateClient"]

Records = NDArray[np.void]


class GateClient:
    """Attach to the worker of a device with a risk gate; read, command, read out, and leave.

    Parameters
    ----------
    context : zmq.Context
        Of the process.
    endpoint : str
        Where the worker takes its clients.
    parameters : BookParameters
        What the device must have been built with.
    env : Environment
        Clocks and ids.
    watch : callable
        Raises what is wrong with the processes between here and the device.
    answer_s : float
        Longest wait for any one answer [s].

    Attributes
    ----------
    name : str
        Backend of the device.
    risk : RiskParameters
        Size of its gate.

    Raises
    ------
    NoGateError
        If the device has no risk gate.
    DeviceLostError, DeviceMismatchError
        As ``host.device.remote.RemoteDevice``.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        parameters: BookParameters,
        *,
        env: Environment,
        watch: Callable[[], None],
        answer_s: float = 30.0,
    ) -> None:
        self._env = env
        self._came: list[Records] = []
        self._link = DeviceLink(
            context, endpoint, env=env, watch=watch, answer_s=answer_s, take=self._take
        )
        try:
            opened = self._link.open(attach=True)
            risk = risk_of(opened)
            check_map_id(opened.name, opened.map_id, parameters, risk=risk)
            if risk is None:
                raise NoGateError(f"device {opened.name} has no risk gate")
        except BaseException:
            self._link.abandon()
            raise
        self.name: str = opened.name
        self.risk: RiskParameters = risk

    def read(self, register: str, index: int = 0) -> int:
        """Return the value of a register.

        Raises
        ------
        KeyError, IndexError
            As ``host.device.base.Device.read``.
        DeviceError, DeviceLostError
            As ``host.device.remote.RemoteDevice.read``.
        """
        request_id = self._env.new_id()
        answer = self._ask(DeviceRead(request_id=request_id, name=register, index=index))
        assert isinstance(answer, DeviceValue)
        return answer.value

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Write a register of the gate; limits and the book engine's are refused.

        Raises
        ------
        KeyError, IndexError, PermissionError, ValueError
            As ``host.device.base.Device.write``.
        DeviceError, DeviceLostError
            As ``read``.
        """
        request_id = self._env.new_id()
        self._ask(DeviceWrite(request_id=request_id, name=register, value=value, index=index))

    def limits(self) -> RiskLimits:
        """Return the limits that were set last, and whether they are in force."""
        answer = self._ask(RiskLimitsGet(request_id=self._env.new_id()))
        assert isinstance(answer, RiskLimits)
        return answer

    def set_limits(self, document: Mapping[str, Any], *, commits: int) -> None:
        """Bring limits into force, whole or not at all, if there were ``commits`` so far.

        Raises
        ------
        ValueError
            If anything is wrong with them, or others were set meanwhile.
        PermissionError
            If they would open a venue that must not be open while the box is armed.
        DeviceError, DeviceLostError
            As ``read``; if the gate refused, the limits in force are as they were.
        """
        request_id = self._env.new_id()
        self._ask(RiskLimitsSet(request_id=request_id, document=dict(document), commits=commits))

    def trips(self) -> RiskTrips:
        """Return the latest acts of the kill switch, the circuit breaker and of arming."""
        answer = self._ask(RiskTripsGet(request_id=self._env.new_id()))
        assert isinstance(answer, RiskTrips)
        return answer

    def audit(self) -> Records:
        """Return the events of a read-out: open orders and positions.

        Raises
        ------
        DeviceError, DeviceLostError
            As ``read``; or if it does not end.
        """
        self._came.clear()
        self._ask(RiskAudit(request_id=self._env.new_id()))
        return np.concatenate([np.zeros(0, RISK_EVENT_DTYPE), *self._came])

    def hold(self, lease_ns: int) -> None:
        """Have the worker refresh the deadman for so long [ns], at most 10 s; 0: no more."""
        self._ask(RiskHold(request_id=self._env.new_id(), lease=lease_ns))

    def close(self) -> None:
        """Leave. Calling it twice is allowed."""
        self._link.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave."""
        self.close()

    def _ask(self, message: Request) -> Message:
        answer = self._link.request(message)
        wanted = _ANSWERS.get(type(message), Done)
        if not isinstance(answer, wanted):
            raise self._link.lose(
                f"the worker answered {type(message).__name__} with {answer.kind}"
            )
        return answer

    def _take(self, content: Content, records: Records) -> str | None:
        if content != "risk_events":
            return f"{content} came, which nobody asked for"
        self._came.append(records)
        return None


_ANSWERS: dict[type[Request], type[Request]] = {
    DeviceRead: DeviceValue,
    RiskLimitsGet: RiskLimits,
    RiskTripsGet: RiskTrips,
}
