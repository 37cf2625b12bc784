"""An appliance in the background: started, found again, asked, and stopped."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import zmq

from host.arguments import Arguments
from host.controller.client import ControllerClient
from host.device.base import DeviceLostError, NoGateError
from host.device.remote import RemoteDevice
from host.env import SYSTEM, Environment
from host.folders import runtime_directory
from host.process import detach
from host.protocol.messages import ControllerStatus, StatusRequest
from host.risk.client import GateClient
from host.runtime import Facts, Runtime
from hw.presets import BookParameters

__all__ = ["Running", "start", "stop"]

_WORKER: Final = "fpga"
_LOG: Final = "controller.log"
_POLL_S: Final = 0.1
_ANSWER_S: Final = 5.0
_STOP_S: Final = 8.0  # for the controller to stop its worker and itself
_TAIL_BYTES: Final = 2000


class Running:
    """A client of the appliance that runs in the background.

    Parameters
    ----------
    folder : Path, optional
        Of the appliance; by default the user's.
    env : Environment
        Clocks and ids.

    Attributes
    ----------
    facts : Facts
        What it is.

    Raises
    ------
    RuntimeFolderError
        If none runs.
    """

    def __init__(self, folder: Path | None = None, env: Environment = SYSTEM) -> None:
        self.runtime = Runtime(folder or runtime_directory())
        self.facts = self.runtime.facts()
        self._env = env
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._client = ControllerClient(
            self._context, self.runtime.folder, env, ended=self._controller_end
        )

    def __enter__(self) -> "Running":
        """Return the client."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Leave; the appliance runs on."""
        self._client.close()
        self._context.term()

    def status(self) -> ControllerStatus:
        """Ask the controller how it and its worker are.

        Raises
        ------
        DeviceLostError
            If it does not answer.
        """
        request = StatusRequest(request_id=self._env.new_id())
        answer = self._client.request(request, _ANSWER_S)
        if not isinstance(answer, ControllerStatus):
            raise DeviceLostError(f"the controller did not answer within {_ANSWER_S:.0f} s")
        return answer

    @contextmanager
    def gate(self) -> Iterator[GateClient]:
        """Attach to the risk gate, beside whoever has the device.

        Raises
        ------
        DeviceError, DeviceMismatchError, DeviceLostError
            If there is no such gate, or nobody answers.
        """
        with GateClient(
            self._context,
            self._endpoint(),
            self.facts.book_parameters(),
            env=self._env,
            watch=self._client.update,
        ) as client:
            yield client

    def has_gate(self) -> bool:
        """Say whether the device has a risk gate."""
        try:
            with self.gate():
                return True
        except NoGateError:
            return False

    @contextmanager
    def device(self) -> Iterator[RemoteDevice]:
        """Take the device, with its stream; whoever had it loses it.

        Raises
        ------
        DeviceError, DeviceMismatchError, DeviceLostError
            As ``gate``.
        """
        with RemoteDevice(
            self._context,
            self._endpoint(),
            self.facts.book_parameters(),
            env=self._env,
            watch=self._client.update,
        ) as device:
            yield device

    def wait_until_ready(
        self, *, timeout_s: float, on_stage: Callable[[str], None] = lambda _: None
    ) -> None:
        """Wait until the worker has opened its device; tell what it does meanwhile.

        Raises
        ------
        DeviceError, DeviceMismatchError, DeviceLostError
            If it cannot, or is not ready in time.
        """
        deadline, told = self._env.monotonic() + timeout_s, ""
        while True:
            self._client.update(_POLL_S)
            worker = self._client.worker
            if worker is not None and worker.state == "ready":
                return
            if worker is not None and worker.detail != told:
                told = worker.detail
                on_stage(told)
            if self._env.monotonic() > deadline:
                raise DeviceLostError(f"the device was not ready in {timeout_s:.0f} s: {told}")

    def ask_to_stop(self) -> bool:
        """Ask the controller to end; return whether it agreed."""
        return self._client.stop(_ANSWER_S)

    def _endpoint(self) -> str:
        (worker,) = self.status().workers
        if worker.state != "ready":
            raise DeviceLostError(f"the worker is {worker.state}: {worker.detail or 'not ready'}")
        return worker.endpoint

    def _controller_end(self) -> str | None:
        return None if self.runtime.runs() else f"process {self.facts.pid} ended{self._tail()}"

    def _tail(self) -> str:
        try:
            text = (self.runtime.folder / _LOG).read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
        except OSError:
            return ""
        return f"; it last said: {text.strip()}" if text.strip() else ""


def start(
    device: str,
    parameters: BookParameters,
    *,
    folder: Path | None = None,
    env: Environment = SYSTEM,
) -> Facts:
    """Start an appliance in the background; return what it is, before its device is ready.

    Raises
    ------
    RuntimeFolderError
        If one runs already, or the folder cannot be used.
    """
    runtime = Runtime(folder or runtime_directory())
    with runtime.claim() as lock:
        arguments = Arguments(
            directory=runtime.folder,
            worker=_WORKER,
            device=device,
            parameters=parameters,
            detached=True,
        )
        pid = detach("host.controller", arguments.to_list(), log=runtime.folder / _LOG, keep=lock)
        facts = Facts(
            pid=pid,
            device=device,
            preset=parameters.name,
            parameters=asdict(parameters),
            started_at=env.wall_ns(),
        )
        runtime.write(facts)
    return facts


def stop(*, folder: Path | None = None, env: Environment = SYSTEM) -> str:
    """Stop the appliance: ask, then terminate, then kill; return how it ended, a word.

    Raises
    ------
    RuntimeFolderError
        If none runs.
    """
    with Running(folder, env) as running:
        runtime, pid = running.runtime, running.facts.pid
        asked = running.ask_to_stop()
    for how, number in (
        ("stopped", None),
        ("terminated", signal.SIGTERM),
        ("killed", signal.SIGKILL),
    ):
        if number is None and not asked:
            continue
        if number is not None:
            # Its lock is held, so the id is still its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)
        if _wait_for_end(runtime, env):
            runtime.forget()
            return how
    raise DeviceLostError(f"process {pid} does not end")


def _wait_for_end(runtime: Runtime, env: Environment) -> bool:
    deadline = env.monotonic() + _STOP_S
    while runtime.runs():
        if env.monotonic() > deadline:
            return False
        time.sleep(_POLL_S / 2)
    return True
