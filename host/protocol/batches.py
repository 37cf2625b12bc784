"""Framing of data: a fixed header and the records as they are, one ZeroMQ frame each.

Header, little-endian: magic ``TGB1``, content (1 updates, 2 events, 3 requests, 4 orders, 5 risk
events), bytes a record, flags (always 0), number of records, stream id, sequence number. Sequence
numbers count the batches of one direction of a stream from 0, so a jump is a lost batch. Every
batch of updates, and every drain, is answered by one batch of events; every batch of requests, and
every collect, by one of orders and then one of risk events; all in order.
"""

import struct
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from host.device.records import (
    EVENT_DTYPE,
    ORDER_DTYPE,
    RISK_EVENT_DTYPE,
    RISK_REQUEST_DTYPE,
    UPDATE_DTYPE,
)
from host.protocol.messages import ProtocolError

__all__ = [
    "DTYPES",
    "FROM_DEVICE",
    "HEADER",
    "MAX_BATCH",
    "TO_DEVICE",
    "Batch",
    "Content",
    "content_of",
    "decode_batch",
    "encode_batch",
]

Content = Literal["updates", "events", "requests", "orders", "risk_events"]

HEADER: Final = struct.Struct("<4sBxHIIQQ")
MAX_BATCH: Final = 8192  # records a batch; updates: 393 kB, some 30 ms of a simulated device
TO_DEVICE: Final[tuple[Content, ...]] = ("updates", "requests")
FROM_DEVICE: Final[tuple[Content, ...]] = ("events", "orders", "risk_events")
DTYPES: Final[dict[Content, np.dtype[np.void]]] = {
    "updates": UPDATE_DTYPE,
    "events": EVENT_DTYPE,
    "requests": RISK_REQUEST_DTYPE,
    "orders": ORDER_DTYPE,
    "risk_events": RISK_EVENT_DTYPE,
}

_MAGIC: Final = b"TGB1"
_CODE_AT: Final = len(_MAGIC)
_CODES: Final = {content: code for code, content in enumerate(DTYPES, 1)}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Batch:
    """Records under way.

    Attributes
    ----------
    stream : int
        Stream id that the worker gave at open.
    sequence : int
        Number of the batch in its direction.
    records : array of shape (n,), of the dtype in ``DTYPES``
        A decoded batch shares the frame's memory and is read-only.
    """

    stream: int
    sequence: int
    records: NDArray[np.void]


def encode_batch(content: Content, batch: Batch) -> list[bytes]:
    """Return the two frames of a batch.

    Raises
    ------
    ProtocolError
        ``bad_batch``: the records have another dtype or shape.
    """
    records = batch.records
    dtype = DTYPES[content]
    if records.dtype != dtype or records.ndim != 1:
        raise ProtocolError(
            "bad_batch",
            f"{content} must be one-dimensional records of {dtype.itemsize} bytes, not "
            f"{records.dtype} of shape {records.shape}",
        )
    header = HEADER.pack(
        _MAGIC, _CODES[content], dtype.itemsize, 0, len(records), batch.stream, batch.sequence
    )
    return [header, records.tobytes()]


def content_of(header: bytes, allowed: tuple[Content, ...]) -> Content:
    """Return what a batch holds.

    Raises
    ------
    ProtocolError
        ``bad_batch``: wrong length, or none of what is allowed.
    """
    _check_length(header)
    for content in allowed:
        if header[_CODE_AT] == _CODES[content]:
            return content
    raise ProtocolError(
        "bad_batch", f"batch content must be of {', '.join(allowed)}, not {header[_CODE_AT]}"
    )


def decode_batch(content: Content, header: bytes, payload: bytes) -> Batch:
    """Parse the two frames of a batch.

    Raises
    ------
    ProtocolError
        ``bad_batch``: wrong length, magic, version, content or record size.
    """
    _check_length(header)
    magic, code, size, flags, count, stream, sequence = HEADER.unpack(header)
    dtype = DTYPES[content]
    for what, expected, actual in (
        ("magic", _MAGIC, magic),
        ("content", _CODES[content], code),
        ("record size", dtype.itemsize, size),
        ("flags", 0, flags),
        ("length [bytes]", count * dtype.itemsize, len(payload)),
    ):
        if actual != expected:
            raise ProtocolError("bad_batch", f"batch {what} must be {expected!r}, not {actual!r}")
    return Batch(stream=stream, sequence=sequence, records=np.frombuffer(payload, dtype))


def _check_length(header: bytes) -> None:
    if len(header) != HEADER.size:
        raise ProtocolError(
            "bad_batch", f"batch header must have {HEADER.size} bytes, not {len(header)}"
        )
