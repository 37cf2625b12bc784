"""Framing of data: a fixed header and the records as they are, one ZeroMQ frame each.

Header, little-endian: magic ``TGB1``, content (1 updates, 2 events), bytes a record, flags
(always 0), number of records, stream id, sequence number. Sequence numbers count the batches of one
direction of a stream from 0, so a jump is a lost batch. Every batch of updates, and every drain, is
answered by one batch of events, in order.
"""

import struct
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from host.protocol.messages import ProtocolError

__all__ = ["HEADER", "MAX_BATCH", "Batch", "decode_batch", "encode_batch"]

HEADER: Final = struct.Struct("<4sBxHIIQQ")
MAX_BATCH: Final = 8192  # updates a batch; 393 kB, some 30 ms of a simulated device

_MAGIC: Final = b"TGB1"
_CONTENT: Final = {"updates": 1, "events": 2}
_DTYPES: Final = {"updates": UPDATE_DTYPE, "events": EVENT_DTYPE}

Content = Literal["updates", "events"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Batch:
    """Records under way.

    Attributes
    ----------
    stream : int
        Stream id that the worker gave at open.
    sequence : int
        Number of the batch in its direction.
    records : array of shape (n,), dtype ``UPDATE_DTYPE`` or ``EVENT_DTYPE``
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
    dtype = _DTYPES[content]
    if records.dtype != dtype or records.ndim != 1:
        raise ProtocolError(
            "bad_batch",
            f"{content} must be one-dimensional records of {dtype.itemsize} bytes, not "
            f"{records.dtype} of shape {records.shape}",
        )
    header = HEADER.pack(
        _MAGIC, _CONTENT[content], dtype.itemsize, 0, len(records), batch.stream, batch.sequence
    )
    return [header, records.tobytes()]


def decode_batch(content: Content, header: bytes, payload: bytes) -> Batch:
    """Parse the two frames of a batch.

    Raises
    ------
    ProtocolError
        ``bad_batch``: wrong length, magic, version, content or record size.
    """
    if len(header) != HEADER.size:
        raise ProtocolError(
            "bad_batch", f"batch header must have {HEADER.size} bytes, not {len(header)}"
        )
    magic, code, size, flags, count, stream, sequence = HEADER.unpack(header)
    dtype = _DTYPES[content]
    for what, expected, actual in (
        ("magic", _MAGIC, magic),
        ("content", _CONTENT[content], code),
        ("record size", dtype.itemsize, size),
        ("flags", 0, flags),
        ("length [bytes]", count * dtype.itemsize, len(payload)),
    ):
        if actual != expected:
            raise ProtocolError("bad_batch", f"batch {what} must be {expected!r}, not {actual!r}")
    return Batch(stream=stream, sequence=sequence, records=np.frombuffer(payload, dtype))
