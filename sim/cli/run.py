"""What ``replay`` and ``demo`` share: run a source on the appliance and show the result."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
from rich.text import Text

from host.appliance import Appliance
from host.cli.output import Exit, print_json, stdout_console
from host.venues.instrument import Instrument
from hw.presets import BookParameters
from sim.captures import CaptureBatch, Needs, RecordsWriter
from sim.cli.progress import Reporter
from sim.replay.engine import Replay
from sim.replay.events_file import EventsWriter
from sim.replay.result import ReplayResult
from sim.report.page import write_page
from sim.report.tables import print_tables

__all__ = ["RunOptions", "Source", "run", "show"]

_SHOWN_ERRORS = 10


class Source(Protocol):
    """Where updates come from: a capture, or generated order flow.

    Attributes
    ----------
    instruments : list of Instrument
        By book index; may grow while reading.
    errors : Counter
        What was wrong so far, by kind.
    error_messages : list of str
        The first of them in words.
    notes : list of str
        Assumptions made, for people.
    """

    instruments: list[Instrument]
    errors: Counter[str]
    error_messages: list[str]
    notes: list[str]

    def __iter__(self) -> Iterator[CaptureBatch]:
        """Yield the updates in batches."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """What to do beside the replay itself.

    Attributes
    ----------
    verify : bool
        Compare every event with the model.
    report : Path or None
        Folder for the page.
    events, save : Path or None
        Parquet files of the best prices, and of the updates.
    """

    verify: bool = False
    report: Path | None = None
    events: Path | None = None
    save: Path | None = None


def run(
    source: Source,
    *,
    names: Sequence[str],
    needs: Needs,
    device: str,
    parameters: BookParameters,
    options: RunOptions,
    progress: Reporter,
) -> ReplayResult:
    """Replay a source on a device in processes of its own.

    Parameters
    ----------
    source : Source
        Read once.
    names : sequence of str
        What to call the source.
    needs : Needs
        Of the source: its length and span of time.
    device : str
        Backend.
    parameters : BookParameters
        Build of the device.
    options : RunOptions
        What else to do.
    progress : Reporter
        Is told how it goes.

    Raises
    ------
    DeviceError
        If the device cannot be opened or fails.
    CaptureError
        If the source is strict and something in it is wrong.
    OSError
        If a file cannot be written.
    """
    with ExitStack() as stack:
        save = options.save and stack.enter_context(RecordsWriter(options.save, source.instruments))
        sink = options.events and stack.enter_context(
            EventsWriter(options.events, source.instruments)
        )
        progress.stage(f"starting device {device}")
        appliance = stack.enter_context(Appliance(device, parameters, on_stage=progress.stage))
        replay = stack.enter_context(
            closing(
                Replay(
                    device=appliance.device,
                    instruments=source.instruments,
                    span=(needs.first_time, needs.last_time),
                    verify=options.verify,
                    depth=options.report is not None,
                    sink=sink or None,
                )
            )
        )
        progress.stage("replaying", needs.updates)
        done = 0
        for batch in source:
            if save:
                save.write(batch.updates, batch.checks)
            replay.feed(batch.updates, batch.checks)
            done += len(batch.updates)
            progress.done(done)
        result = replay.finish(sources=names, capture_errors=source.errors)
    for note in source.notes:
        progress.note(f"note: {note}")
    for message in source.error_messages[:_SHOWN_ERRORS]:
        progress.note(message)
    return result


def show(result: ReplayResult, *, options: RunOptions, as_json: bool) -> None:
    """Write the page, print the tables or the JSON object, and end with the exit code.

    Raises
    ------
    click.exceptions.Exit
        With 1 if a check failed.
    """
    page = write_page(result, options.report) if options.report else None
    if as_json:
        document = result.to_json() | ({"report": str(page)} if page else {})
        print_json(document)
    else:
        console = stdout_console()
        print_tables(result, console)
        if page:
            console.print(Text(f"Report: {page.resolve()}"), soft_wrap=True)
    if result.failures:
        raise click.exceptions.Exit(Exit.FAILED)
