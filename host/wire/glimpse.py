"""GLIMPSE: the books at one moment, as ITCH 5.0 messages and a last one that says which moment."""

from typing import Final, NamedTuple

from host.wire.fields import WireError

__all__ = ["EndOfSnapshot", "decode_end", "encode_end"]

_KIND: Final = b"G"
_DIGITS: Final = 20


class EndOfSnapshot(NamedTuple):
    """The snapshot is whole; ``sequence`` is the first feed message that is not in it."""

    sequence: int


def encode_end(message: EndOfSnapshot) -> bytes:
    """Return the bytes of the last message."""
    digits = str(message.sequence).encode()
    if message.sequence < 0 or len(digits) > _DIGITS:
        raise WireError(f"expected a number of at most {_DIGITS} digits, got {message.sequence}")
    return _KIND + digits.rjust(_DIGITS)


def decode_end(data: bytes) -> EndOfSnapshot:
    """Return the last message; ``WireError`` if it is another one."""
    digits = data[1:].strip(b" ")
    if data[:1] != _KIND or len(data) != _DIGITS + 1 or not digits.isdigit():
        raise WireError(f"expected {_KIND!r} and {_DIGITS} digits, got {data[:30]!r}")
    return EndOfSnapshot(int(digits))
