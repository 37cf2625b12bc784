"""The appliance: a controller and a worker as processes, and the device that they hold."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

import zmq

from host.arguments import Arguments
from host.controller.client import ControllerClient
from host.device.base import DeviceLostError
from host.device.remote import RemoteDevice
from host.env import SYSTEM, Environment
from host.process import Child
from host.protocol.endpoints import private_directory
from host.protocol.messages import ControllerStatus, StatusRequest
from hw.presets import BookParameters

__all__ = ["Appliance"]

_log = logging.getLogger(__name__)
_WORKER: Final = "fpga"
_POLL_S: Final = 0.1
_AGREE_S: Final = 1.0  # for the controller to take the stop
_STOP_S: Final = 6.0  # for it to stop its worker, by force if need be


class Appliance:
    """Start the processes on entry, stop them on exit; nothing of them is left afterwards.

    Parameters
    ----------
    device : str
        Backend (``verilated``, ``model``), or a path ``module:attribute``.
    parameters : BookParameters
        Size of the device.
    on_stage : callable, optional
        Is told what is going on while the device opens, a short text each time it changes.
    start_s : float
        Longest time until the device is ready [s]; the first start of ``verilated`` compiles.
    answer_s : float
        Longest wait for any one answer of the device [s].
    env : Environment
        Clocks and ids.

    Attributes
    ----------
    device : RemoteDevice
        After entry.
    directory : Path
        After entry: private directory of the sockets and logs; gone after exit.

    Raises
    ------
    DeviceError
        On entry, if the device cannot be opened.
    DeviceMismatchError
        On entry, if it is another than this host expects.
    DeviceLostError
        On entry, if a process ended or was not ready in time.

    Examples
    --------
    >>> with Appliance("model", PRESETS["small"]) as appliance:  # doctest: +SKIP
    ...     events = appliance.device.transfer(updates)
    """

    device: RemoteDevice
    directory: Path

    def __init__(
        self,
        device: str,
        parameters: BookParameters,
        *,
        on_stage: Callable[[str], None] | None = None,
        start_s: float = 600.0,
        answer_s: float = 120.0,
        env: Environment = SYSTEM,
    ) -> None:
        self._backend = device
        self._parameters = parameters
        self._on_stage = on_stage
        self._start_s = start_s
        self._answer_s = answer_s
        self._env = env
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        """Start, and wait until the device is ready."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop."""
        self.stop()

    @property
    def controller_pid(self) -> int:
        """Process id of the controller."""
        return self._child.pid

    def status(self, timeout_s: float = 5.0) -> ControllerStatus:
        """Ask the controller how it and its worker are.

        Raises
        ------
        DeviceLostError
            If it does not answer within ``timeout_s`` [s].
        """
        answer = self._client.request(StatusRequest(request_id=self._env.new_id()), timeout_s)
        if not isinstance(answer, ControllerStatus):
            raise DeviceLostError(f"the controller did not answer within {timeout_s:.0f} s")
        return answer

    def _start(self) -> None:
        directory = self.directory = private_directory()
        self._undo.append(lambda: shutil.rmtree(directory, ignore_errors=True))
        arguments = Arguments(
            directory=directory,
            worker=_WORKER,
            device=self._backend,
            parameters=self._parameters,
        )
        self._child = Child(
            "host.controller", arguments.to_list(), log=directory / "controller.log"
        )
        self._undo.append(self._child.kill)
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._undo.append(context.term)
        self._client = ControllerClient(context, directory, self._env, ended=self._controller_end)
        self._undo.append(self._client.close)
        self._undo.append(self._stop_controller)
        endpoint = self._wait_until_ready()
        self.device = RemoteDevice(
            context,
            endpoint,
            self._parameters,
            env=self._env,
            watch=self._client.update,
            answer_s=self._answer_s,
        )
        self._undo.append(self.device.close)

    def _controller_end(self) -> str | None:
        return None if self._child.alive() else self._child.describe_end()

    def _wait_until_ready(self) -> str:
        deadline = self._env.monotonic() + self._start_s
        told = ""
        while True:
            self._client.update(_POLL_S)
            worker = self._client.worker
            if worker is not None and worker.state == "ready":
                return worker.endpoint
            if worker is not None and worker.detail != told:
                told = worker.detail
                _log.info("%s", told)
                if self._on_stage is not None:
                    self._on_stage(told)
            if self._env.monotonic() > deadline:
                raise DeviceLostError(
                    f"device {self._backend} was not ready in {self._start_s:.0f} s; "
                    f"it was last busy with: {told or 'starting'}"
                )

    def _stop_controller(self) -> None:
        if self._child.alive():
            agreed = self._client.stop(_AGREE_S)
            self._child.stop(_STOP_S if agreed else 0.0)

    def stop(self) -> None:
        """Stop the processes: ask, then terminate, then kill. Calling it twice is allowed."""
        while self._undo:
            step = self._undo.pop()
            try:
                step()
            except Exception:  # the other steps must still run
                _log.exception("a step of the stop failed")
