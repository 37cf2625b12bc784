"""Options in the appendage of an OUCH 5.0 message: length, tag and value each."""

from struct import Struct
from typing import Final, NamedTuple

from host.wire.fields import Alpha, WireError
from host.wire.ouch50.codes import OptionTag

__all__ = ["Option", "Options", "option", "pack_options", "unpack_options"]

_NUMBERS: Final = {1: 8, 3: 4, 5: 4, 9: 8, 13: 4, 15: 4, 22: 4, 23: 8, 24: 2, 28: 1}
_SIGNED: Final = {7: 4, 11: 4}
_TEXTS: Final = {
    2: 4, 4: 1, 6: 1, 10: 1, 12: 1, 14: 4, 16: 1, 17: 1, 18: 1, 25: 1, 26: 4, 27: 1, 29: 1, 30: 2
}  # fmt: skip
_LENGTH: Final = Struct(">H")


class Option(NamedTuple):
    """One option: a number or a text, by its tag."""

    tag: OptionTag
    value: int | str


Options = tuple[Option, ...]


def option(options: Options, tag: OptionTag) -> int | str | None:
    """Return the value of an option, or None where it is not there."""
    return next((value for found, value in options if found == tag), None)


def pack_options(options: Options) -> bytes:
    """Return the appendage, its length first."""
    parts = []
    for tag, value in options:
        if tag in _TEXTS:
            write = Alpha(_TEXTS[tag]).write
            assert write is not None
            raw = write(str(value))
        else:
            size = _NUMBERS.get(tag) or _SIGNED[tag]
            try:
                raw = int(value).to_bytes(size, "big", signed=tag in _SIGNED)
            except OverflowError:
                raise WireError(f"option {tag}: expected {size} bytes, got {value}") from None
        parts.append(bytes([len(raw) + 1, tag]) + raw)
    data = b"".join(parts)
    return _LENGTH.pack(len(data)) + data


def unpack_options(data: bytes) -> Options:
    """Return the options; ``WireError`` unless each is known, whole and there once."""
    if len(data) < _LENGTH.size or _LENGTH.unpack_from(data)[0] != len(data) - _LENGTH.size:
        raise WireError(f"expected an appendage as long as it says, got {data.hex()}")
    at, found = _LENGTH.size, {}
    while at < len(data):
        size = data[at]
        if size < 1 or at + 1 + size > len(data):
            raise WireError(f"expected an option as long as it says, got {data[at:].hex()}")
        tag, raw = data[at + 1], data[at + 2 : at + 1 + size]
        if tag in found or len(raw) != (_NUMBERS.get(tag) or _SIGNED.get(tag) or _TEXTS.get(tag)):
            raise WireError(f"expected each known option once and whole, got {data[at:].hex()}")
        if tag in _TEXTS:
            found[tag] = Option(OptionTag(tag), raw.decode("latin-1").rstrip(" "))
        else:
            number = int.from_bytes(raw, "big", signed=tag in _SIGNED)
            found[tag] = Option(OptionTag(tag), number)
        at += 1 + size
    return tuple(found.values())
