"""Control messages between client, controller and worker.

One JSON object a message. A change of meaning is a new ``kind``. Times are integer nanoseconds
since the Unix epoch, UTC.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from host.device.base import DeviceError
from host.protocol.base import Base, Id, Name, Request, UnixNanos
from host.protocol.risk_messages import (
    RiskAudit,
    RiskHold,
    RiskLimits,
    RiskLimitsGet,
    RiskLimitsSet,
    RiskTrips,
    RiskTripsGet,
)

__all__ = [
    "CONTROL_LIMIT",
    "ControllerStatus",
    "DeviceAttach",
    "DeviceClose",
    "DeviceCollect",
    "DeviceDrain",
    "DeviceOpen",
    "DeviceOpened",
    "DevicePin",
    "DeviceRead",
    "DeviceValue",
    "DeviceWrite",
    "Done",
    "Failure",
    "Heartbeat",
    "Message",
    "ProtocolError",
    "Request",
    "RiskAudit",
    "RiskHold",
    "RiskLimits",
    "RiskLimitsGet",
    "RiskLimitsSet",
    "RiskTrips",
    "RiskTripsGet",
    "StatusRequest",
    "Stop",
    "WorkerFailed",
    "WorkerReady",
    "WorkerStage",
    "WorkerState",
    "decode",
    "encode",
]

CONTROL_LIMIT: Final = 262_144  # bytes: limits of the largest build; what is longer stays unread

Text = Annotated[str, Field(max_length=8192)]


class ProtocolError(DeviceError):
    """A message or batch is not what the protocol allows.

    Attributes
    ----------
    code : str
        What was wrong, for programs.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


# Supervision: controller <-> worker, and controller -> everyone.
class WorkerStage(Base):
    """A worker says what it is busy with while it starts."""

    kind: Literal["worker.stage.v1"] = "worker.stage.v1"
    sent_at: UnixNanos
    worker: Name
    stage: Text


class WorkerReady(Base):
    """A worker has opened its device and takes clients at ``endpoint``."""

    kind: Literal["worker.ready.v1"] = "worker.ready.v1"
    sent_at: UnixNanos
    worker: Name
    endpoint: Name


class WorkerFailed(Base):
    """A worker cannot go on and ends. ``code``: ``device``, ``mismatch`` or ``crash``."""

    kind: Literal["worker.failed.v1"] = "worker.failed.v1"
    sent_at: UnixNanos
    worker: Name
    code: Literal["device", "mismatch", "crash"]
    reason: Text


class Heartbeat(Base):
    """A process says that it lives. ``refused`` counts the messages that it could not take."""

    kind: Literal["heartbeat.v1"] = "heartbeat.v1"
    sent_at: UnixNanos
    sender: Name
    refused: Annotated[int, Field(ge=0)] = 0


class Stop(Request):
    """Asks a process to end cleanly."""

    kind: Literal["stop.v1"] = "stop.v1"


class StatusRequest(Request):
    """Asks the controller how its workers are."""

    kind: Literal["status.get.v1"] = "status.get.v1"


class WorkerState(Base):
    """One worker as the controller sees it. A ``failed`` or ``lost`` one does not come back."""

    worker: Name
    state: Literal["starting", "ready", "failed", "lost", "stopped"]
    detail: Text = ""
    code: Literal["", "device", "mismatch", "crash"] = ""
    endpoint: str = ""
    refused: Annotated[int, Field(ge=0)] = 0


class ControllerStatus(Base):
    """State of the controller: published at each change and each heartbeat, and on request."""

    kind: Literal["status.v1"] = "status.v1"
    sent_at: UnixNanos
    request_id: Id = 0
    sequence: Annotated[int, Field(ge=0)]
    refused: Annotated[int, Field(ge=0)]
    workers: tuple[WorkerState, ...]


# The device: client <-> worker.
class DeviceOpen(Request):
    """A client takes the device; a client that had it before loses it."""

    kind: Literal["device.open.v1"] = "device.open.v1"


class DeviceAttach(Request):
    """A client commands the risk gate for a while; whoever has the device keeps it."""

    kind: Literal["device.attach.v1"] = "device.attach.v1"


class DeviceOpened(Request):
    """Answer to open and to attach.

    ``credits``: batches that may be on the way unanswered. ``risk_sizes``: of the risk gate, if the
    device has one.
    """

    kind: Literal["device.opened.v1"] = "device.opened.v1"
    stream: Id
    name: Name
    cycle_accurate: bool
    map_id: Annotated[int, Field(ge=0, lt=2**32)]
    sizes: dict[str, int]
    risk_sizes: dict[str, int] | None = None
    credits: Annotated[int, Field(ge=1, le=1024)]
    max_batch: Annotated[int, Field(ge=1)]


class DeviceRead(Request):
    """Reads a register, after all batches sent before."""

    kind: Literal["device.read.v1"] = "device.read.v1"
    name: Name
    index: int = 0


class DeviceWrite(Request):
    """Writes a register, after all batches sent before."""

    kind: Literal["device.write.v1"] = "device.write.v1"
    name: Name
    value: int
    index: int = 0


class DeviceValue(Request):
    """Answer to read."""

    kind: Literal["device.value.v1"] = "device.value.v1"
    value: Annotated[int, Field(ge=0, lt=2**64)]


class DeviceDrain(Request):
    """Runs the device until nothing is under way; one batch of events comes before ``Done``."""

    kind: Literal["device.drain.v1"] = "device.drain.v1"


class DeviceCollect(Request):
    """Runs the device for some cycles; batches of orders and risk events come before ``Done``."""

    kind: Literal["device.collect.v1"] = "device.collect.v1"
    cycles: Annotated[int, Field(ge=0, lt=2**63)]


class DevicePin(Request):
    """Sets the kill pin, after all batches sent before."""

    kind: Literal["device.pin.v1"] = "device.pin.v1"
    high: bool


class DeviceClose(Request):
    """The client gives the device back, or leaves."""

    kind: Literal["device.close.v1"] = "device.close.v1"


class Done(Request):
    """The request was carried out."""

    kind: Literal["done.v1"] = "done.v1"


class Failure(Base):
    """Something was refused or failed. ``request_id`` is absent where none could be read."""

    kind: Literal["failure.v1"] = "failure.v1"
    request_id: Id | None = None
    code: Name
    reason: Text


Message = (
    ControllerStatus
    | DeviceAttach
    | DeviceClose
    | DeviceCollect
    | DeviceDrain
    | DeviceOpen
    | DeviceOpened
    | DevicePin
    | DeviceRead
    | DeviceValue
    | DeviceWrite
    | Done
    | Failure
    | Heartbeat
    | RiskAudit
    | RiskHold
    | RiskLimits
    | RiskLimitsGet
    | RiskLimitsSet
    | RiskTrips
    | RiskTripsGet
    | StatusRequest
    | Stop
    | WorkerFailed
    | WorkerReady
    | WorkerStage
)

_adapter: Final[TypeAdapter[Message]] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


def encode(message: Message) -> bytes:
    """Return the JSON body of a message: one ZeroMQ frame."""
    return message.model_dump_json().encode()


def decode(body: bytes) -> Message:
    """Parse one frame.

    Raises
    ------
    ProtocolError
        ``bad_message``: the body is not exactly one of the known messages.
    """
    if len(body) > CONTROL_LIMIT:
        raise ProtocolError(
            "bad_message", f"control message of {len(body)} bytes; at most {CONTROL_LIMIT} allowed"
        )
    try:
        return _adapter.validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise ProtocolError("bad_message", f"{where}: {first['msg']}") from error
