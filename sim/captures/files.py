"""Open captures as they are: plain, or compressed with gzip, xz or Zstandard."""

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import zstandard

__all__ = ["READ_ERRORS", "CaptureFile", "lines_of", "plain_name"]

READ_ERRORS: Final = (OSError, EOFError, lzma.LZMAError, zlib.error, zstandard.ZstdError)
"""What reading a damaged file raises."""

_LONGEST_LINE: Final = 1 << 24  # bytes; a longer one is cut, so that memory stays bounded
_BUFFER: Final = 1 << 18
_SUFFIXES: Final = (".gz", ".xz", ".zst")


class CaptureFile:
    """A file being read, decompressed by its first bytes whatever its name.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    path : Path
        As given.
    progress : int or None
        Bytes that count as read, for a reader that jumps about; None: the place in the file.
    size : int
        Bytes of the file as it lies on disk.

    Raises
    ------
    OSError
        If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.progress: int | None = None
        self._raw = path.open("rb")
        self.size = path.stat().st_size
        self.stream = _decompressed(self._raw)

    @property
    def position(self) -> int:
        """Bytes of the file on disk that were read so far."""
        if self.progress is not None:
            return self.progress
        return self.size if self._raw.closed else self._raw.tell()

    def close(self) -> None:
        """Close it. Calling it twice is allowed."""
        self.stream.close()
        self._raw.close()


class _ZstdFile(io.RawIOBase):
    """Read Zstandard frames, and say where the last one is cut.

    ``zstandard``'s own reader takes a cut frame for the end of the file.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._frame: Any = None  # None between frames
        self._input = b""
        self._output = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a part of ``buffer``; 0 at the end.

        Raises
        ------
        EOFError
            If the file ends within a frame.
        """
        while not self._output:
            self._input = self._input or self._raw.read(_BUFFER)
            if not self._input:
                if self._frame is not None:
                    raise EOFError("it ends within a Zstandard frame")
                return 0
            self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._output = memoryview(self._frame.decompress(self._input))
            self._input = b""
            if self._frame.eof:
                self._input, self._frame = self._frame.unused_data, None
        size = min(len(buffer), len(self._output))
        buffer[:size], self._output = self._output[:size], self._output[size:]
        return size


def _decompressed(raw: BinaryIO) -> BinaryIO:
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=raw), _BUFFER))
    if magic == b"\xfd7zXZ\x00":
        return cast(BinaryIO, io.BufferedReader(lzma.LZMAFile(raw), _BUFFER))
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return cast(BinaryIO, io.BufferedReader(_ZstdFile(raw), _BUFFER))
    return raw


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a stream with their ends; one of over 16 MiB comes in pieces.

    Raises
    ------
    OSError, EOFError, lzma.LZMAError, zlib.error, zstandard.ZstdError
        If the file is damaged, see ``READ_ERRORS``.
    """
    while line := stream.readline(_LONGEST_LINE):
        yield line


def plain_name(path: Path) -> str:
    """Return the name of a file without a suffix of compression."""
    return path.stem if path.suffix in _SUFFIXES else path.name
