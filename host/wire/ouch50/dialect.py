"""Messages of one direction, with their appendages."""

from typing import Any

from host.wire.fields import MessageCodec, WireError
from host.wire.ouch50.options import pack_options, unpack_options

__all__ = ["OuchDialect"]


class OuchDialect:
    """All messages of one direction.

    Parameters
    ----------
    messages : iterable of (str, type, str)
        Letter, class, and whether an appendage always follows (``always``), may be left out when
        it is empty (``may``) or is none (``never``).
    """

    def __init__(self, messages: list[tuple[str, type[Any], str]]) -> None:
        entries = [
            (letter, message, appendage, MessageCodec(letter, message, _plain(message)))
            for letter, message, appendage in messages
        ]
        self._by_letter = {ord(e[0]): (e[3], e[2]) for e in entries}
        self._by_class: dict[type[Any], tuple[MessageCodec[Any], str]] = {
            e[1]: (e[3], e[2]) for e in entries
        }

    def encode(self, message: Any) -> bytes:
        """Return the bytes of a message; ``WireError`` if a value does not fit."""
        codec, appendage = self._by_class[type(message)]
        data = codec.pack(message)
        if appendage == "never" or (appendage == "may" and not message.options):
            return data
        return data + pack_options(message.options)

    def decode(self, data: bytes) -> Any:
        """Return the message; ``WireError`` if type, length, a code or an option is wrong."""
        codec, appendage = self._by_letter.get(data[0], (None, "")) if data else (None, "")
        if codec is None:
            letters = "".join(map(chr, self._by_letter))
            raise WireError(f"expected a message type of {letters}, got {data[:1]!r}")
        fields, rest = codec.unpack(data), data[codec.size :]
        if appendage == "never":
            if rest:
                raise WireError(f"expected {codec.size} bytes, got {len(data)}")
            return codec.message(*fields)
        if appendage == "may" and not rest:
            return codec.message(*fields)
        return codec.message(*fields, options=unpack_options(rest))


def _plain(message: type[Any]) -> int:
    """Return how many fields come before the options."""
    return len([name for name in message._fields if name != "options"])
