"""SoupBinTCP: packets with a length on TCP, numbered from the server, with logon and heartbeats.

As Nasdaq's public "SoupBinTCP 3.00" specification has it. The server's sequenced packets carry no
number: both ends count them from the one that the logon names.
"""

from enum import StrEnum
from struct import Struct
from typing import Final, NamedTuple

from host.wire.fields import WireError

__all__ = [
    "HEARTBEAT_S",
    "TIMEOUT_S",
    "Kind",
    "LoginAccepted",
    "LoginRequest",
    "Packet",
    "PacketReader",
    "decode_accepted",
    "decode_login",
    "encode",
    "encode_accepted",
    "encode_login",
]

HEARTBEAT_S: Final = 1.0  # without other packets, one is sent this often
TIMEOUT_S: Final = 15.0  # and silence this long ends the connection

_HEAD: Final = Struct(">Hc")
_LOGIN: Final = Struct(">6s10s10s20s")
_ACCEPTED: Final = Struct(">10s20s")


class Kind(StrEnum):
    """Types of packets."""

    DEBUG = "+"
    LOGIN_ACCEPTED = "A"
    LOGIN_REJECTED = "J"
    SEQUENCED = "S"
    SERVER_HEARTBEAT = "H"
    END_OF_SESSION = "Z"
    LOGIN_REQUEST = "L"
    UNSEQUENCED = "U"
    CLIENT_HEARTBEAT = "R"
    LOGOUT = "O"


class Packet(NamedTuple):
    """One packet."""

    kind: Kind
    payload: bytes = b""


class LoginRequest(NamedTuple):
    """Ask for a session, from a message on.

    Attributes
    ----------
    user, password : str
        At most 6 and 10 characters; in any case.
    session : str
        Empty for the one that runs.
    sequence : int
        Number of the first message wanted; 0 for only what comes from now on.
    """

    user: str
    password: str
    session: str = ""
    sequence: int = 1


class LoginAccepted(NamedTuple):
    """The session, and the number of the next sequenced message."""

    session: str
    sequence: int


def encode(kind: Kind, payload: bytes = b"") -> bytes:
    """Return the bytes of a packet."""
    if len(payload) >= 0xFFFF:
        raise WireError(f"expected a payload of less than {0xFFFF} bytes, got {len(payload)}")
    return _HEAD.pack(len(payload) + 1, kind.encode()) + payload


def encode_login(login: LoginRequest) -> bytes:
    """Return the packet of a logon."""
    texts = _text(login.user, 6), _text(login.password, 10), _right(login.session, 10)
    payload = _LOGIN.pack(*texts, _right(str(login.sequence), 20))
    return encode(Kind.LOGIN_REQUEST, payload)


def encode_accepted(accepted: LoginAccepted) -> bytes:
    """Return the packet that answers a logon."""
    payload = _ACCEPTED.pack(_right(accepted.session, 10), _right(str(accepted.sequence), 20))
    return encode(Kind.LOGIN_ACCEPTED, payload)


def decode_login(payload: bytes) -> LoginRequest:
    """Return a logon; ``WireError`` if it is none."""
    if len(payload) != _LOGIN.size:
        raise WireError(f"expected {_LOGIN.size} bytes of a logon, got {len(payload)}")
    user, password, session, sequence = (_strip(field) for field in _LOGIN.unpack(payload))
    return LoginRequest(user, password, session, _number(sequence))


def decode_accepted(payload: bytes) -> LoginAccepted:
    """Return the answer to a logon; ``WireError`` if it is none."""
    if len(payload) != _ACCEPTED.size:
        raise WireError(f"expected {_ACCEPTED.size} bytes of an answer, got {len(payload)}")
    session, sequence = (_strip(field) for field in _ACCEPTED.unpack(payload))
    return LoginAccepted(session, _number(sequence))


class PacketReader:
    """Cut a stream of bytes into packets.

    Parameters
    ----------
    largest : int
        Longest payload [bytes]; a longer one ends the stream with an error.
    """

    def __init__(self, largest: int = 4096) -> None:
        self._largest = largest
        self._rest = b""

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets that are complete now.

        Raises
        ------
        WireError
            If a length or a type is not of the protocol. The stream cannot be read any further.
        """
        rest, at, packets = self._rest + data, 0, []
        while len(rest) - at >= _HEAD.size:
            length, kind = _HEAD.unpack_from(rest, at)
            if not 1 <= length <= self._largest + 1:
                raise WireError(f"expected a length of 1 to {self._largest + 1}, got {length}")
            try:
                known = Kind(kind.decode("latin-1"))
            except ValueError:
                raise WireError(f"expected a packet type, got {kind!r}") from None
            if len(rest) - at < 2 + length:
                break
            packets.append(Packet(known, rest[at + _HEAD.size : at + 2 + length]))
            at += 2 + length
        self._rest = rest[at:]
        return packets


def _text(value: str, size: int) -> bytes:
    raw = value.encode("ascii", "replace")
    if len(raw) > size:
        raise WireError(f"expected at most {size} characters, got {value!r}")
    return raw.ljust(size)


def _right(value: str, size: int) -> bytes:
    return _text(value, size).strip(b" ").rjust(size)


def _strip(raw: bytes) -> str:
    return raw.decode("latin-1").strip(" ")


def _number(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise WireError(f"expected a sequence number, got {text!r}")
    return int(text)
