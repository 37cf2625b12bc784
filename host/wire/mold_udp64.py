"""MoldUDP64: numbered messages in datagrams, and requests for those that were lost.

A packet is a session of 10 characters, the number of its first message, a count and then each
message behind its length, all big-endian, as Nasdaq's public "MoldUDP64" specification has it.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from host.wire.fields import WireError

__all__ = [
    "HEADER_BYTES",
    "LARGEST_PACKET",
    "Packet",
    "Request",
    "decode",
    "decode_request",
    "encode",
    "encode_end",
    "encode_request",
    "fitting",
]

_HEADER: Final = Struct(">10sQH")
_LENGTH: Final = Struct(">H")
_END: Final = 0xFFFF

HEADER_BYTES: Final = _HEADER.size
LARGEST_PACKET: Final = 1472  # what fits a datagram in an Ethernet frame of 1,500 bytes


class Packet(NamedTuple):
    """A downstream packet.

    Attributes
    ----------
    session : str
        At most 10 characters.
    sequence : int
        Number of the first message; without messages, the next that will be sent.
    messages : tuple of bytes
        None in a heartbeat.
    end : bool
        The session is over; requests are still answered for a while.
    """

    session: str
    sequence: int
    messages: tuple[bytes, ...] = ()
    end: bool = False


class Request(NamedTuple):
    """A request to send ``wanted`` messages from ``sequence`` on again."""

    session: str
    sequence: int
    wanted: int


def _header(session: str, sequence: int, count: int) -> bytes:
    raw = session.encode("ascii", "replace")
    if len(raw) > 10 or not 0 <= sequence < 1 << 64 or not 0 <= count <= _END:
        raise WireError(f"no MoldUDP64 header: {session!r}, {sequence}, {count}")
    return _HEADER.pack(raw.ljust(10), sequence, count)


def encode(session: str, sequence: int, messages: Sequence[bytes] = ()) -> bytes:
    """Return a packet; without messages it is a heartbeat."""
    if len(messages) >= _END or any(len(message) > 0xFFFF for message in messages):
        raise WireError(f"expected fewer than {_END} messages of at most {0xFFFF} bytes")
    blocks = [_LENGTH.pack(len(message)) + message for message in messages]
    return _header(session, sequence, len(messages)) + b"".join(blocks)


def encode_end(session: str, sequence: int) -> bytes:
    """Return a packet that says that the session is over."""
    return _header(session, sequence, _END)


def encode_request(request: Request) -> bytes:
    """Return a request packet."""
    return _header(*request)


def fitting(messages: Sequence[bytes], largest: int = LARGEST_PACKET) -> int:
    """Return how many of the first messages fit one packet; at least one."""
    room = largest - HEADER_BYTES
    for i, message in enumerate(messages):
        room -= _LENGTH.size + len(message)
        if room < 0:
            return max(i, 1)
    return len(messages)


def decode(data: bytes) -> Packet:
    """Return a downstream packet; ``WireError`` unless it holds just what its header says."""
    session, sequence, count = _fields(data)
    if count == _END:
        count, end = 0, True
    else:
        end = False
    at, messages = HEADER_BYTES, []
    for i in range(count):
        if len(data) - at < _LENGTH.size:
            raise WireError(f"expected {count} messages, got {i}")
        length = _LENGTH.unpack_from(data, at)[0]
        at += _LENGTH.size
        if len(data) - at < length:
            raise WireError(f"expected {length} bytes of message {i}, got {len(data) - at}")
        messages.append(data[at : at + length])
        at += length
    if at != len(data):
        raise WireError(f"expected the end after {count} messages, got {len(data) - at} bytes")
    return Packet(session, sequence, tuple(messages), end)


def decode_request(data: bytes) -> Request:
    """Return a request; ``WireError`` unless it is a header and no more."""
    if len(data) != HEADER_BYTES:
        raise WireError(f"expected a request of {HEADER_BYTES} bytes, got {len(data)}")
    return Request(*_fields(data))


def _fields(data: bytes) -> tuple[str, int, int]:
    if len(data) < HEADER_BYTES:
        raise WireError(f"expected a header of {HEADER_BYTES} bytes, got {len(data)}")
    session, sequence, count = _HEADER.unpack_from(data)
    return session.decode("latin-1").rstrip(" "), sequence, count
