"""The report as tables for the terminal."""

from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from hw.latency import LATENCY
from sim.replay.result import CLOCK_HZ, BookReport, CheckCount, ReplayResult
from sim.replay.tally import Quote, summarise
from sim.report.fragments import NOTHING
from sim.report.page import nanoseconds

__all__ = ["print_tables", "tables"]


def print_tables(result: ReplayResult, console: Console) -> None:
    """Print every table, and what failed."""
    for renderable in tables(result):
        console.print(renderable, highlight=False)


def tables(result: ReplayResult) -> Iterator[RenderableType]:
    """Yield what to print, in order."""
    yield _headline(result)
    yield _books(result)
    yield _mix(result)
    if result.cycle_accurate:
        yield _latency(result)
        yield _device(result)
    yield _checks(result)
    for failure in result.failures:
        yield Text(f"FAILED: {failure}", style="bold red")
    examples = (result.model, result.checksums, result.venue_bbo)
    for example in (text for count in examples for text in count.examples):
        yield Text(f"  {example}", style="red")


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(
        title=Text(title, style="bold"),  # a str would lose its [units] as markup
        title_justify="left",
        header_style="dim",
        box=SIMPLE_HEAD,
    )
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    return table


def _headline(result: ReplayResult) -> Text:
    rate = (
        f"{result.updates:,} updates in {result.seconds:.1f} s, {result.updates_per_s:,} a second"
    )
    build = f"device {result.device}, preset {result.parameters.name or 'custom'}"
    return Text(f"{', '.join(result.sources)}: {rate} ({build})")


def _books(result: ReplayResult) -> Table:
    table = _table(
        "Books at the end", ("book", "updates", "bid", "quantity", "offer", "quantity", "state")
    )
    for book in result.books:
        table.add_row(
            Text(book.symbol),
            f"{book.updates:,}",
            *_side(book, book.bid),
            *_side(book, book.ask),
            _state(book),
        )
    return table


def _side(book: BookReport, quote: Quote | None) -> tuple[str, str]:
    return book.price(quote) or NOTHING, book.quantity(quote) or NOTHING


def _state(book: BookReport) -> Text:
    return Text("valid", style="green") if book.valid else Text("invalid", style="bold red")


def _mix(result: ReplayResult) -> Table:
    table = _table("Update mix", ("kind", "updates", "share"))
    for kind, count in sorted(result.mix.items(), key=lambda item: -item[1]):
        table.add_row(kind, f"{count:,}", f"{100 * count / max(result.updates, 1):.1f} %")
    return table


def _latency(result: ReplayResult) -> Table:
    title = f"Latency [cycles]; time at a stated {CLOCK_HZ / 1e6:.2f} MHz, simulated"
    table = _table(title, ("kind", "min", "p50", "p99", "max", "p50 in time", "unstalled"))
    for kind, histogram in result.latencies.items():
        found, stated = summarise(histogram), LATENCY.get(("book", kind))
        cycles = (found.min, found.p50, found.p99, found.max)
        table.add_row(
            kind,
            *(f"{value:,}" for value in cycles),
            nanoseconds(found.p50),
            str(stated.cycles) if stated else NOTHING,
        )
    return table


def _device(result: ReplayResult) -> Table:
    counters = result.counters
    table = _table(
        "Device", ("cycles", "stalled", "deferred", "longest", "refills", "sweeps", "moves")
    )
    table.add_row(
        f"{counters.cycles:,}",
        f"{counters.stall_cycles:,}",
        f"{result.deferred:,}",
        f"{counters.deferred_max:,}",
        f"{counters.refills:,}",
        f"{counters.searches:,}",
        f"{counters.window_moves:,}",
    )
    return table


def _checks(result: ReplayResult) -> Table:
    table = _table("Checks", ("check", "compared", "failed"))
    delivered = CheckCount(checked=result.updates, failed=result.lost_events)
    rows = (
        ("device against the model", result.model, result.verified),
        ("venue checksums", result.checksums, result.checksums.checked > 0),
        ("venue best prices", result.venue_bbo, result.venue_bbo.checked > 0),
        ("events delivered", delivered, True),
    )
    for label, count, done in rows:
        if done:
            style = "bold red" if count.failed else "green"
            table.add_row(label, f"{count.checked:,}", Text(f"{count.failed:,}", style=style))
        else:
            table.add_row(label, "not done", NOTHING)
    for code, updates in sorted(result.errors.items()):
        table.add_row(f"feed error {code}", f"{updates:,}", NOTHING)
    for code, number in sorted(result.capture_errors.items()):
        table.add_row(f"capture error {code}", f"{number:,}", NOTHING)
    if result.invalid_books:
        table.add_row("invalid books", f"{result.invalid_books:,}", NOTHING)
    return table
