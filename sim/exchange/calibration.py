"""What mix of messages a crowd is calibrated to, and how a mix is measured."""

import csv
import lzma
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sim.orderflow.profile import NASDAQ_MIX, Mix

__all__ = ["BITSTAMP_MIX", "MIXES", "bitstamp_mix", "itch_mix"]

BITSTAMP_MIX: Final = Mix(add=0.4938, delete=0.4828, replace=0.0, execute=0.0234, reduce=0.0)
"""As ``bitstamp_mix`` measures it in five hours of BTC/USD, 2015-05-01."""

MIXES: Final = {"nasdaq": NASDAQ_MIX, "bitstamp": BITSTAMP_MIX}


def bitstamp_mix(path: Path) -> Mix:
    """Measure a capture of Bitstamp's order-by-order channel.

    There a trade shows as a change of what remains of an order, or as its deletion with nothing
    left; a deletion with something left is a cancel.

    Parameters
    ----------
    path : Path
        CSV compressed with xz, with the columns ``action`` and ``volume`` (what remains).
    """
    counts: Counter[str] = Counter()
    with lzma.open(path, "rt", encoding="ascii", newline="") as lines:
        for row in csv.DictReader(lines):
            whole = row["action"] == "deleted" and int(row["volume"]) == 0
            counts["filled" if whole else row["action"]] += 1
    total = counts.total()
    return Mix(
        add=counts["created"] / total,
        delete=counts["deleted"] / total,
        replace=0.0,
        execute=(counts["changed"] + counts["filled"]) / total,
        reduce=0.0,
    )


def itch_mix(messages: Iterable[bytes]) -> Mix:
    """Measure ITCH messages; those that change no book are left out."""
    counts = Counter(chr(message[0]) for message in messages)
    total = sum(counts[letter] for letter in "AFDUECX")
    return Mix(
        add=(counts["A"] + counts["F"]) / total,
        delete=counts["D"] / total,
        replace=counts["U"] / total,
        execute=(counts["E"] + counts["C"]) / total,
        reduce=counts["X"] / total,
    )
