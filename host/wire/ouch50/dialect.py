"""Messages of one direction, with their appendages."""

from typing import Any

from host.wire.fields import Dialect, WireError
from host.wire.ouch50.options import pack_options, unpack_options

__all__ = ["OuchDialect"]


class OuchDialect(Dialect):
    """All messages of one direction.

    Parameters
    ----------
    messages : list of (str, type, str)
        Letter, class, and whether an appendage always follows (``always``), may be left out when
        it is empty (``may``) or is none (``never``).
    """

    def __init__(self, messages: list[tuple[str, type[Any], str]]) -> None:
        super().__init__((letter, message) for letter, message, _ in messages)
        self._appendages = {message: appendage for _, message, appendage in messages}

    def encode(self, message: Any) -> bytes:
        """Return the bytes of a message; ``WireError`` if a value does not fit."""
        data, appendage = super().encode(message), self._appendages[type(message)]
        if appendage == "never" or (appendage == "may" and not message.options):
            return data
        return data + pack_options(message.options)

    def decode(self, data: bytes) -> Any:
        """Return the message; ``WireError`` if type, length, a code or an option is wrong."""
        codec = self._codec(data)
        appendage = self._appendages[codec.message]
        fields, rest = codec.unpack(data), data[codec.size :]
        if appendage == "never" and rest:
            raise WireError(f"expected {codec.size} bytes, got {len(data)}")
        if appendage == "never" or (appendage == "may" and not rest):
            return codec.message(*fields)
        return codec.message(*fields, options=unpack_options(rest))
