"""The feed of each capture format."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from host.venues.binance import BinanceParser
from host.venues.bitstamp import BitstampParser
from host.venues.coinbase import CoinbaseParser
from host.venues.itch50 import Itch50Parser
from host.venues.kraken import KrakenParser
from host.venues.lobster import LobsterParser
from sim.captures.days import lobster_symbol, midnight_of
from sim.captures.feed import Feed, ParserFeed
from sim.captures.files import CaptureFile, plain_name
from sim.captures.framing import framed
from sim.captures.messages import Message, recorded, rows
from sim.captures.records import RecordsFeed

__all__ = ["feed_for", "with_siblings"]

_DESCRIBED: Final = ("coinbase", "kraken")  # a file beside the recording says ticks and lots


def with_siblings(format: str, paths: list[Path]) -> list[Path]:
    """Return the files, led by those beside them that describe their instruments.

    ``KRAKEN.ws.50.0.xz`` is described by ``KRAKEN.0.xz``, in any compression or none.
    """
    if format not in _DESCRIBED:
        return paths
    found = []
    for path in paths:
        venue = plain_name(path).partition(".")[0]
        for suffix in ("", ".xz", ".gz", ".zst"):
            sibling = path.with_name(f"{venue}.0{suffix}")
            if sibling not in paths and sibling not in found and sibling.is_file():
                found.append(sibling)
                break
    return found + paths


def feed_for(format: str, files: list[CaptureFile], symbols: Collection[str] | None) -> Feed:
    """Return what reads files of a format.

    Raises
    ------
    ValueError
        If the files lack what the format needs.
    """
    match format:
        case "binance":
            return _binance(files, symbols)
        case "kraken":
            return ParserFeed(KrakenParser(symbols=symbols), recorded(files))
        case "coinbase":
            return ParserFeed(CoinbaseParser(symbols=symbols), recorded(files))
        case "bitstamp-l3":
            return ParserFeed(BitstampParser(symbols=symbols), rows(files))
        case "itch50":
            midnight = midnight_of(files[0].path)
            return ParserFeed(Itch50Parser(midnight=midnight, symbols=symbols), framed(files))
        case "lobster":
            return _lobster(files, symbols)
        case "records":
            return RecordsFeed(files, symbols)
    raise ValueError(f"no reader of {format!r}")


def _lobster(files: list[CaptureFile], symbols: Collection[str] | None) -> Feed:
    names = {lobster_symbol(file.path) for file in files}
    if len(names) > 1:
        raise ValueError(f"expected files of one stock, got {', '.join(sorted(names))}")
    midnight = midnight_of(files[0].path)
    return ParserFeed(
        LobsterParser(symbol=names.pop(), midnight=midnight, symbols=symbols), rows(files)
    )


def _binance(files: list[CaptureFile], symbols: Collection[str] | None) -> Feed:
    parser = BinanceParser(symbols=symbols)
    names: dict[Path, str] = {file.path: str(file.path) for file in files}

    def prepare(message: Message) -> None:
        parser.source = names[message.path]
        parser.snapshot_symbol = message.symbol

    return ParserFeed(parser, recorded(files), prepare)
