"""The report as one HTML page that needs nothing else: no network, no library."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final

from hw.latency import LATENCY
from sim.replay.result import CLOCK_HZ, BookReport, CheckCount, ReplayResult
from sim.replay.tally import Quote, summarise
from sim.report.chart_data import DRAWN_BOOKS, chart_data
from sim.report.fragments import NOTHING, cell, check_row, fact_row, table, tag, tile

__all__ = ["PAGE_NAME", "nanoseconds", "page", "write_page"]

PAGE_NAME: Final = "index.html"
_ASSETS: Final = files("sim.report").joinpath("assets")


def write_page(result: ReplayResult, folder: Path) -> Path:
    """Write the page into ``folder``, made if missing, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / PAGE_NAME
    target.write_text(page(result), encoding="utf-8")
    return target


def nanoseconds(cycles: int) -> str:
    """Return cycles at the stated clock as text with one decimal, rounded half up."""
    tenths = (cycles * 10 * 10**9 * 2 + CLOCK_HZ) // (2 * CLOCK_HZ)
    return f"{tenths // 10:,}.{tenths % 10} ns"


def page(result: ReplayResult) -> str:
    """Return the HTML text of the report."""
    # "<" never appears in the data, so no text of a capture can end the script element.
    data = json.dumps(chart_data(result), separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "title": escape("tickgate replay: " + ", ".join(result.sources)),
        "sources": _sources(result),
        "verdict": _verdict(result),
        "tiles": "\n".join(_tiles(result)),
        "depth_note": _depth_note(result),
        "books": _books(result),
        "mix": _mix(result),
        "latency": _latency(result),
        "checks": _checks(result),
        "facts": _facts(result),
        "footer": _footer(result),
        "style": _asset("page.css"),
        "script": _asset("page.js"),
        "data": data,
    }
    # One pass: a part that holds braces of its own is not filled in again.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return _ASSETS.joinpath(name).read_text(encoding="utf-8").rstrip("\n")


def _sources(result: ReplayResult) -> str:
    names = " + ".join(escape(source) for source in result.sources)
    return f"{names} · {escape(_span(result))}"


def _span(result: ReplayResult) -> str:
    start, end = (
        datetime.fromtimestamp(at // 10**9, UTC)
        for at in (result.path_axis.start, result.path_axis.end)
    )
    # Captures that count from midnight have no date.
    day = f"{start:%Y-%m-%d} " if start.year > 1970 else ""
    return f"{day}{start:%H:%M:%S} to {end:%H:%M:%S} UTC"


def _verdict(result: ReplayResult) -> str:
    if result.failures:
        text = escape("; ".join(result.failures))
        return f'<span class="pill bad">✗ {text}</span>'
    if result.invalid_books:
        return f'<span class="pill warn">{_plural(result.invalid_books, "book")} invalid</span>'
    if result.verified or result.checksums.checked or result.venue_bbo.checked:
        return '<span class="pill good">✓ every check passed</span>'
    return '<span class="pill plain">not verified</span>'


def _tiles(result: ReplayResult) -> Iterable[str]:
    counters = result.counters
    yield tile("Updates", f"{result.updates:,}", "", _plural(len(result.books), "book"))
    if result.verified:
        style = "bad" if result.model.failed else "good"
        of = f"of {result.model.checked:,} events, against the model"
        yield tile("Mismatches", f"{result.model.failed:,}", "", of, style)
    else:
        yield tile("Mismatches", NOTHING, "", "not compared with the model")
    yield _venue_tile(result)
    yield _latency_tile(result)
    if counters.cycles:
        share = f"{100 * counters.stall_cycles / counters.cycles:.2f}"
        yield tile("Stalled", share, "% of cycles", "offered without pauses")
    else:
        yield tile("Stalled", NOTHING, "", f"{result.device} counts no cycles")
    yield tile(
        "Replay rate", f"{result.updates_per_s:,}", "/s", f"{result.seconds:.1f} s, checks included"
    )


def _venue_tile(result: ReplayResult) -> str:
    venue = (result.checksums, result.venue_bbo)
    checked, failed = (sum(getattr(c, k) for c in venue) for k in ("checked", "failed"))
    if not checked:
        return tile("Venue checks", NOTHING, "", "the capture carries none")
    what = "checksums" if result.checksums.checked else "best prices"
    style = "bad" if failed else "good"
    return tile("Venue checks", f"{checked - failed:,}", "passed", f"of {checked:,} {what}", style)


def _latency_tile(result: ReplayResult) -> str:
    if not result.latencies:
        return tile("Latency", NOTHING, "", f"{result.device} counts no cycles")
    kind, histogram = max(result.latencies.items(), key=lambda item: item[1].total())
    p50 = summarise(histogram).p50
    return tile("Latency", f"{p50}", "cycles", f"{nanoseconds(p50)} · median of {kind}")


def _depth_note(result: ReplayResult) -> str:
    drawn = sum(1 for book in result.books if book.updates)
    text = (
        f"The best {result.parameters.cached_levels} levels of each side, read from the device "
        "while it ran. Stronger colour is more quantity."
    )
    if drawn > DRAWN_BOOKS:
        text += f" Drawn: the {DRAWN_BOOKS} busiest of {drawn} books."
    return escape(text)


def _quote(book: BookReport, quote: Quote | None, style: str) -> str:
    price, quantity = book.price(quote), book.quantity(quote)
    return cell(price or NOTHING, f"n {style}") + cell(quantity or NOTHING, "n")


def _state(book: BookReport) -> str:
    if not book.valid:
        return tag("invalid", "bad")
    if book.crossed:
        return tag(f"valid, crossed {book.crossed:,} times")
    return tag("valid", "good")


def _books(result: ReplayResult) -> str:
    head = (
        ("Book", ""), ("Updates", "n"), ("Best bid", "n"), ("Quantity", "n"),
        ("Best offer", "n"), ("Quantity", "n"), ("Tick", "n"), ("State", ""),
    )  # fmt: skip
    return table(
        head,
        (
            "<tr>"
            + cell(book.symbol)
            + cell(f"{book.updates:,}", "n")
            + _quote(book, book.bid, "b")
            + _quote(book, book.ask, "a")
            + cell(f"{book.tick_size.normalize():f}", "n")
            + f"<td>{_state(book)}</td>"
            + "</tr>"
            for book in result.books
        ),
    )


def _mix(result: ReplayResult) -> str:
    most, total = max(result.mix.values(), default=1), max(result.updates, 1)
    rows = (
        f'<tr><td>{escape(kind)}</td><td class="meter-cell">'
        f'<span class="meter" style="width:{100 * count / most:.1f}%"></span></td>'
        f'<td class="n">{count:,}</td><td class="n">{100 * count / total:.1f} %</td></tr>'
        for kind, count in sorted(result.mix.items(), key=lambda item: -item[1])
    )
    return table((("Kind", ""), ("", ""), ("Updates", "n"), ("Share", "n")), rows)


def _latency(result: ReplayResult) -> str:
    if not result.latencies:
        return f'<p class="note">The {escape(result.device)} device counts no cycles.</p>'
    rows = []
    for kind, histogram in result.latencies.items():
        found, stated = summarise(histogram), LATENCY.get(("book", kind))
        cells = [found.min, found.p50, found.p99, found.max]
        rows.append(
            f"<tr><td>{escape(kind)}</td>"
            + "".join(cell(f"{value:,}", "n") for value in cells)
            + cell(nanoseconds(found.p50), "n")
            + cell(str(stated.cycles) if stated else NOTHING, "n")
            + "</tr>"
        )
    head = (
        ("Cycles", ""), ("min", "n"), ("p50", "n"), ("p99", "n"), ("max", "n"),
        ("p50 in time", "n"), ("unstalled", "n"),
    )  # fmt: skip
    return table(head, rows)


def _checks(result: ReplayResult) -> str:
    delivered = CheckCount(checked=result.updates, failed=result.lost_events)
    sums, quotes = result.checksums, result.venue_bbo
    rows = [
        check_row("Device against the model", result.model, "events", done=result.verified),
        check_row("Venue checksums", sums, "read-outs", done=sums.checked > 0),
        check_row("Venue best prices", quotes, "quotes", done=quotes.checked > 0),
        check_row("Events delivered", delivered, "updates", done=True),
    ]
    for code, count in sorted(result.errors.items(), key=lambda item: -item[1]):
        rows.append(fact_row(f"Feed error {code}", f"{count:,} updates"))
    for code, count in result.capture_errors.items():
        rows.append(fact_row(f"Capture error {code}", f"{count:,}"))
    rows.append(fact_row("Invalid books at the end", f"{result.invalid_books:,}"))
    examples = result.model.examples + result.checksums.examples + result.venue_bbo.examples
    rows += [fact_row("Difference", example) for example in examples]
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _facts(result: ReplayResult) -> str:
    p, c = result.parameters, result.counters
    facts = [
        ("Device", result.device + (", cycle-accurate" if result.cycle_accurate else "")),
        ("Preset", f"{p.name}: {p.holds}" if p.name else "custom"),
        ("Orders at the end", f"{c.orders:,}"),
    ]
    if result.cycle_accurate:
        facts += [
            ("Outside a window", f"{c.orders_outside:,} of them"),
            ("Window", f"{p.window_ticks:,} ticks a side, {c.window_moves:,} moves"),
            ("Cycles", f"{c.cycles:,}, an update waiting in {c.stall_cycles:,}"),
            ("Deferred best prices", f"{result.deferred:,}, longest {c.deferred_max:,} cycles"),
            ("Refills, table sweeps", f"{c.refills:,}, {c.searches:,}"),
            ("Fullest stash", f"{c.stash_max:,} of {p.stash_slots:,}"),
        ]
    return f"<table><tbody>{''.join(fact_row(k, v) for k, v in facts)}</tbody></table>"


def _footer(result: ReplayResult) -> str:
    if not result.cycle_accurate:
        return "The model device follows the rules of the gateware, not its timing."
    return (
        "Simulated: cycles come from the gateware, compiled by Verilator. "
        f"Times are cycles at a stated clock of {CLOCK_HZ / 1e6:.2f} MHz, by place and route, not "
        "measured on a board. "
        "Updates are offered back to back, without the pauses of the market, so that one "
        "nearly always waits. Read-outs for this page and for checks are part of the cycles "
        "and stalls."
    )


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
