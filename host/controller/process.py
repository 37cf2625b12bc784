"""The controller: takes commands, publishes its state, starts and stops the worker."""

import logging
import shutil
import signal
from dataclasses import replace
from typing import Final

import zmq

from host.arguments import Arguments
from host.controller.supervisor import Supervisor
from host.env import Environment
from host.process import Child, end_with_parent
from host.protocol.endpoints import (
    CONTROL_HWM,
    HEARTBEAT_S,
    LIVENESS_S,
    control_endpoint,
    state_endpoint,
)
from host.protocol.messages import Message, Stop, encode

__all__ = ["Controller"]

_log = logging.getLogger(__name__)
_POLL_MS: Final = 50  # how soon the end of a worker is noticed
_STOP_S: Final = 2.0  # for a worker to end by itself
_LAST_WORDS_S: Final = 0.3  # for the last message of a worker that has ended


class Controller:
    """The process around a ``Supervisor``: its sockets and the worker's process.

    Parameters
    ----------
    arguments : Arguments
        What to run, and where.
    env : Environment
        Clocks and ids.
    """

    def __init__(self, arguments: Arguments, env: Environment) -> None:
        self._env = env
        self._supervisor = Supervisor(arguments.worker, env)
        self._worker_id = f"worker.{arguments.worker}".encode()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._commands = self._context.socket(zmq.ROUTER)
        self._commands.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._commands.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self._state = self._context.socket(zmq.PUB)
        for socket in (self._commands, self._state):
            socket.set_hwm(CONTROL_HWM)
            socket.setsockopt(zmq.LINGER, 500)
        self._commands.bind(control_endpoint(arguments.directory))
        self._state.bind(state_endpoint(arguments.directory))
        self._next_publish = 0.0
        self._ended_at: float | None = None
        self._child = Child(
            "host.worker",
            replace(arguments, detached=False).to_list(),
            log=arguments.directory / f"{arguments.worker}.log",
        )

    def guard(self, arguments: Arguments) -> None:
        """From now on end with the parent: kill the worker and remove the directory first."""

        def clean() -> None:
            self._child.signal(signal.SIGKILL)
            self._child.wait(1.0)  # not to have it write into the folder while that goes
            shutil.rmtree(arguments.directory, ignore_errors=True)

        end_with_parent(before=clean)

    def stop_when_told(self) -> None:
        """From now on end cleanly at a termination signal; nobody else is watched."""

        def stop(_number: int, _frame: object) -> None:
            self._supervisor.stopping = True

        signal.signal(signal.SIGTERM, stop)

    def run(self) -> int:
        """Serve until a client says stop; return the exit code."""
        try:
            while not self._supervisor.stopping:
                self._take_commands()
                self._watch_worker()
                self._publish()
            self._stop_worker()
        finally:
            self._child.kill()
            self._commands.close()
            self._state.close()
            self._context.term()
        return 0

    def _take_commands(self) -> None:
        timeout = _POLL_MS
        while self._commands.poll(timeout):
            timeout = 0
            sender, *frames = self._commands.recv_multipart()
            answer = self._supervisor.handle(sender, frames)
            if answer is not None:
                self._send(sender, answer)

    def _send(self, peer: bytes, message: Message) -> None:
        try:
            self._commands.send_multipart([peer, encode(message)], zmq.DONTWAIT)
        except zmq.ZMQError as error:  # mandatory routing: a peer that is gone is an error
            _log.warning("cannot deliver %s to %r: %s", message.kind, peer, error)
            self._supervisor.count_refused()

    def _watch_worker(self) -> None:
        if self._supervisor.worker_silent():
            _log.error("the worker has been silent for too long")
            self._child.kill()
            self._supervisor.worker_ended(f"silent for {LIVENESS_S:.0f} s, killed")
        elif self._ended_at is None:
            if not self._child.alive():
                self._ended_at = self._env.monotonic()
        elif self._env.monotonic() - self._ended_at > _LAST_WORDS_S:
            self._supervisor.worker_ended(self._child.describe_end())

    def _publish(self) -> None:
        now = self._env.monotonic()
        if self._supervisor.changed or now >= self._next_publish:
            self._supervisor.changed = False
            self._state.send(encode(self._supervisor.status()), zmq.DONTWAIT)
            self._next_publish = now + HEARTBEAT_S

    def _stop_worker(self) -> None:
        if self._child.alive():
            self._send(self._worker_id, Stop(request_id=self._env.new_id()))
            self._child.stop(_STOP_S)
        self._supervisor.worker_ended(self._child.describe_end())
        self._publish()
