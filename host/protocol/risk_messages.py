"""Messages about the risk gate: whoever has opened the device, or is attached, and the worker."""

from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from host.protocol.base import Base, Name, Request, UnixNanos

__all__ = [
    "LONGEST_LEASE",
    "RiskAudit",
    "RiskHold",
    "RiskLimits",
    "RiskLimitsGet",
    "RiskLimitsSet",
    "RiskTrips",
    "RiskTripsGet",
    "Trip",
]

LONGEST_LEASE: Final = 10_000_000_000  # of a hold on the deadman [ns]

Document = dict[str, JsonValue]


class RiskLimitsSet(Request):
    """Brings limits into force, whole or not at all.

    ``document``: a limits file, as it is read. ``commits``: how many commits the client knows of,
    so that it does not undo a change that it has not seen.
    """

    kind: Literal["risk.limits.set.v1"] = "risk.limits.set.v1"
    document: Document
    commits: Annotated[int, Field(ge=0, lt=2**32)]


class RiskLimitsGet(Request):
    """Asks for the limits that were set last."""

    kind: Literal["risk.limits.get.v1"] = "risk.limits.get.v1"


class RiskLimits(Request):
    """Answer: the document as it was set; empty if none was.

    ``in_force``: the device's registers hold exactly what it says. ``commits``: since reset.
    """

    kind: Literal["risk.limits.v1"] = "risk.limits.v1"
    document: Document
    in_force: bool
    commits: Annotated[int, Field(ge=0, lt=2**32)]


class RiskTripsGet(Request):
    """Asks for the latest acts of the kill switch, the circuit breaker and of arming."""

    kind: Literal["risk.trips.get.v1"] = "risk.trips.get.v1"


class Trip(Base):
    """One such act. ``mask``: its causes, detectors, or what was killed, a bit each.

    ``what``: the name of a ``risk_event_kind``, or of the register by which the host killed.
    """

    seen_at: UnixNanos
    what: Name
    time: Annotated[int, Field(ge=0, lt=2**64, description="the box's time [ns]")]
    cycle: Annotated[int, Field(ge=0, lt=2**64)]
    mask: Annotated[int, Field(ge=0, lt=2**64)]
    operator: Annotated[int, Field(ge=0, lt=2**64)]
    instrument: Annotated[int, Field(ge=0, lt=256)]
    action: Annotated[int, Field(ge=0, lt=256)]


class RiskTrips(Request):
    """Answer: the oldest first. ``forgotten``: how many more there were since the start."""

    kind: Literal["risk.trips.v1"] = "risk.trips.v1"
    trips: tuple[Trip, ...]
    forgotten: Annotated[int, Field(ge=0)]


class RiskAudit(Request):
    """Reads out open orders and positions; one batch of risk events comes before ``Done``."""

    kind: Literal["risk.audit.v1"] = "risk.audit.v1"


class RiskHold(Request):
    """The worker refreshes the deadman for so long, unless the client closes before; 0: no more."""

    kind: Literal["risk.hold.v1"] = "risk.hold.v1"
    lease: Annotated[int, Field(ge=0, le=LONGEST_LEASE, description="[ns]")]
