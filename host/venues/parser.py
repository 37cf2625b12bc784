"""What every venue parser is: messages in; rows, checks and problems out."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from host.venues.instrument import Instrument, NumberError
from hw.records import UPDATE_KIND

__all__ = [
    "COMPLETE",
    "Check",
    "MessageError",
    "Problem",
    "Row",
    "VenueParser",
    "level_rows",
    "lookup_error",
    "required",
]

Row = tuple[int, int, int, int, int, int, int, int, int]
"""The fields of a ``market_update`` record in the order of ``hw/records.toml``."""

COMPLETE: Final = 1  # flag of a clear: from here on the book is complete

_KINDS: Final = 64  # what a feed calls its messages is up to the feed: bounded
_SET: Final = UPDATE_KIND.set
_GAP: Final = UPDATE_KIND.gap


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What the venue itself says about a book after an update.

    Attributes
    ----------
    position : int
        Index, counted from the first update of the feed, of the update after whose closing event
        it applies. For a checksum that update is the ``read_levels`` to check.
    book : int
        Book index.
    kind : "venue_bbo" or "checksum"
        Best prices, or a CRC32 over the best 10 levels of each side.
    bid_tick, ask_tick : int
        Expected best prices [ticks].
    bid_quantity, ask_quantity : int
        Expected quantities there [lots]; 0 says that the side is empty.
    crc : int
        Expected checksum.
    """

    position: int
    book: int
    kind: Literal["venue_bbo", "checksum"]
    bid_tick: int = 0
    bid_quantity: int = 0
    ask_tick: int = 0
    ask_quantity: int = 0
    crc: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that the feed should not have said.

    Attributes
    ----------
    code : str
        Short name to count by, such as ``malformed``, ``off_tick``, ``off_lot``, ``feed_gap``.
    text : str
        What was expected and what came.
    """

    code: str
    text: str


class MessageError(ValueError):
    """A message that cannot be understood; the text says what was expected and what came."""

    def __init__(self, text: str, code: str = "malformed") -> None:
        super().__init__(text)
        self.code = code


class VenueParser(ABC):
    """Turn the messages of one venue into market-update rows.

    ``parse`` never raises: what it cannot use is in ``problems``. After any number of messages
    ``take`` hands over the rows so far.

    Parameters
    ----------
    symbols : collection of str, optional
        The only symbols to keep, in any case; all where None.

    Attributes
    ----------
    instruments : list of Instrument
        One for each book, in the order of their first appearance.
    problems : list of Problem
        What was wrong since the caller emptied it last.
    skipped : Counter
        Messages passed over on purpose, by what they were.
    notes : list of str
        Assumptions made, for people.
    """

    def __init__(self, *, symbols: Collection[str] | None = None) -> None:
        self.instruments: list[Instrument] = []
        self.problems: list[Problem] = []
        self.skipped: Counter[str] = Counter()
        self.notes: list[str] = []
        self._symbols = None if symbols is None else frozenset(s.upper() for s in symbols)
        self._rows: list[Row] = []
        self._checks: list[Check] = []
        self._taken = 0

    def parse(self, message: bytes, time: int) -> None:
        """Read one message that arrived at ``time`` [ns since epoch, UTC]."""
        try:
            self._parse(message, time)
        except MessageError as error:
            self.problems.append(Problem(code=error.code, text=str(error)))
        except (
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            self.problems.append(Problem(code="malformed", text=lookup_error(error)))

    @abstractmethod
    def _parse(self, message: bytes, time: int) -> None:
        """Read one message; what it raises becomes a problem."""

    def finish(self) -> None:  # noqa: B027 # most feeds hold nothing back
        """Hand out what waited for later messages: the feed is over."""

    @property
    def pending(self) -> int:
        """Rows that ``take`` would return now."""
        return len(self._rows)

    def take(self) -> tuple[list[Row], list[Check]]:
        """Return the rows and checks since the last call, and forget them."""
        rows, checks = self._rows, self._checks
        self._taken += len(rows)
        self._rows, self._checks = [], []
        return rows, checks

    def wanted(self, symbol: str) -> bool:
        """Say whether the filter keeps a symbol."""
        return self._symbols is None or symbol.upper() in self._symbols

    def _add_book(self, instrument: Instrument) -> int:
        self.instruments.append(instrument)
        return len(self.instruments) - 1

    def _skip_kind(self, kind: str) -> None:
        """Count a message by its own name of its kind; names beyond the first 64 are "other"."""
        self.skipped[kind if kind in self.skipped or len(self.skipped) < _KINDS else "other"] += 1

    def _position(self) -> int:
        """Return the position of the last row."""
        return self._taken + len(self._rows) - 1

    def _report(self, code: str, text: str) -> None:
        self.problems.append(Problem(code=code, text=text))

    def _gap(self, book: int, time: int) -> Row:
        return (book, _GAP, 0, 0, 0, 0, 0, 0, time)


def level_rows(
    book: int, instrument: Instrument, side: int, levels: Any, time: int, rows: list[Row]
) -> None:
    """Append one ``set`` for each ``[price, quantity, ...]`` of ``levels``.

    Raises
    ------
    MessageError
        With code ``off_tick`` or ``off_lot`` for a number that is no whole tick or lot, else
        ``malformed``.
    """
    ticks, lots = instrument.ticks, instrument.lots
    for level in levels:
        try:
            tick = ticks(level[0])
        except NumberError as error:
            raise _number_error(error, "off_tick", instrument, "price") from None
        try:
            quantity = lots(level[1])
        except NumberError as error:
            raise _number_error(error, "off_lot", instrument, "quantity") from None
        rows.append((book, _SET, side, 0, tick * 2 + side, 0, tick, quantity, time))


def _number_error(
    error: NumberError, off_step: str, instrument: Instrument, what: str
) -> MessageError:
    code = off_step if error.code == "off_step" else error.code
    return MessageError(f"{what} of {instrument.symbol}: {error}", code)


def lookup_error(error: Exception) -> str:
    """Say in words what a message lacked, from the exception that reading it raised."""
    text = str(error)
    if isinstance(error, KeyError):
        return f"expected a field {text}, which is not there"
    return f"expected a message of the venue's published form, got one that fails with: {text}"


def required(message: Mapping[str, Any], key: str, kind: type) -> Any:
    """Return a field of a message, checked.

    Raises
    ------
    MessageError
        If it is absent or of another type.
    """
    value = message.get(key)
    if type(value) is not kind:
        raise MessageError(f"expected {key!r} to be a {kind.__name__}, got {value!r:.60}")
    return value
