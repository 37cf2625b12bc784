"""Open captures of market data and read them in batches."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from host.venues.instrument import Instrument
from host.venues.parser import Check
from sim.captures.feed import Feed
from sim.captures.files import CaptureFile
from sim.captures.formats import feed_for, with_siblings
from sim.captures.recognise import FORMATS, recognise

__all__ = ["Capture", "CaptureBatch", "CaptureError", "open_capture"]

_MESSAGES: Final = 100  # error messages kept


class CaptureError(ValueError):
    """A capture that cannot be read; the text says where, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class CaptureBatch:
    """Some updates in order, and what the venue says of the books after them.

    Attributes
    ----------
    updates : array of shape (n,), dtype ``UPDATE_DTYPE``
        About 4096 updates; ``n`` is at least 1.
    checks : list of Check
        Checks whose positions are within this batch, in order.
    """

    updates: NDArray[np.void]
    checks: list[Check]


class Capture:
    """Market updates of one or more files, read once from start to end.

    Iterate for ``CaptureBatch``. Memory does not grow with the length of the files.

    Parameters
    ----------
    feed : Feed
        What turns the files into updates.
    files : sequence of CaptureFile
        The files, for progress and to close them.
    format : str
        Name of the format.
    strict : bool
        Whether the first error ends the reading.

    Attributes
    ----------
    format : str
        As given or recognised.
    instruments : list of Instrument
        By book index; may grow while reading.
    errors : Counter
        Errors so far, by their code: ``malformed``, ``off_tick``, ``off_lot``, ``feed_gap``, ...
    error_messages : list of str
        The first 100 of them, with file, line and what was expected.
    notes : list of str
        Assumptions made, for people.
    skipped : Counter
        Messages passed over on purpose, by what they were.
    updates : int
        Updates handed out so far.
    """

    def __init__(
        self, feed: Feed, files: Sequence[CaptureFile], *, format: str, strict: bool = False
    ) -> None:
        self.format = format
        self.instruments: list[Instrument] = feed.instruments
        self.errors: Counter[str] = Counter()
        self.error_messages: list[str] = []
        self.notes = feed.notes
        self.skipped = feed.skipped
        self.updates = 0
        self._feed = feed
        self._files = files
        self._strict = strict

    def __iter__(self) -> Iterator[CaptureBatch]:
        """Yield the updates in batches.

        Raises
        ------
        CaptureError
            At the first error, where ``strict`` was asked for.
        """
        for updates, checks in self._feed.batches(self._report):
            self.updates += len(updates)
            yield CaptureBatch(updates, checks)

    @property
    def bytes_read(self) -> int:
        """Bytes of the files, as they lie on disk, that were read so far."""
        return sum(file.position for file in self._files)

    @property
    def bytes_total(self) -> int:
        """Bytes of the files as they lie on disk."""
        return sum(file.size for file in self._files)

    def close(self) -> None:
        """Close the files. Calling it twice is allowed."""
        for file in self._files:
            file.close()

    def __enter__(self) -> Self:
        """Return the capture."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the files."""
        self.close()

    def _report(self, code: str, text: str, path: Path, line: int) -> None:
        self.errors[code] += 1
        if self._strict or len(self.error_messages) < _MESSAGES:
            message = f"{path}:{line}: {code}: {text}"
            self.error_messages.append(message)
            if self._strict:
                raise CaptureError(message)


def open_capture(
    paths: Sequence[Path | str],
    *,
    format: str | None = None,
    symbols: Collection[str] | None = None,
    strict: bool = False,
) -> Capture:
    """Open one capture that lies in one or more files.

    Files compressed with gzip, xz or zstd are read as they are. Recordings (``binance``,
    ``coinbase``, ``kraken``) are merged by the time of their lines; files of other formats follow
    each other in the order given.

    Parameters
    ----------
    paths : sequence of path
        The files, all of one format.
    format : str, optional
        One of ``FORMATS``; recognised by the content where None.
    symbols : collection of str, optional
        The only symbols to keep, in any case; all where None.
    strict : bool
        Whether the first error ends the reading with ``CaptureError``.

    Raises
    ------
    CaptureError
        If a file cannot be opened or its format is not known, or the files differ in format.
    """
    if not paths:
        raise CaptureError("expected at least one capture file, got none")
    given = [Path(path) for path in paths]
    try:
        name = format or _common_format(given)
        if name not in FORMATS:
            raise CaptureError(f"expected a format of {', '.join(FORMATS)}, got {name!r}")
        files = _opened(with_siblings(name, given))
    except OSError as error:
        raise CaptureError(f"cannot open {error.filename}: {error.strerror}") from error
    try:
        feed = feed_for(name, files, symbols)
    except ValueError as error:
        for file in files:
            file.close()
        raise CaptureError(str(error)) from error
    return Capture(feed, files, format=name, strict=strict)


def _opened(paths: list[Path]) -> list[CaptureFile]:
    files: list[CaptureFile] = []
    try:
        for path in paths:
            files.append(CaptureFile(path))
    except OSError:
        for file in files:
            file.close()
        raise
    return files


def _common_format(paths: list[Path]) -> str:
    found = {path: recognise(path) for path in paths}
    for path, name in found.items():
        if name is None:
            raise CaptureError(
                f"{path}: expected a capture of one of the formats {', '.join(FORMATS)}, got "
                "something else; name the format if it is one of them"
            )
    if len(set(found.values())) > 1:
        shown = ", ".join(f"{path.name} is {name}" for path, name in found.items())
        raise CaptureError(f"expected files of one format, got: {shown}")
    return str(found[paths[0]])
