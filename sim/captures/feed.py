"""From recorded messages through a venue's parser to arrays of updates."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from host.device.records import UPDATE_DTYPE
from host.venues.instrument import Instrument
from host.venues.parser import Check, VenueParser
from hw.records import MARKET_UPDATE
from sim.captures.messages import Message

__all__ = ["BATCH", "Feed", "ParserFeed", "Report"]

_FORMATS: Final = {8: "B", 16: "H", 32: "I", 64: "Q"}

BATCH: Final = 4096  # updates; one message more can follow

# Twice as fast as numpy.array of tuples.
_PACK: Final = Struct("<" + "".join(_FORMATS[f.width] for f in MARKET_UPDATE.fields)).pack

Report = Callable[[str, str, Path, int], None]
"""Takes the code of an error, its text, the file and the line."""


class Feed(Protocol):
    """What a capture reads.

    Attributes
    ----------
    instruments : list of Instrument
        One for each book; may grow while reading.
    notes : list of str
        Assumptions made, for people.
    skipped : Counter
        Messages passed over on purpose, by what they were.
    """

    instruments: list[Instrument]
    notes: list[str]
    skipped: Counter[str]

    def batches(self, report: Report) -> Iterator[tuple[NDArray[np.void], list[Check]]]:
        """Yield updates and the checks that stand on them; errors go to ``report``."""
        ...


class ParserFeed:
    """Give each recorded message to a venue's parser.

    Parameters
    ----------
    parser : VenueParser
        What understands the messages.
    messages : iterator of Message
        In the order in which they came.
    prepare : callable of Message, optional
        Called before each message, to tell the parser what stands beside it.
    """

    def __init__(
        self,
        parser: VenueParser,
        messages: Iterator[Message],
        prepare: Callable[[Message], None] | None = None,
    ) -> None:
        self._parser = parser
        self._messages = messages
        self._prepare = prepare
        self.instruments = parser.instruments
        self.notes = parser.notes
        self.skipped = parser.skipped

    def batches(self, report: Report) -> Iterator[tuple[NDArray[np.void], list[Check]]]:
        """Yield updates and the checks that stand on them; errors go to ``report``."""
        parser, prepare, message = self._parser, self._prepare, None
        for message in self._messages:
            if message.error:
                report("malformed", message.error, message.path, message.line)
                continue
            if not message.body:
                continue
            if prepare is not None:
                prepare(message)
            parser.parse(message.body, message.time)
            if parser.problems:
                self._report(report, message)
            if parser.pending >= BATCH:
                yield self._take()
        parser.finish()
        if message is not None:
            self._report(report, message)
        if parser.pending:
            yield self._take()

    def _report(self, report: Report, message: Message) -> None:
        problems, self._parser.problems = self._parser.problems, []
        for problem in problems:
            report(problem.code, problem.text, message.path, message.line)

    def _take(self) -> tuple[NDArray[np.void], list[Check]]:
        rows, checks = self._parser.take()
        packed = bytearray().join([_PACK(*row) for row in rows])
        return np.frombuffer(packed, dtype=UPDATE_DTYPE), checks
