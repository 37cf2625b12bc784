"""A client's line to the controller: commands, and what the controller publishes."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import zmq

from host.device.base import DeviceError, DeviceLostError, DeviceMismatchError
from host.env import Environment
from host.protocol.endpoints import CONTROL_HWM, LIVENESS_S, control_endpoint, state_endpoint
from host.protocol.messages import (
    ControllerStatus,
    Failure,
    Message,
    ProtocolError,
    Stop,
    WorkerState,
    decode,
    encode,
)

__all__ = ["ControllerClient"]

_log = logging.getLogger(__name__)
_LINGER_MS: Final = 200


class ControllerClient:
    """Follow the state of the one worker of a controller.

    Parameters
    ----------
    context : zmq.Context
        Of the process.
    directory : Path
        Private directory of the appliance.
    env : Environment
        Clocks and ids.
    ended : callable
        Says how the controller's process ended, or None while it runs.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        directory: Path,
        env: Environment,
        *,
        ended: Callable[[], str | None],
    ) -> None:
        self._env = env
        self._ended = ended
        self._state = context.socket(zmq.SUB)
        self._state.set_hwm(CONTROL_HWM)
        self._state.setsockopt(zmq.SUBSCRIBE, b"")
        self._state.setsockopt(zmq.LINGER, 0)
        self._state.connect(state_endpoint(directory))
        self._commands = context.socket(zmq.DEALER)
        self._commands.set_hwm(CONTROL_HWM)
        self._commands.setsockopt(zmq.LINGER, _LINGER_MS)
        self._commands.connect(control_endpoint(directory))
        self._heard = env.monotonic()
        self.worker: WorkerState | None = None

    def update(self, timeout_s: float = 0.0) -> None:
        """Take what the controller has published, waiting at most ``timeout_s`` [s] for something.

        Raises
        ------
        DeviceLostError
            If the controller is gone or silent, or the worker is gone.
        DeviceMismatchError, DeviceError
            If the worker could not open its device.
        """
        timeout_ms = int(timeout_s * 1000)
        while self._state.poll(timeout_ms):
            timeout_ms = 0
            try:
                message = decode(self._state.recv_multipart()[-1])
            except ProtocolError as error:
                _log.warning("from the controller: %s", error)
                continue
            if isinstance(message, ControllerStatus):
                self._heard = self._env.monotonic()
                self.worker = message.workers[0]
        self._check_controller()
        if self.worker is not None:
            _check_worker(self.worker)

    def _check_controller(self) -> None:
        how = self._ended()
        if how is not None:
            raise DeviceLostError(f"the controller is gone: {how}")
        if self._env.monotonic() - self._heard > LIVENESS_S:
            raise DeviceLostError(f"the controller has been silent for {LIVENESS_S:.0f} s")

    def request(self, message: Message, timeout_s: float) -> Message | None:
        """Send a command and return its answer, or None if none comes in ``timeout_s`` [s]."""
        self._commands.send(encode(message))
        if not self._commands.poll(int(timeout_s * 1000)):
            return None
        return decode(self._commands.recv_multipart()[-1])

    def stop(self, timeout_s: float) -> bool:
        """Ask the controller to end; return whether it agreed within ``timeout_s`` [s]."""
        answer = self.request(Stop(request_id=self._env.new_id()), timeout_s)
        return answer is not None and not isinstance(answer, Failure)

    def close(self) -> None:
        """Close the sockets."""
        self._state.close()
        self._commands.close()


def _check_worker(worker: WorkerState) -> None:
    if worker.state == "failed" and worker.code == "mismatch":
        raise DeviceMismatchError(worker.detail)
    if worker.state == "failed" and worker.code == "device":
        raise DeviceError(worker.detail)
    if worker.state in ("failed", "lost", "stopped"):
        raise DeviceLostError(f"worker {worker.worker} is gone: {worker.detail}")
