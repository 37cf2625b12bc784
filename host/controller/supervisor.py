"""What the controller knows of its workers and answers to each message; no sockets here."""

from typing import Final

from host.env import Environment
from host.protocol.endpoints import LIVENESS_S
from host.protocol.messages import (
    ControllerStatus,
    Done,
    Failure,
    Heartbeat,
    Message,
    ProtocolError,
    StatusRequest,
    Stop,
    WorkerFailed,
    WorkerReady,
    WorkerStage,
    WorkerState,
    decode,
)

__all__ = ["START_S", "Supervisor"]

START_S: Final = 60.0  # silence allowed before a worker's first message [s]: imports on a slow disk
_FINAL: Final = ("failed", "lost", "stopped")


class Supervisor:
    """State of one appliance.

    Parameters
    ----------
    worker : str
        Name of the fpga worker, which is being started.
    env : Environment
        Clocks.

    Attributes
    ----------
    stopping : bool
        A client asked for the end.
    changed : bool
        There is something new to publish; whoever publishes clears it.
    """

    def __init__(self, worker: str, env: Environment) -> None:
        self._env = env
        self._worker = WorkerState(worker=worker, state="starting")
        self._deadline = env.monotonic() + START_S
        self._sequence = 0
        self._refused = 0
        self.stopping = False
        self.changed = True

    @property
    def worker(self) -> WorkerState:
        """The worker as it is now."""
        return self._worker

    def handle(self, sender: bytes, frames: list[bytes]) -> Message | None:
        """Take one message and return the answer for its sender, if it gets one."""
        try:
            if len(frames) != 1:
                raise ProtocolError("bad_message", f"a message has 1 frame, not {len(frames)}")
            return self._take(sender, decode(frames[0]))
        except ProtocolError as error:
            self.count_refused()
            return Failure(code=error.code, reason=str(error)[:8192])

    def _take(self, sender: bytes, message: Message) -> Message | None:
        if isinstance(message, StatusRequest):
            return self.status(message.request_id)
        if isinstance(message, Stop):
            self.stopping = True
            return Done(request_id=message.request_id)
        if sender != f"worker.{self._worker.worker}".encode():
            raise ProtocolError("bad_message", f"the controller does not take {message.kind}")
        self._deadline = self._env.monotonic() + LIVENESS_S
        if isinstance(message, WorkerStage):
            self._change(detail=message.stage)
        elif isinstance(message, WorkerReady):
            self._change(state="ready", detail="", endpoint=message.endpoint)
        elif isinstance(message, WorkerFailed):
            self._change(state="failed", detail=message.reason, code=message.code)
        elif isinstance(message, Heartbeat):
            if message.refused != self._worker.refused:
                self._change(refused=message.refused)
            return Heartbeat(sent_at=self._env.wall_ns(), sender="controller")
        else:
            raise ProtocolError("bad_message", f"the controller does not take {message.kind}")
        return None

    def _change(self, **values: object) -> None:
        if self._worker.state not in _FINAL:
            self._worker = self._worker.model_copy(update=values)
            self.changed = True

    def count_refused(self) -> None:
        """Count a message that could not be taken or delivered."""
        self._refused += 1
        self.changed = True

    def worker_silent(self) -> bool:
        """Say whether the worker has said nothing for too long."""
        return self._worker.state not in _FINAL and self._env.monotonic() > self._deadline

    def worker_ended(self, how: str) -> None:
        """Note that the worker's process is gone: lost, unless told to stop or failed before."""
        if self.stopping:
            self._change(state="stopped", detail=how)
        else:
            self._change(state="lost", code="crash", detail=how)

    def status(self, request_id: int = 0) -> ControllerStatus:
        """Return the state, with the next sequence number where it is published (id 0)."""
        if request_id == 0:
            self._sequence += 1
        return ControllerStatus(
            sent_at=self._env.wall_ns(),
            request_id=request_id,
            sequence=self._sequence,
            refused=self._refused,
            workers=(self._worker,),
        )
