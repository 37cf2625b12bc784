"""A client's line to the worker that holds a device: requests, answers, batches both ways."""

import contextlib
from collections.abc import Callable
from typing import Final

import numpy as np
import zmq
from numpy.typing import NDArray

from host.device.base import DeviceError, DeviceLostError, DeviceMismatchError
from host.env import Environment
from host.protocol.batches import (
    FROM_DEVICE,
    Batch,
    Content,
    content_of,
    decode_batch,
    encode_batch,
)
from host.protocol.endpoints import DATA_HWM
from host.protocol.messages import (
    DeviceAttach,
    DeviceClose,
    DeviceOpen,
    DeviceOpened,
    Failure,
    Message,
    ProtocolError,
    Request,
    decode,
    encode,
)
from hw.risk_parameters import RiskParameters

__all__ = ["DeviceLink", "risk_of"]

_POLL_MS: Final = 100  # how often the peers are looked after while waiting
_CLOSE_S: Final = 1.0
_RAISED: Final = {
    "KeyError": KeyError,
    "IndexError": IndexError,
    "PermissionError": PermissionError,
    "ValueError": ValueError,
}

Records = NDArray[np.void]


class DeviceLink:
    """Keep one stream of a worker; every batch that comes goes to ``take``, in order.

    After a loss every use raises it again.

    Parameters
    ----------
    context : zmq.Context
        Of the process.
    endpoint : str
        Where the worker takes its client.
    env : Environment
        Clocks and ids.
    watch : callable
        Raises what is wrong with the processes between here and the device.
    answer_s : float
        Longest wait for any one answer [s].
    take : callable
        Is given the content and the records of each batch; returns a sentence where something is
        wrong with them, which is a loss.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        *,
        env: Environment,
        watch: Callable[[], None],
        answer_s: float,
        take: Callable[[Content, Records], str | None],
    ) -> None:
        self._env = env
        self._watch = watch
        self._answer_s = answer_s
        self._take = take
        self._socket = context.socket(zmq.DEALER)
        self._socket.set_hwm(DATA_HWM)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoint)
        self._lost: DeviceError | None = None
        self._stream = 0
        self._sent = 0
        self._received = 0

    def open(self, *, attach: bool = False) -> DeviceOpened:
        """Take the device, or attach beside whoever has it; return what the worker says of it.

        Raises
        ------
        DeviceLostError
            If no answer comes.
        """
        kind = DeviceAttach if attach else DeviceOpen
        answer = self.request(kind(request_id=self._env.new_id()))
        if not isinstance(answer, DeviceOpened):
            raise DeviceLostError(f"the worker answered open with {answer.kind}")
        self._stream = answer.stream
        return answer

    def send(self, content: Content, records: Records) -> None:
        """Send one batch."""
        batch = Batch(stream=self._stream, sequence=self._sent, records=records)
        self._socket.send_multipart(encode_batch(content, batch), copy=False)
        self._sent += 1

    def request(self, message: Request) -> Message:
        """Send a request and return its answer; batches that come before it are taken.

        Raises
        ------
        KeyError, IndexError, PermissionError, ValueError
            Where the device raised them.
        DeviceError
            If the device failed or is closed.
        DeviceLostError
            If a process between here and the device is gone.
        """
        self.check()
        self._socket.send(encode(message))  # type: ignore[arg-type] # every Request is a Message
        while True:
            frames = self._receive()
            if len(frames) == 2:
                self._batch(frames)
                continue
            answer = self._decode(frames)
            if getattr(answer, "request_id", None) != message.request_id:
                raise self.lose(f"the worker sent {answer.kind} out of turn")
            if isinstance(answer, Failure):
                raise _RAISED.get(answer.code, DeviceError)(answer.reason)
            return answer

    def wait(self) -> None:
        """Wait for the next batch and take it.

        Raises
        ------
        DeviceError, DeviceLostError
            As ``request``.
        """
        frames = self._receive()
        if len(frames) != 2:
            raise self.lose(f"the worker sent {self._decode(frames).kind} instead of a batch")
        self._batch(frames)

    def waits(self) -> bool:
        """Say whether something has come that nobody has looked at."""
        return bool(self._socket.poll(0))

    def check(self) -> None:
        """Raise the loss, if there was one."""
        if self._lost is not None:
            raise type(self._lost)(str(self._lost))

    def lose(self, text: str) -> DeviceLostError:
        """Note that the stream is over, and return what to raise."""
        self._lost = DeviceLostError(text)
        return self._lost

    def close(self) -> None:
        """Give the device back. Calling it twice is allowed."""
        if self._socket.closed:
            return
        if self._lost is None:
            self._answer_s = _CLOSE_S
            with contextlib.suppress(DeviceError):
                self.request(DeviceClose(request_id=self._env.new_id()))
        self.abandon()

    def abandon(self) -> None:
        """Close the socket without a word."""
        self._lost = DeviceError("the device is closed")
        self._socket.close()

    def _receive(self) -> list[bytes]:
        """Wait for the next message of the worker, and look after the processes meanwhile."""
        deadline = self._env.monotonic() + self._answer_s
        while not self._socket.poll(_POLL_MS):
            try:
                self._watch()
            except DeviceError as error:
                self._lost = error
                raise
            if self._env.monotonic() > deadline:
                raise self.lose(f"the device gave no answer in {self._answer_s:.0f} s")
        return self._socket.recv_multipart()

    def _decode(self, frames: list[bytes]) -> Message:
        try:
            if len(frames) != 1:
                raise ProtocolError("bad_message", f"{len(frames)} frames")
            message = decode(frames[0])
        except ProtocolError as error:
            raise self.lose(f"the worker sent what cannot be read: {error}") from error
        if isinstance(message, Failure) and message.request_id is None:
            self._lost = DeviceError(f"{message.code}: {message.reason}")
            raise self._lost
        return message

    def _batch(self, frames: list[bytes]) -> None:
        header, payload = frames
        try:
            content = content_of(header, FROM_DEVICE)
            batch = decode_batch(content, header, payload)
        except ProtocolError as error:
            raise self.lose(f"the worker sent what cannot be read: {error}") from error
        if batch.stream != self._stream or batch.sequence != self._received:
            raise self.lose(
                f"batch {self._received} of stream {self._stream} must follow, but "
                f"{batch.sequence} of {batch.stream} came"
            )
        self._received += 1
        wrong = self._take(content, batch.records)
        if wrong is not None:
            raise self.lose(wrong)


def risk_of(opened: DeviceOpened) -> RiskParameters | None:
    """Return the size of a device's gate, None if it has none.

    Raises
    ------
    DeviceMismatchError
        If it is one that this host does not know.
    """
    if opened.risk_sizes is None:
        return None
    try:
        return RiskParameters(**opened.risk_sizes)
    except (TypeError, ValueError) as error:
        raise DeviceMismatchError(
            f"device {opened.name} has a risk gate that this host does not know: {error}"
        ) from error
