"""Binary day files: messages behind a big-endian length of two bytes."""

from collections.abc import Iterator
from typing import BinaryIO

from sim.captures.files import READ_ERRORS, CaptureFile
from sim.captures.messages import Message

__all__ = ["framed"]

_CHUNK = 1 << 18  # bytes


def framed(files: list[CaptureFile]) -> Iterator[Message]:
    """Yield the messages of several files, one file after the other.

    ``line`` of a message is its number in the file, from 1. A message of length 0 ends a session
    and is passed over.
    """
    for file in files:
        yield from _of_file(file)


def _of_file(file: CaptureFile) -> Iterator[Message]:
    number = 0
    try:
        for number, body in enumerate(_bodies(file.stream), 1):
            yield Message(0, body, file.path, number)
    except READ_ERRORS as error:
        text = f"expected whole messages behind their lengths, got a damaged file: {error}"
        yield Message(0, b"", file.path, number + 1, error=text)
    finally:
        file.close()


def _bodies(stream: BinaryIO) -> Iterator[bytes]:
    data, at = stream.read(_CHUNK), 0
    while True:
        end = at + 2 + (data[at] << 8 | data[at + 1]) if len(data) - at >= 2 else len(data) + 1
        if end <= len(data):
            yield data[at + 2 : end]
            at = end
            continue
        more = stream.read(_CHUNK)
        data, at = data[at:] + more, 0
        if not more:
            break
    if data:
        raise EOFError(f"it ends within a message, {len(data)} bytes after its start")
