"""Frames as lanes of a 64-bit XGMII, and what the receiver made of them."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gateware.net.layouts import FRAME_END

__all__ = ["ERROR", "IDLE", "START", "TERMINATE", "Received", "lanes", "with_fcs", "words"]

Lane = tuple[int, int]  # byte, whether it is a control code
IDLE: Final = (0x07, 1)
START: Final = (0xFB, 1)
TERMINATE: Final = (0xFD, 1)
ERROR: Final = (0xFE, 1)
PREAMBLE: Final = [START, *[(0x55, 0)] * 6, (0xD5, 0)]


def with_fcs(frame: bytes) -> bytes:
    """Append the FCS."""
    return frame + zlib.crc32(frame).to_bytes(4, "little")


def lanes(frame: bytes) -> list[Lane]:
    """Return preamble, frame and terminate."""
    return [*PREAMBLE, *((byte, 0) for byte in frame), TERMINATE]


def words(line: list[Lane]) -> Iterator[tuple[int, int]]:
    """Cut lanes into data and control of each cycle; idle follows."""
    line = line + [IDLE] * (-len(line) % 8 + 40)
    for n in range(0, len(line), 8):
        yield (
            int.from_bytes(bytes(byte for byte, _ in line[n : n + 8]), "little"),
            sum(code << lane for lane, (_, code) in enumerate(line[n : n + 8])),
        )


@dataclass(kw_only=True)
class Received:
    """Frames and verdicts, taken from the ports cycle by cycle.

    Attributes
    ----------
    frames : list of bytes
        What the words of each frame held, with FCS.
    first, last, ends : list of int
        Cycles of first words, of last words and of verdicts.
    verdicts : list of str
        The name of each.
    """

    frames: list[bytes] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)

    def take(self, cycle: int, word: Any, end: Any) -> None:
        """Take what one cycle shows: word and end, or None where not valid."""
        if word is not None:
            assert word.first == (len(self.first) == len(self.last)), "a frame inside another"
            if word.first:
                self.frames.append(b"")
                self.first.append(cycle)
            data = int(word.data).to_bytes(8, "little")
            self.frames[-1] += data[: int(word.bytes)]
            if word.last:
                self.last.append(cycle)
            else:
                assert word.bytes == 8
        if end is not None:
            (verdict,) = (name for name in FRAME_END.members if end[name])
            self.verdicts.append(verdict)
            self.ends.append(cycle)
