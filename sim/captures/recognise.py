"""Recognise the format of a capture by its first bytes."""

import re
from pathlib import Path
from typing import Final

from host.venues.bitstamp import HEADER
from sim.captures.files import READ_ERRORS, CaptureFile
from sim.captures.messages import split_line

__all__ = ["FORMATS", "recognise"]

FORMATS: Final = ("binance", "bitstamp-l3", "coinbase", "itch50", "kraken", "lobster", "records")

_LOOK: Final = 1 << 17  # bytes
_LOBSTER: Final = re.compile(
    rb"[0-9]{1,5}(\.[0-9]{1,12})?,[1-7],[0-9]+,[0-9]+,-?[0-9]+,(-1|0|1)\r?", re.ASCII
)
_SIGNS: Final = (
    (
        "kraken",
        re.compile(rb'"(book-[0-9]+|trade)","[A-Z0-9]+/[A-Z0-9]+"\]|"pair_decimals":|//ws\.kraken'),
    ),
    (
        "coinbase",
        re.compile(rb'"type":"(l2update|snapshot|match)"|"quote_increment":|//ws-feed\..*coinbase'),
    ),
    (
        "binance",
        re.compile(rb'"e":"depthUpdate"|"lastUpdateId":|@bookTicker"|\.binance\.com'),
    ),
)
_ITCH_SYSTEM_EVENT: Final = re.compile(rb"\x00\x0cS.{10}[OSQMEC]|\x00\x27R", re.DOTALL)


def recognise(path: Path) -> str | None:
    """Return the format of a file, or None where it is none that is known.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    file = CaptureFile(path)
    try:
        head = file.stream.read(_LOOK)
    except READ_ERRORS:
        return None
    finally:
        file.close()
    if head.startswith(b"PAR1"):
        return "records"
    if _ITCH_SYSTEM_EVENT.match(head):
        return "itch50"
    lines = head.split(b"\n")
    if lines[0].rstrip(b"\r") == HEADER:
        return "bitstamp-l3"
    if _LOBSTER.fullmatch(lines[0]):
        return "lobster"
    for line in lines:
        if split_line(line) is not None:
            for name, sign in _SIGNS:
                if sign.search(line):
                    return name
    return None
