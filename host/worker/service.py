"""What the worker does with each message of its clients; no sockets here."""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.base import Device, DeviceError, has_gate
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
    DeviceAttach,
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
    RiskAudit,
    RiskHold,
    RiskLimitsGet,
    RiskLimitsSet,
    RiskTripsGet,
    decode,
    encode,
)
from host.worker.gate_desk import GateDesk

__all__ = ["CREDITS", "DeviceService"]

_VISITORS: Final = 64  # attached at a time; the one that came first goes
CREDITS: Final = 8  # batches on the way: enough that device and client never wait for each other

_log = logging.getLogger(__name__)
Frames = list[bytes]
Records = NDArray[np.void]
GateCommand = RiskAudit | RiskHold | RiskLimitsGet | RiskLimitsSet | RiskTripsGet
StreamCommand = DeviceDrain | DeviceCollect | DevicePin
Command = DeviceRead | DeviceWrite | StreamCommand | DeviceClose | GateCommand


@dataclass(kw_only=True, slots=True)
class _Peer:
    """A client and the batches of its stream so far."""

    client: bytes
    stream: int
    received: int = 0
    sent: int = 0


class DeviceService:
    """Answer the messages of clients on behalf of a device.

    One client has the device: its stream carries updates, requests and all that the device says.
    Others attach beside it, for as long as they like: they read registers, command the risk gate
    and read it out, and take nothing from the stream.

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
        self._owner: _Peer | None = None
        self._visitors: OrderedDict[bytes, _Peer] = OrderedDict()
        self._desk = GateDesk(device, env) if has_gate(device) else None
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

    def tick(self) -> None:
        """Do what is due; to be called at least every 100 ms."""
        if self._desk is not None:
            self._desk.refresh()

    def _batch(self, client: bytes, header: bytes, payload: bytes) -> list[Frames]:
        try:
            content = content_of(header, TO_DEVICE)
            batch = decode_batch(content, header, payload)
            owner = self._check_stream(client, batch)
            owner.received += 1
            if content == "updates":
                return [_answer(owner, "events", self._device.transfer(batch.records))]
            return _gate_answers(owner, self._gate().exchange(batch.records))
        except ProtocolError:
            if self._owner is not None and client == self._owner.client:
                self._owner = None
            raise
        except Exception as error:  # whatever the backend raises, the client must hear of it
            self._owner = None
            _log.exception("the device failed on a batch")
            return [self._refuse("device_error", f"{type(error).__name__}: {error}")]

    def _check_stream(self, client: bytes, batch: Batch) -> _Peer:
        owner = self._owner
        if owner is None or client != owner.client or batch.stream != owner.stream:
            raise ProtocolError("no_stream", f"stream {batch.stream} is not open; open it first")
        if batch.sequence != owner.received:
            raise ProtocolError(
                "hole", f"batch must have sequence {owner.received}, not {batch.sequence}"
            )
        if len(batch.records) > MAX_BATCH:
            raise ProtocolError(
                "bad_batch",
                f"a batch has at most {MAX_BATCH} records, not {len(batch.records)}",
            )
        return owner

    def _gate(self) -> GateDesk:
        if self._desk is None:
            raise DeviceError(f"device {self._device.name} has no risk gate")
        return self._desk

    def _control(self, client: bytes, message: Message) -> list[Frames]:
        if isinstance(message, DeviceOpen | DeviceAttach):
            return [[encode(self._open(client, message))]]
        if not isinstance(message, Command):
            raise ProtocolError("bad_message", f"a device does not take {message.kind}")
        owner = self._owner
        has_device = owner is not None and client == owner.client
        peer = owner if has_device else self._visitors.get(client)
        if peer is None or (isinstance(message, StreamCommand) and not has_device):
            return [self._refuse("no_stream", "open the device first", message.request_id)]
        try:
            return self._carry_out(peer, message)
        except (KeyError, IndexError, PermissionError, ValueError) as error:
            text = str(error.args[0]) if error.args else str(error)
            code = "ValueError" if isinstance(error, ValueError) else type(error).__name__
            return [self._refuse(code, text, message.request_id)]
        except Exception as error:  # whatever the backend raises, the client must hear of it
            _log.exception("the device failed")
            text = f"{type(error).__name__}: {error}"
            return [self._refuse("device_error", text, message.request_id)]

    def _carry_out(self, peer: _Peer, message: Command) -> list[Frames]:
        done = [encode(Done(request_id=message.request_id))]
        if isinstance(message, DeviceRead):
            value = self._device.read(message.name, message.index)
            return [[encode(DeviceValue(request_id=message.request_id, value=value))]]
        if isinstance(message, DeviceWrite):
            self._write(peer, message)
        elif isinstance(message, DeviceDrain):
            return [_answer(peer, "events", self._device.drain()), done]
        elif isinstance(message, DeviceCollect):
            return [*_gate_answers(peer, self._gate().collect(message.cycles)), done]
        elif isinstance(message, DevicePin):
            self._gate().set_pin(message.high)
        elif isinstance(message, DeviceClose):
            self._leave(peer.client)
        else:
            return self._serve_gate(peer, message)
        return [done]

    def _serve_gate(self, peer: _Peer, message: GateCommand) -> list[Frames]:
        desk, request_id = self._gate(), message.request_id
        done = [encode(Done(request_id=request_id))]
        if isinstance(message, RiskLimitsGet):
            return [[encode(desk.limits(request_id))]]
        if isinstance(message, RiskTripsGet):
            return [[encode(desk.trips(request_id))]]
        if isinstance(message, RiskAudit):
            return [_answer(peer, "risk_events", desk.audit()), done]
        if isinstance(message, RiskLimitsSet):
            desk.set_limits(message.document, message.commits)
        else:
            desk.hold(peer.client, message.lease)
        return [done]

    def _write(self, peer: _Peer, message: DeviceWrite) -> None:
        if peer is not self._owner:
            self._gate().write(message.name, message.value, message.index)
            return
        self._device.write(message.name, message.value, message.index)
        if self._desk is not None:
            self._desk.note_write(message.name, message.value)

    def _open(self, client: bytes, message: DeviceOpen | DeviceAttach) -> DeviceOpened:
        peer = _Peer(client=client, stream=self._env.new_id())
        self._leave(client)
        if isinstance(message, DeviceOpen):
            if self._owner is not None:
                self._leave(self._owner.client)
            self._owner = peer
        else:
            self._visitors[client] = peer
            while len(self._visitors) > _VISITORS:  # one that left without a word
                self._leave(next(iter(self._visitors)))
        return DeviceOpened(
            request_id=message.request_id,
            stream=peer.stream,
            name=self._device.name,
            cycle_accurate=self._device.cycle_accurate,
            map_id=self._device.read("map_id"),
            sizes=self._device.parameters.sizes(),
            risk_sizes=self._device.risk.sizes() if has_gate(self._device) else None,
            credits=CREDITS,
            max_batch=MAX_BATCH,
        )

    def _leave(self, client: bytes) -> None:
        self._visitors.pop(client, None)
        if self._owner is not None and client == self._owner.client:
            self._owner = None
        if self._desk is not None:
            self._desk.hold(client, 0)


def _answer(peer: _Peer, content: Content, records: Records) -> Frames:
    frames = encode_batch(content, Batch(stream=peer.stream, sequence=peer.sent, records=records))
    peer.sent += 1
    return frames


def _gate_answers(peer: _Peer, made: tuple[Records, Records]) -> list[Frames]:
    orders, events = made
    return [_answer(peer, "orders", orders), _answer(peer, "risk_events", events)]
