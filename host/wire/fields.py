"""Binary messages from annotated classes: one declaration, read and written the same way."""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar, get_type_hints

__all__ = [
    "U8",
    "U16",
    "U32",
    "U48",
    "U64",
    "Alpha",
    "Dialect",
    "Form",
    "MessageCodec",
    "WireError",
    "code_of",
]

M = TypeVar("M", bound=NamedTuple)
_APPENDED: Final = "options"


class WireError(ValueError):
    """Bytes or values that are not what the protocol says; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one field lies in a message.

    Attributes
    ----------
    code : str
        Its code for ``struct``, big-endian.
    write, read : callable, optional
        From a value to what ``struct`` packs, and back. Raise ``WireError``.
    domain : str
        All characters that it can be, where it is one of a few.
    """

    code: str
    write: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None
    domain: str = ""


def _u48(value: int) -> bytes:
    if not 0 <= value < 1 << 48:
        raise WireError(f"expected 48 bits, got {value}")
    return value.to_bytes(6, "big")


U8 = Annotated[int, Form("B")]
U16 = Annotated[int, Form("H")]
U32 = Annotated[int, Form("I")]
U64 = Annotated[int, Form("Q")]
U48 = Annotated[int, Form("6s", _u48, lambda raw: int.from_bytes(raw, "big"))]


def Alpha(size: int) -> Form:  # reads as a type where fields are declared
    """Return the form of a text, left-justified and filled with spaces."""

    def write(value: str) -> bytes:
        try:
            raw = value.encode("latin-1")
        except UnicodeEncodeError:
            raise WireError(f"expected Latin-1 text, got {value!r}") from None
        if len(raw) > size:
            raise WireError(f"expected a text of at most {size} bytes, got {value!r}")
        return raw.ljust(size)

    return Form(f"{size}s", write, lambda raw: raw.decode("latin-1").rstrip(" "))


def code_of(domain: str) -> Form:
    """Return the form of one character out of ``domain``."""
    codes: Final = {ord(code).to_bytes(1, "big"): code for code in domain}
    back: Final = {code: raw for raw, code in codes.items()}

    def write(value: str) -> bytes:
        if value not in back:
            raise WireError(f"expected one of {domain!r}, got {value!r}")
        return back[value]

    def read(raw: bytes) -> str:
        if raw not in codes:
            raise WireError(f"expected one of {domain!r}, got {raw!r}")
        return codes[raw]

    return Form("c", write, read, domain)


class MessageCodec(Generic[M]):
    """Write and read one type of message: a letter, then its fields in their order.

    Parameters
    ----------
    letter : str
        The message's type.
    message : type
        A ``NamedTuple``; the annotation of each field holds a ``Form``, but that of ``options``,
        which comes last and is appended by others.
    """

    def __init__(self, letter: str, message: type[M]) -> None:
        hints = get_type_hints(message, include_extras=True)
        forms = [_form(hints[name]) for name in message._fields if name != _APPENDED]
        self.letter = letter
        self.message = message
        self._struct = struct.Struct(">c" + "".join(form.code for form in forms))
        self._kind = letter.encode("latin-1")
        self._writes = [(i, f.write) for i, f in enumerate(forms) if f.write]
        self._reads = [(i + 1, f.read) for i, f in enumerate(forms) if f.read]
        self._count = len(forms)
        self.size = self._struct.size

    def pack(self, message: M) -> bytes:
        """Return the bytes of a message.

        Raises
        ------
        WireError
            If a value does not fit its field.
        """
        values = list(message[: self._count])
        for i, write in self._writes:
            values[i] = write(values[i])
        try:
            return self._struct.pack(self._kind, *values)
        except struct.error as error:
            raise WireError(f"{self.message.__name__}: {error}") from None

    def unpack(self, data: bytes) -> list[Any]:
        """Return the fields of the first ``size`` bytes.

        Raises
        ------
        WireError
            If there are fewer, or a code is unknown.
        """
        if len(data) < self.size:
            raise WireError(f"expected {self.size} bytes of {self.letter!r}, got {len(data)}")
        values = list(self._struct.unpack_from(data))
        for i, read in self._reads:
            values[i] = read(values[i])
        return values[1:]


def _form(hint: Any) -> Form:
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, Form):
            return note
    raise TypeError(f"expected a field with a form, got {hint}")


class Dialect:
    """All messages of one direction.

    Parameters
    ----------
    messages : iterable of (str, type)
        Letter and class. A last field ``options`` is no part of what is read and written here.

    Attributes
    ----------
    letters : str
        Of all messages.
    """

    def __init__(self, messages: Iterable[tuple[str, type[Any]]]) -> None:
        codecs = [MessageCodec(letter, message) for letter, message in messages]
        self.letters = "".join(codec.letter for codec in codecs)
        self._by_letter = {ord(codec.letter): codec for codec in codecs}
        self._by_class: dict[type[Any], MessageCodec[Any]] = {c.message: c for c in codecs}

    def encode(self, message: Any) -> bytes:
        """Return the bytes of a message; ``WireError`` if a value does not fit."""
        return self._by_class[type(message)].pack(message)

    def decode(self, data: bytes) -> Any:
        """Return the message; ``WireError`` if it is unknown, or too short or long."""
        codec = self._codec(data)
        if len(data) != codec.size:
            raise WireError(f"expected {codec.size} bytes of {codec.letter!r}, got {len(data)}")
        return codec.message(*codec.unpack(data))

    def _codec(self, data: bytes) -> MessageCodec[Any]:
        """Return what reads a message of this type; ``WireError`` if it is unknown."""
        codec = self._by_letter.get(data[0]) if data else None
        if codec is None:
            raise WireError(f"expected a message type of {self.letters}, got {data[:1]!r}")
        return codec
