"""A device in another process."""

from collections.abc import Callable
from typing import Self

import numpy as np
import zmq
from numpy.typing import NDArray

from host.device.base import DeviceError
from host.device.link import DeviceLink, risk_of
from host.device.records import RISK_REQUEST_DTYPE, UPDATE_DTYPE
from host.device.registry import check_map_id
from host.device.sequence import HoleDetector
from host.env import Environment
from host.protocol.batches import DTYPES, FROM_DEVICE, Content
from host.protocol.messages import (
    DeviceCollect,
    DeviceDrain,
    DevicePin,
    DeviceRead,
    DeviceValue,
    DeviceWrite,
    Done,
    Request,
    RiskHold,
)
from hw.presets import BookParameters

__all__ = ["RemoteDevice"]

Records = NDArray[np.void]


class RemoteDevice:
    """The device of a worker, over ZeroMQ.

    Transfers and exchanges are pipelined: ``transfer`` and ``exchange`` send, and return what came
    for earlier batches. They wait only when as many batches are on the way as the worker gave
    credits for. Give ``transfer`` 1,024 updates or more at a time where speed counts; a batch costs
    some 0.1 ms.

    One thread at a time may use it.

    Parameters
    ----------
    context : zmq.Context
        Of the process.
    endpoint : str
        Where the worker takes its client.
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
    name, parameters, cycle_accurate
        As in ``host.device.base.Device``.
    risk : RiskParameters or None
        What its risk gate was built with, as the worker says and ``map_id`` confirms; None where it
        has none. With a gate the device is a ``host.device.base.RiskDevice``.

    Raises
    ------
    DeviceLostError
        If no answer comes.
    DeviceMismatchError
        If the device is another than this host expects.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        parameters: BookParameters,
        *,
        env: Environment,
        watch: Callable[[], None],
        answer_s: float = 120.0,
    ) -> None:
        self.parameters = parameters
        self._env = env
        self._in_flight = 0  # batches without their answer
        self._holes = {"events": HoleDetector(), "risk_events": HoleDetector()}
        self._came: dict[Content, list[Records]] = {content: [] for content in FROM_DEVICE}
        self._link = DeviceLink(
            context, endpoint, env=env, watch=watch, answer_s=answer_s, take=self._take
        )
        try:
            self._open()
        except BaseException:
            self._link.abandon()
            raise

    def _open(self) -> None:
        opened = self._link.open()
        self.risk = risk_of(opened)
        check_map_id(opened.name, opened.map_id, self.parameters, risk=self.risk)
        self._credits = opened.credits
        self._max_batch = opened.max_batch
        self.name = opened.name
        self.cycle_accurate = opened.cycle_accurate

    def read(self, register: str, index: int = 0) -> int:
        """Return the value of a register after all batches sent so far; see ``Device.read``.

        Raises
        ------
        KeyError, IndexError
            As ``Device.read``.
        DeviceError
            If the device failed or is closed.
        DeviceLostError
            If a process between here and the device is gone.
        """
        answer = self._link.request(
            DeviceRead(request_id=self._env.new_id(), name=register, index=index)
        )
        if not isinstance(answer, DeviceValue):
            raise self._link.lose(f"the worker answered read with {answer.kind}")
        return answer.value

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Write a register after all batches sent so far; see ``Device.write``.

        Raises
        ------
        KeyError, IndexError, PermissionError, ValueError
            As ``Device.write``.
        DeviceError, DeviceLostError
            As ``read``.
        """
        request_id = self._env.new_id()
        self._command(DeviceWrite(request_id=request_id, name=register, value=value, index=index))
        if register == "control":
            self._holes["events"].restart()  # a restart counts events from 0 again

    def transfer(self, updates: Records) -> Records:
        """Send updates and return the events that have come, in order; see ``Device.transfer``.

        Raises
        ------
        ValueError
            If ``updates`` has another dtype or shape.
        DeviceError, DeviceLostError
            As ``read``.
        """
        if updates.dtype != UPDATE_DTYPE or updates.ndim != 1:
            raise ValueError(
                f"updates must be one-dimensional of dtype UPDATE_DTYPE, not {updates.dtype} "
                f"of shape {updates.shape}"
            )
        self._send("updates", updates)
        return self._fetch("events")

    def drain(self) -> Records:
        """Run until nothing is under way and return the events that came; see ``Device.drain``.

        Raises
        ------
        DeviceError, DeviceLostError
            As ``read``.
        """
        self._command(DeviceDrain(request_id=self._env.new_id()))
        self._in_flight = 0  # answers come in order
        return self._fetch("events")

    def exchange(self, requests: Records) -> tuple[Records, Records]:
        """Send requests; return the orders and risk events that have come, in order.

        See ``RiskDevice.exchange``.

        Raises
        ------
        ValueError
            If ``requests`` has another dtype or shape.
        DeviceError
            As ``read``; or if the device has no risk gate.
        DeviceLostError
            As ``read``.
        """
        if requests.dtype != RISK_REQUEST_DTYPE or requests.ndim != 1:
            raise ValueError(
                f"requests must be one-dimensional of dtype RISK_REQUEST_DTYPE, not "
                f"{requests.dtype} of shape {requests.shape}"
            )
        self._check_gate()
        self._send("requests", requests)
        return self._fetch("orders"), self._fetch("risk_events")

    def collect(self, cycles: int = 0) -> tuple[Records, Records]:
        """Run some cycles; return the orders and risk events of all batches sent so far.

        See ``RiskDevice.collect``.

        Raises
        ------
        ValueError
            If ``cycles`` is negative.
        DeviceError, DeviceLostError
            As ``exchange``.
        """
        if cycles < 0:
            raise ValueError(f"cycles must be at least 0, not {cycles}")
        self._check_gate()
        self._command(DeviceCollect(request_id=self._env.new_id(), cycles=cycles))
        self._in_flight = 0  # answers come in order
        return self._fetch("orders"), self._fetch("risk_events")

    def set_pin(self, high: bool) -> None:
        """Set the kill pin after all batches sent so far; see ``RiskDevice.set_pin``.

        Raises
        ------
        DeviceError, DeviceLostError
            As ``exchange``.
        """
        self._check_gate()
        self._command(DevicePin(request_id=self._env.new_id(), high=high))

    def hold(self, lease_ns: int) -> None:
        """Have the worker refresh the deadman for so long [ns], at most 10 s; 0: no more.

        It ends with this client at the latest. Renew it well before it ends. While the device is
        busy with a batch the worker refreshes nothing: in simulation that is many cycles.

        Raises
        ------
        DeviceError, DeviceLostError
            As ``exchange``.
        """
        self._check_gate()
        self._command(RiskHold(request_id=self._env.new_id(), lease=lease_ns))

    def close(self) -> None:
        """Give the device back. Calling it twice is allowed."""
        self._link.close()

    def __enter__(self) -> Self:
        """Return the device."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the device."""
        self.close()

    def _check_gate(self) -> None:
        self._link.check()
        if self.risk is None:
            raise DeviceError(f"device {self.name} has no risk gate")

    def _command(self, message: Request) -> None:
        answer = self._link.request(message)
        if not isinstance(answer, Done):
            asked = type(message).__name__
            raise self._link.lose(f"the worker answered {asked} with {answer.kind}")

    def _send(self, content: Content, records: Records) -> None:
        """Send records in batches, as credits allow, and take what has come."""
        self._link.check()
        for start in range(0, max(len(records), 1), self._max_batch):
            while self._in_flight >= self._credits:
                self._link.wait()
            self._link.send(content, records[start : start + self._max_batch])
            self._in_flight += 1
        while self._in_flight and self._link.waits():
            self._link.wait()

    def _take(self, content: Content, records: Records) -> str | None:
        """Keep a batch; return a sentence if records were lost."""
        self._came[content].append(records)
        if content not in self._holes:
            return None
        self._in_flight -= 1  # risk events are the last batch of their answer
        return self._holes[content].check(records)

    def _fetch(self, content: Content) -> Records:
        """Return what came, as a copy that may be modified."""
        parts, self._came[content] = self._came[content], []
        return np.concatenate(parts) if parts else np.zeros(0, DTYPES[content])
