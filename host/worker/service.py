"""What the worker does with each message of its client; no sockets here."""

import logging
from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.base import Device, DeviceError, RiskDevice, has_gate
from host.env import Environment
from host.protocol.batches import (
    MAX_BATCH,
    TO_DEVICE,
    Batch,
    Content,
    content_of,
    decode_batch,
    encode_batch,
)
from host.protocol.messages import (
    DeviceClose,
    DeviceCollect,
    DeviceDrain,
    DeviceOpen,
    DeviceOpened,
    DevicePin,
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
Records = NDArray[np.void]
Command = DeviceRead | DeviceWrite | DeviceDrain | DeviceCollect | DevicePin | DeviceClose


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
                return self._batch(client, frames[0], frames[1])
            raise ProtocolError(
                "bad_message", f"a message has 1 frame, a batch has 2, not {len(frames)}"
            )
        except ProtocolError as error:
            return [self._refuse(error.code, str(error))]

    def _refuse(self, code: str, reason: str, request_id: int | None = None) -> Frames:
        self.refused += 1
        return [encode(Failure(request_id=request_id, code=code[:200], reason=reason[:8192]))]

    def _batch(self, client: bytes, header: bytes, payload: bytes) -> list[Frames]:
        try:
            content = content_of(header, TO_DEVICE)
            batch = decode_batch(content, header, payload)
            self._check_stream(client, batch)
            self._received += 1
            if content == "updates":
                return [self._answer("events", self._device.transfer(batch.records))]
            return self._gate_answers(self._gate().exchange(batch.records))
        except ProtocolError:
            if client == self._client:
                self._stream = None
            raise
        except Exception as error:  # whatever the backend raises, the client must hear of it
            self._stream = None
            _log.exception("the device failed on a batch")
            return [self._refuse("device_error", f"{type(error).__name__}: {error}")]

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
                f"a batch has at most {MAX_BATCH} records, not {len(batch.records)}",
            )

    def _gate(self) -> RiskDevice:
        if not has_gate(self._device):
            raise DeviceError(f"device {self._device.name} has no risk gate")
        return self._device

    def _gate_answers(self, made: tuple[Records, Records]) -> list[Frames]:
        orders, events = made
        return [self._answer("orders", orders), self._answer("risk_events", events)]

    def _answer(self, content: Content, records: Records) -> Frames:
        assert self._stream is not None
        frames = encode_batch(
            content, Batch(stream=self._stream, sequence=self._sent, records=records)
        )
        self._sent += 1
        return frames

    def _control(self, client: bytes, message: Message) -> list[Frames]:
        if isinstance(message, DeviceOpen):
            return [[encode(self._open(client, message))]]
        if not isinstance(message, Command):
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

    def _carry_out(self, message: Command) -> list[Frames]:
        done = [encode(Done(request_id=message.request_id))]
        if isinstance(message, DeviceRead):
            value = self._device.read(message.name, message.index)
            return [[encode(DeviceValue(request_id=message.request_id, value=value))]]
        if isinstance(message, DeviceWrite):
            self._device.write(message.name, message.value, message.index)
        elif isinstance(message, DeviceDrain):
            return [self._answer("events", self._device.drain()), done]
        elif isinstance(message, DeviceCollect):
            return [*self._gate_answers(self._gate().collect(message.cycles)), done]
        elif isinstance(message, DevicePin):
            self._gate().set_pin(message.high)
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
            risk_sizes=self._device.risk.sizes() if has_gate(self._device) else None,
            credits=CREDITS,
            max_batch=MAX_BATCH,
        )
