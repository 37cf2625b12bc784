"""The numbers behind the charts of the page, small enough to embed."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hw.latency import LATENCY
from sim.replay.decimals import unit_parts
from sim.replay.path import NO_PRICE, BestPath
from sim.replay.result import BookReport, ReplayResult

__all__ = ["DRAWN_BOOKS", "chart_data", "expected_cycles", "latency_slots", "price_range"]

DRAWN_BOOKS: Final = 16  # the busiest; each costs some 100 kB of page
_EXACT_SLOTS: Final = 24  # one bar a cycle up to here, then one a doubling


def chart_data(result: ReplayResult) -> dict[str, Any]:
    """Return the JSON object that ``assets/page.js`` draws from.

    Prices are integers relative to each book's ``base`` [ticks], null where a side is empty.
    """
    busiest = sorted(result.books, key=lambda book: -book.updates)[:DRAWN_BOOKS]
    drawn = [b for b in sorted(busiest, key=lambda b: b.index) if _has_price(b)]
    slots = latency_slots(result.latencies)
    return {
        "time": {
            "start_ms": result.path_axis.start // 10**6,
            "end_ms": result.path_axis.end // 10**6,
        },
        "depth_bins": result.depth_axis.bins,
        "books": [_book(book) for book in drawn],
        "busiest": max(range(len(drawn)), key=lambda k: drawn[k].updates, default=0),
        "latency_slots": [[low, _slot_text(low, high)] for low, high in slots],
        "latency": [
            {
                "kind": kind,
                "expected": expected_cycles(kind, histogram),
                "counts": [
                    sum(n for cycles, n in histogram.items() if low <= cycles <= high)
                    for low, high in slots
                ],
            }
            for kind, histogram in result.latencies.items()
        ],
    }


def expected_cycles(kind: str, histogram: Counter[int]) -> int:
    """Return what a kind takes when nothing stalls: the stated cycles, else the least seen."""
    stated = LATENCY.get(("book", kind))
    return stated.cycles if stated else min(histogram)


def latency_slots(latencies: Mapping[str, Counter[int]]) -> list[tuple[int, int]]:
    """Return ``(lowest, highest)`` [cycles] of each bar, from the least to the most seen."""
    seen = [cycles for histogram in latencies.values() for cycles in histogram]
    if not seen:
        return []
    low, high = min(seen), max(seen)
    exact = min(high, low + _EXACT_SLOTS - 1)
    slots = [(cycles, cycles) for cycles in range(low, exact + 1)]
    while slots[-1][1] < high:
        start = slots[-1][1] + 1
        slots.append((start, 2 * start - 1))
    return slots


def price_range(path: BestPath) -> tuple[int, int]:
    """Return the prices to draw [ticks]: nearly all of the path, stub quotes cut off."""
    known = np.concatenate([path.bid[path.bid != NO_PRICE], path.ask[path.ask != NO_PRICE]])
    low, high = (int(v) for v in np.quantile(known, [0.01, 0.99], method="nearest"))
    # A book that stands still is drawn inside its spread, not as two lines at the edges.
    pad = max((high - low) // 12, 1)
    return low - pad, high + pad


def _has_price(book: BookReport) -> bool:
    return bool((book.path.bid != NO_PRICE).any() or (book.path.ask != NO_PRICE).any())


def _slot_text(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}+"


def _book(book: BookReport) -> dict[str, Any]:
    low, high = price_range(book.path)
    base = max(low, 0)
    columns = sorted(book.depth.columns.items())
    reach = _reach(book)
    return {
        "symbol": book.symbol,
        "valid": book.valid,
        "tick": unit_parts(book.tick_size),
        "base": base,
        "range": [low - base, high - base],
        "depth_range": [low - base - reach, high - base + reach],
        "bid": _relative(book.path.bid, base),
        "ask": _relative(book.path.ask, base),
        "low": _relative(book.path.bid_low, base),
        "high": _relative(book.path.ask_high, base),
        "columns": [
            [column, *([v for t, q in side for v in (t - base, q)] for side in sides)]
            for column, sides in columns
        ],
    }


def _reach(book: BookReport) -> int:
    away = [
        abs(tick - side[0][0])
        for sides in book.depth.columns.values()
        for side in sides
        for tick, _ in side
    ]
    return int(np.quantile(away, 0.8, method="nearest")) if away else 1


def _relative(ticks: NDArray[np.int64], base: int) -> list[int | None]:
    return [None if tick == NO_PRICE else tick - base for tick in ticks.tolist()]
