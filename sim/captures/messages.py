"""Recorded lines: when a message came, where from, and what it says."""

import heapq
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.captures.files import READ_ERRORS, CaptureFile, lines_of

__all__ = ["Message", "recorded", "rows", "split_line"]

_LONGEST_URL: Final = 1 << 16
_SPACED: Final = re.compile(rb"([0-9]{16,19}) ")
_COLON: Final = re.compile(rb"(?:(\S*) -> )?([0-9]{1,10})(?:\.([0-9]{1,9}))?: ")
_SYMBOL: Final = re.compile(rb"[?&](?:symbol|pair)=([^&\s]+)")


@dataclass(slots=True)
class Message:
    """One recorded message.

    Attributes
    ----------
    time : int
        When it was recorded [ns since epoch, UTC].
    body : bytes
        What the venue sent; empty for a line that the recorder wrote of itself.
    path : Path
        File that holds it.
    line : int
        Line number, from 1.
    symbol : str
        Symbol in the URL of the request that it answers, or empty.
    error : str
        What was expected where the line, or the file, cannot be read; else empty.
    """

    time: int
    body: bytes
    path: Path
    line: int
    symbol: str = ""
    error: str = ""


def split_line(line: bytes) -> tuple[int, bytes, str] | None:
    """Split a line into time [ns], message and symbol of the request, or None.

    Known are ``local_ns json`` (19 digits), ``seconds.fraction: json`` and
    ``url -> seconds.fraction: json``. A line of the recorder itself (``configuration: ...``,
    ``url <-> time``, ``url <- time: request``) has an empty message.
    """
    if found := _SPACED.match(line):
        return int(found[1]), line[found.end() :], ""
    if found := _COLON.match(line):
        url, seconds, fraction = found.groups()
        time = int(seconds) * 1_000_000_000 + int((fraction or b"0").ljust(9, b"0"))
        symbol = _SYMBOL.search(url[:_LONGEST_URL]) if url else None
        return time, line[found.end() :], symbol[1].decode("latin-1") if symbol else ""
    if b" <-> " in line or b" <- " in line or line.startswith(b"configuration: "):
        return 0, b"", ""
    return None


def _of_file(
    file: CaptureFile, read: Callable[[Path, int, bytes, int], Message]
) -> Iterator[Message]:
    number, time = 0, 0
    try:
        for number, line in enumerate(lines_of(file.stream), 1):
            message = read(file.path, number, line, time)
            time = message.time
            yield message
    except READ_ERRORS as error:
        text = f"expected a whole file, got a damaged one: {error}"
        yield Message(time, b"", file.path, number + 1, error=text)
    finally:
        file.close()


def _recorded(path: Path, number: int, line: bytes, time: int) -> Message:
    parts = split_line(line)
    if parts is None:
        if not line.strip():
            return Message(time, b"", path, number)
        text = f"expected 'time message', got {line[:60]!r}"
        return Message(time, b"", path, number, error=text)
    return Message(parts[0] or time, parts[1], path, number, parts[2])


def recorded(files: list[CaptureFile]) -> Iterator[Message]:
    """Yield the messages of several recordings as one session, in the order of their times.

    Within one file the order of the lines stands, whatever their times.
    """
    if len(files) == 1:
        return _of_file(files[0], _recorded)
    return heapq.merge(*(_of_file(f, _recorded) for f in files), key=lambda message: message.time)


def rows(files: list[CaptureFile]) -> Iterator[Message]:
    """Yield every line of several files, one file after the other, without a time."""
    for file in files:
        yield from _of_file(file, lambda path, number, line, time: Message(0, line, path, number))
