"""What the worker does with each message of its client; no sockets here."""

import logging
from typing import Final

import numpy as np

from host.device.base import Device
from host.env import Environment
from host.protocol.batches import MAX_BATCH, Batch, decode_batch, encode_batch
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
    decode,
    encode,
)

__all__ = ["CREDITS", "DeviceService"]

CREDITS: Final = 8  # batches on the way: enough that device and client never wait for each other

_log = logging.getLogger(__name__)
Frames = list[bytes]


class DeviceService:
    """Answer the messages of one client at a time on behalf of a device.

    A message that cannot be taken is answered with ``Failure`` and counted in ``refused``. After a
    failed batch the stream is over, because what followed it would be out of order; the client
    opens another.

    Parameters
    ----------
    device : Device
        Belongs to the service from here on.
    env : Environment
        Gives the stream ids.
    """

    def __init__(self, device: Device, env: Environment) -> None:
        self._device = device
        self._env = env
        self._client: bytes | None = None
        self._stream: int | None = None
        self._received = 0
        self._sent = 0
        self.refused = 0

    def handle(self, client: bytes, frames: Frames) -> list[Frames]:
        """Return the answers, in order, to a message of one frame or a batch of two."""
        try:
            if len(frames) == 1:
                return self._control(client, decode(frames[0]))
            if len(frames) == 2:
                return [self._updates(client, frames[0], frames[1])]
            raise ProtocolError(
                "bad_message", f"a message has 1 frame, a batch has 2, not {len(frames)}"
            )
        except ProtocolError as error:
            return [self._refuse(error.code, str(error))]

    def _refuse(self, code: str, reason: str, request_id: int | None = None) -> Frames:
        self.refused += 1
        return [encode(Failure(request_id=request_id, code=code[:200], reason=reason[:8192]))]

    def _updates(self, client: bytes, header: bytes, payload: bytes) -> Frames:
        try:
            batch = decode_batch("updates", header, payload)
            self._check_stream(client, batch)
            self._received += 1
            events = self._device.transfer(batch.records)
        except ProtocolError:
            if client == self._client:
                self._stream = None
            raise
        except Exception as error:  # whatever the backend raises, the client must hear of it
            self._stream = None
            _log.exception("the device failed on a batch")
            return self._refuse("device_error", f"{type(error).__name__}: {error}")
        return self._events(events)

    def _check_stream(self, client: bytes, batch: Batch) -> None:
        if client != self._client or batch.stream != self._stream:
            raise ProtocolError("no_stream", f"stream {batch.stream} is not open; open it first")
        if batch.sequence != self._received:
            raise ProtocolError(
                "hole", f"batch must have sequence {self._received}, not {batch.sequence}"
            )
        if len(batch.records) > MAX_BATCH:
            raise ProtocolError(
                "bad_batch",
                f"a batch has at most {MAX_BATCH} updates, not {len(batch.records)}",
            )

    def _events(self, events: np.ndarray[tuple[int, ...], np.dtype[np.void]]) -> Frames:
        assert self._stream is not None
        frames = encode_batch(
            "events", Batch(stream=self._stream, sequence=self._sent, records=events)
        )
        self._sent += 1
        return frames

    def _control(self, client: bytes, message: Message) -> list[Frames]:
        if isinstance(message, DeviceOpen):
            return [[encode(self._open(client, message))]]
        if not isinstance(message, DeviceRead | DeviceWrite | DeviceDrain | DeviceClose):
            raise ProtocolError("bad_message", f"a device does not take {message.kind}")
        if client != self._client or self._stream is None:
            return [self._refuse("no_stream", "open the device first", message.request_id)]
        try:
            return self._carry_out(message)
        except (KeyError, IndexError, PermissionError, ValueError) as error:
            text = str(error.args[0]) if error.args else str(error)
            return [self._refuse(type(error).__name__, text, message.request_id)]
        except Exception as error:  # whatever the backend raises, the client must hear of it
            _log.exception("the device failed")
            text = f"{type(error).__name__}: {error}"
            return [self._refuse("device_error", text, message.request_id)]

    def _carry_out(
        self, message: DeviceRead | DeviceWrite | DeviceDrain | DeviceClose
    ) -> list[Frames]:
        done = [encode(Done(request_id=message.request_id))]
        if isinstance(message, DeviceRead):
            value = self._device.read(message.name, message.index)
            return [[encode(DeviceValue(request_id=message.request_id, value=value))]]
        if isinstance(message, DeviceWrite):
            self._device.write(message.name, message.value, message.index)
        elif isinstance(message, DeviceDrain):
            return [self._events(self._device.drain()), done]
        else:
            self._client = self._stream = None
        return [done]

    def _open(self, client: bytes, message: DeviceOpen) -> DeviceOpened:
        self._client, self._stream = client, self._env.new_id()
        self._received = self._sent = 0
        return DeviceOpened(
            request_id=message.request_id,
            stream=self._stream,
            name=self._device.name,
            cycle_accurate=self._device.cycle_accurate,
            map_id=self._device.read("map_id"),
            sizes=self._device.parameters.sizes(),
            credits=CREDITS,
            max_batch=MAX_BATCH,
        )
