"""A device in another process."""

import contextlib
from collections.abc import Callable
from typing import Final, Self

import numpy as np
import zmq
from numpy.typing import NDArray

from host.device.base import DeviceError, DeviceLostError
from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from host.device.registry import check_map_id
from host.device.sequence import HoleDetector
from host.env import Environment
from host.protocol.batches import Batch, decode_batch, encode_batch
from host.protocol.endpoints import DATA_HWM
from host.protocol.messages import (
    DeviceClose,
    DeviceDrain,
    DeviceOpen,
    DeviceOpened,
    DeviceRead,
    DeviceValue,
    DeviceWrite,
    Done,
    Failure,
    Message,
    ProtocolError,
    Request,
    decode,
    encode,
)
from hw.presets import BookParameters

__all__ = ["RemoteDevice"]

_POLL_MS: Final = 100  # how often the peers are looked after while waiting
_CLOSE_S: Final = 1.0
_RAISED: Final = {
    "KeyError": KeyError,
    "IndexError": IndexError,
    "PermissionError": PermissionError,
    "ValueError": ValueError,
}

Records = NDArray[np.void]


class RemoteDevice:
    """The device of a worker, over ZeroMQ.

    Transfers are pipelined: ``transfer`` sends, and returns the events of earlier batches that have
    come. It waits only when as many batches are on the way as the worker gave credits for. Give
    it 1,024 updates or more at a time where speed counts; a batch costs some 0.1 ms.

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
        self._watch = watch
        self._answer_s = answer_s
        self._socket = context.socket(zmq.DEALER)
        self._socket.set_hwm(DATA_HWM)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoint)
        self._lost: DeviceError | None = None
        self._in_flight = 0
        self._sent = 0
        self._received = 0
        self._holes = HoleDetector()
        self._early: list[Records] = []  # events that came while a register was read
        self._stream = 0
        try:
            self._open()
        except BaseException:
            self._socket.close()
            raise

    def _open(self) -> None:
        answer = self._request(DeviceOpen(request_id=self._env.new_id()))
        if not isinstance(answer, DeviceOpened):
            raise DeviceLostError(f"the worker answered open with {answer.kind}")
        check_map_id(answer.name, answer.map_id, self.parameters)
        self._stream = answer.stream
        self._credits = answer.credits
        self._max_batch = answer.max_batch
        self.name = answer.name
        self.cycle_accurate = answer.cycle_accurate

    def read(self, register: str, index: int = 0) -> int:
        """Return the value of a register after all updates sent so far; see ``Device.read``.

        Raises
        ------
        KeyError, IndexError
            As ``Device.read``.
        DeviceError
            If the device failed or is closed.
        DeviceLostError
            If a process between here and the device is gone.
        """
        answer = self._request(
            DeviceRead(request_id=self._env.new_id(), name=register, index=index)
        )
        if not isinstance(answer, DeviceValue):
            raise self._lose(f"the worker answered read with {answer.kind}")
        return answer.value

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Write a register after all updates sent so far; see ``Device.write``.

        Raises
        ------
        KeyError, IndexError, PermissionError, ValueError
            As ``Device.write``.
        DeviceError, DeviceLostError
            As ``read``.
        """
        request_id = self._env.new_id()
        self._request(DeviceWrite(request_id=request_id, name=register, value=value, index=index))
        if register == "control":
            self._holes.restart()  # a restart counts events from 0 again

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
        self._check()
        events = self._take_early()
        for start in range(0, max(len(updates), 1), self._max_batch):
            while self._in_flight >= self._credits:
                events.append(self._events(self._receive()))
            self._send_batch(updates[start : start + self._max_batch])
        while self._in_flight and self._socket.poll(0):
            events.append(self._events(self._receive()))
        return _join(events)

    def drain(self) -> Records:
        """Run until nothing is under way and return the events that came; see ``Device.drain``.

        Raises
        ------
        DeviceError, DeviceLostError
            As ``read``.
        """
        self._check()
        self._in_flight += 1  # its batch of events
        answer = self._request(DeviceDrain(request_id=self._env.new_id()))
        if not isinstance(answer, Done):
            raise self._lose(f"the worker answered drain with {answer.kind}")
        return _join(self._take_early())

    def close(self) -> None:
        """Give the device back. Calling it twice is allowed."""
        if self._socket.closed:
            return
        if self._lost is None:
            self._answer_s = _CLOSE_S
            with contextlib.suppress(DeviceError):
                self._request(DeviceClose(request_id=self._env.new_id()))
        self._lost = DeviceError("the device is closed")
        self._socket.close()

    def __enter__(self) -> Self:
        """Return the device."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the device."""
        self.close()

    def _check(self) -> None:
        if self._lost is not None:
            raise type(self._lost)(str(self._lost))

    def _lose(self, text: str) -> DeviceLostError:
        """Note that the stream is over, and return what to raise."""
        self._lost = DeviceLostError(text)
        return self._lost

    def _take_early(self) -> list[Records]:
        early, self._early = self._early, []
        return early

    def _send_batch(self, records: Records) -> None:
        batch = Batch(stream=self._stream, sequence=self._sent, records=records)
        self._socket.send_multipart(encode_batch("updates", batch), copy=False)
        self._sent += 1
        self._in_flight += 1

    def _request(self, message: Request) -> Message:
        """Send a request and return its answer; keep the events that come before it."""
        self._check()
        self._socket.send(encode(message))  # type: ignore[arg-type] # every Request is a Message
        while True:
            frames = self._receive()
            if len(frames) == 2:
                self._early.append(self._events(frames))
                continue
            answer = self._decode(frames)
            if getattr(answer, "request_id", None) != message.request_id:
                raise self._lose(f"the worker sent {answer.kind} out of turn")
            if isinstance(answer, Failure):
                raise _RAISED.get(answer.code, DeviceError)(answer.reason)
            return answer

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
                raise self._lose(f"the device gave no answer in {self._answer_s:.0f} s")
        return self._socket.recv_multipart()

    def _decode(self, frames: list[bytes]) -> Message:
        try:
            if len(frames) != 1:
                raise ProtocolError("bad_message", f"{len(frames)} frames")
            message = decode(frames[0])
        except ProtocolError as error:
            raise self._lose(f"the worker sent what cannot be read: {error}") from error
        if isinstance(message, Failure) and message.request_id is None:
            self._lost = DeviceError(f"{message.code}: {message.reason}")
            raise self._lost
        return message

    def _events(self, frames: list[bytes]) -> Records:
        if len(frames) != 2:
            raise self._lose(f"the worker sent {self._decode(frames).kind} instead of events")
        try:
            batch = decode_batch("events", frames[0], frames[1])
        except ProtocolError as error:
            raise self._lose(f"the worker sent what cannot be read: {error}") from error
        if batch.stream != self._stream or batch.sequence != self._received:
            raise self._lose(
                f"batch {self._received} of events must follow, but {batch.sequence} came"
            )
        hole = self._holes.check(batch.records)
        if hole is not None:
            raise self._lose(hole)
        self._received += 1
        self._in_flight -= 1
        return batch.records


def _join(parts: list[Records]) -> Records:
    return np.concatenate(parts) if parts else np.zeros(0, EVENT_DTYPE)
