"""What one replay found: the input of the tables, the page and the JSON object."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from hw.presets import BookParameters
from sim.replay.decimals import decimal_text
from sim.replay.depth import DepthGrid
from sim.replay.path import BestPath, TimeAxis
from sim.replay.tally import Quote, summarise

__all__ = ["CLOCK_HZ", "BookReport", "CheckCount", "DeviceCounters", "ReplayResult"]

CLOCK_HZ: Final = 105_270_000
"""The clock that ns are stated at: what ``small`` reaches on an ECP5, docs/reference/pnr.md."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BookReport:
    """One book at the end of the run, and how it came there.

    Attributes
    ----------
    index : int
        Book index on the device.
    symbol : str
        Name of the instrument.
    tick_size, lot_size : Decimal
        Price of one tick and quantity of one lot, in the venue's units.
    updates : int
        Updates of this book.
    bid, ask : Quote or None
        Final best prices.
    valid : bool
        Whether the device still trusts the book.
    crossed : int
        Events in which the book was crossed.
    path : BestPath
        Best prices over ``ReplayResult.path_axis``.
    depth : DepthGrid
        Read-outs over ``ReplayResult.depth_axis``.
    """

    index: int
    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    updates: int
    bid: Quote | None
    ask: Quote | None
    valid: bool
    crossed: int
    path: BestPath
    depth: DepthGrid

    def price(self, quote: Quote | None) -> str | None:
        """Return a quote's price as an exact decimal."""
        return None if quote is None else decimal_text(quote.tick, self.tick_size)

    def quantity(self, quote: Quote | None) -> str | None:
        """Return a quote's quantity as an exact decimal."""
        return None if quote is None else decimal_text(quote.quantity, self.lot_size, trim=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckCount:
    """How often something was compared, and what the first differences were."""

    checked: int = 0
    failed: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceCounters:
    """The device's own counters at the end of the run; units as in ``hw/registers.toml``."""

    cycles: int
    stall_cycles: int
    deferrals: int
    deferred_max: int
    refills: int
    searches: int
    window_moves: int
    orders: int
    orders_outside: int
    stash_max: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayResult:
    """What one replay found.

    Attributes
    ----------
    sources : tuple of str
        What was replayed.
    device : str
        Backend name.
    cycle_accurate : bool
        Whether cycles and latencies are the gateware's.
    parameters : BookParameters
        Build of the device.
    updates : int
        Updates of the captures, read-outs left out.
    seconds : float
        Wall time of the replay, checks included [s].
    mix : mapping of str to int
        Updates by kind.
    latencies : mapping of str to Counter
        Histogram ``{cycles: updates}`` by kind; empty where the device counts no cycles.
    errors : mapping of str to int
        Updates by what was wrong with them.
    deferred : int
        Updates whose event had to defer a best price.
    counters : DeviceCounters
        The device's own.
    books : tuple of BookReport
        In the order of their index.
    verified : bool
        Whether the model followed.
    model, checksums, venue_bbo : CheckCount
        Events against the model, read-outs against the venue's checksums, best prices against
        the venue's own.
    lost_events : int
        Events that the device owed and did not deliver.
    capture_errors : mapping of str to int
        What was wrong in the captures themselves, by kind.
    path_axis, depth_axis : TimeAxis
        Bins of the books' paths and depths.
    """

    sources: tuple[str, ...]
    device: str
    cycle_accurate: bool
    parameters: BookParameters
    updates: int
    seconds: float
    mix: Mapping[str, int]
    latencies: Mapping[str, Counter[int]]
    errors: Mapping[str, int]
    deferred: int
    counters: DeviceCounters
    books: tuple[BookReport, ...]
    verified: bool
    model: CheckCount
    checksums: CheckCount
    venue_bbo: CheckCount
    lost_events: int
    capture_errors: Mapping[str, int]
    path_axis: TimeAxis
    depth_axis: TimeAxis

    @property
    def updates_per_s(self) -> int:
        """Updates a second of wall time."""
        return round(self.updates / self.seconds) if self.seconds > 0 else 0

    @property
    def invalid_books(self) -> int:
        """Books that the device does not trust at the end."""
        return sum(not book.valid for book in self.books)

    @property
    def failures(self) -> tuple[str, ...]:
        """Return each failed check as a sentence; empty when all passed."""
        found = (
            (self.model.failed, "differences between the device and the model"),
            (self.checksums.failed, "checksums of the venue failed"),
            (self.venue_bbo.failed, "best prices differ from the venue's own"),
            (self.lost_events, "events of the device are missing"),
            (self._overdue, "cycles too long was a best price deferred"),
        )
        return tuple(f"{count:,} {what}" for count, what in found if count)

    @property
    def _overdue(self) -> int:
        """Cycles by which the longest deferral exceeded the bound of the build."""
        return max(self.counters.deferred_max - self.parameters.deferred_bound, 0)

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints. ``mismatches`` is None without the model."""
        return {
            "device": self.device,
            "cycle_accurate": self.cycle_accurate,
            "preset": self.parameters.name,
            "sources": list(self.sources),
            "updates": self.updates,
            "updates_per_s": self.updates_per_s,
            "seconds": round(self.seconds, 3),
            "verified": self.verified,
            "mismatches": self.model.failed if self.verified else None,
            "invalid_books": self.invalid_books,
            "errors": dict(self.errors),
            "capture_errors": dict(self.capture_errors),
            "lost_events": self.lost_events,
            "checksums": {
                "checked": self.checksums.checked,
                "failed": self.checksums.failed,
            },
            "venue_bbo": {
                "checked": self.venue_bbo.checked,
                "agreed": self.venue_bbo.checked - self.venue_bbo.failed,
            },
            "mix": dict(self.mix),
            "latency_cycles": {k: _latency(h) for k, h in self.latencies.items()},
            "cycles": self.counters.cycles,
            "stall_cycles": self.counters.stall_cycles,
            "deferred": self.deferred,
            "deferred_max_cycles": self.counters.deferred_max,
            "window_moves": self.counters.window_moves,
            "refills": self.counters.refills,
            "searches": self.counters.searches,
            "books": [_book(book) for book in self.books],
            "failures": list(self.failures),
        }


def _latency(histogram: Counter[int]) -> dict[str, int]:
    found = summarise(histogram)
    return {"min": found.min, "p50": found.p50, "p99": found.p99, "max": found.max}


def _book(book: BookReport) -> dict[str, Any]:
    def quote(side: Quote | None) -> dict[str, str | int | None] | None:
        if side is None:
            return None
        return {
            "price": book.price(side),
            "quantity": book.quantity(side),
            "tick": side.tick,
        }

    return {
        "book": book.index,
        "symbol": book.symbol,
        "updates": book.updates,
        "bid": quote(book.bid),
        "ask": quote(book.ask),
        "valid": book.valid,
        "crossed_events": book.crossed,
    }
