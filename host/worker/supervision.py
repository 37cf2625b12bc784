"""The worker's line to the controller, in a thread of its own: it lives while the device works."""

import logging
import queue
import threading
from collections.abc import Callable

import zmq

from host.env import Environment
from host.protocol.endpoints import CONTROL_HWM, HEARTBEAT_S, LIVENESS_S
from host.protocol.messages import (
    Heartbeat,
    Message,
    ProtocolError,
    Stop,
    WorkerStage,
    decode,
    encode,
)

__all__ = ["StageHandler", "Supervision"]

_log = logging.getLogger(__name__)
_LINGER_MS = 2000


class Supervision(threading.Thread):
    """Send messages and heartbeats to the controller; notice its orders and its silence.

    Parameters
    ----------
    context : zmq.Context
        Of the process.
    endpoint : str
        Where the controller takes commands.
    worker : str
        Name of the worker.
    env : Environment
        Clocks.
    refused : callable
        Number of messages that the worker could not take so far.

    Attributes
    ----------
    stopping : threading.Event
        Set when the controller said stop, or has been silent for ``LIVENESS_S``.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        worker: str,
        env: Environment,
        *,
        refused: Callable[[], int],
    ) -> None:
        super().__init__(name="supervision", daemon=True)
        self._context = context
        self._endpoint = endpoint
        self._worker = worker
        self._env = env
        self._refused = refused
        self._outbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._finishing = threading.Event()
        self.stopping = threading.Event()

    def send(self, message: Message) -> None:
        """Send a message; from any thread."""
        self._outbox.put(message)

    def stage(self, text: str) -> None:
        """Say what the worker is busy with."""
        now = self._env.wall_ns()
        self.send(WorkerStage(sent_at=now, worker=self._worker, stage=text[:2000]))

    def finish(self) -> None:
        """Send what is left and end the thread."""
        self._finishing.set()
        self.join()

    def run(self) -> None:
        """Serve until ``finish``."""
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.IDENTITY, f"worker.{self._worker}".encode())
        socket.set_hwm(CONTROL_HWM)
        socket.setsockopt(zmq.LINGER, _LINGER_MS)
        socket.connect(self._endpoint)
        heard = self._env.monotonic()
        next_beat = heard
        while not self._finishing.is_set():
            self._flush(socket)
            now = self._env.monotonic()
            if now >= next_beat:
                self._post(socket, self._heartbeat())
                next_beat = now + HEARTBEAT_S
            if socket.poll(50):
                self._take(socket.recv_multipart())
                heard = self._env.monotonic()
            elif now - heard > LIVENESS_S:
                _log.error("the controller has been silent for %.0f s", LIVENESS_S)
                self.stopping.set()
        self._flush(socket)
        socket.close()

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(sent_at=self._env.wall_ns(), sender=self._worker, refused=self._refused())

    def _flush(self, socket: "zmq.Socket[bytes]") -> None:
        while not self._outbox.empty():
            self._post(socket, self._outbox.get())

    def _post(self, socket: "zmq.Socket[bytes]", message: Message) -> None:
        try:
            socket.send(encode(message), zmq.DONTWAIT)
        except zmq.Again:
            _log.warning("the controller takes no messages; dropped %s", message.kind)

    def _take(self, frames: list[bytes]) -> None:
        try:
            message = decode(frames[-1])
        except ProtocolError as error:
            _log.warning("from the controller: %s", error)
            return
        if isinstance(message, Stop):
            self.stopping.set()


class StageHandler(logging.Handler):
    """Pass log records on as stages, so that a backend reports progress by logging at INFO."""

    def __init__(self, supervision: Supervision) -> None:
        super().__init__(logging.INFO)
        self._supervision = supervision

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        self._supervision.stage(record.getMessage())
