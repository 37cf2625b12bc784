"""What a file's name says of a trading day."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from sim.captures.files import plain_name

__all__ = ["lobster_symbol", "midnight_of"]

_DAYS: Final = (
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})"), (0, 1, 2)),  # AAPL_2012-06-21_..., LOBSTER
    (re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)"), (2, 0, 1)),  # 01302019.NASDAQ_ITCH50
    (re.compile(r"(?<=S)(\d{2})(\d{2})(\d{2})(?=-v50)"), (2, 0, 1)),  # S013019-v50
)


def midnight_of(path: Path) -> int:
    """Return midnight of the day that the file's name holds [ns since epoch], or 0.

    The day is taken as if the venue's clock were UTC: times keep the venue's hour of the day.
    """
    for pattern, order in _DAYS:
        if found := pattern.search(plain_name(path)):
            year, month, day = (int(found.groups()[i]) for i in order)
            try:
                start = date(year + 2000 if year < 100 else year, month, day)
            except ValueError:
                continue
            midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
            return max(int(midnight.timestamp()), 0) * 1_000_000_000
    return 0


def lobster_symbol(path: Path) -> str:
    """Return the stock that a LOBSTER file's name starts with, or ``?``."""
    symbol = plain_name(path).partition("_")[0]
    return symbol if symbol.isupper() else "?"
