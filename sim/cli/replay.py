"""``tickgate replay``: run captures of market data through the order-book engine."""

from pathlib import Path

import click

from host.cli.output import CliError, json_option
from hw.presets import PRESETS
from sim.captures import CaptureError, measure, open_capture
from sim.captures.recognise import FORMATS
from sim.cli.failures import chosen_device, explained
from sim.cli.progress import reporter
from sim.cli.run import RunOptions, run, show
from sim.replay.fit import choose_preset

__all__ = ["replay"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument(
    "captures",
    nargs=-1,
    required=True,
    metavar="CAPTURE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Recognised if not given.")
@click.option(
    "--device",
    metavar="NAME",
    help="verilated (the gateware) or model. The first that can run here if not given.",
)
@click.option(
    "--preset",
    type=click.Choice(tuple(PRESETS)),
    help="Build of the engine. The smallest that holds the captures if not given.",
)
@click.option("--symbols", metavar="A,B,...", help="Keep these instruments alone.")
@click.option("--verify", is_flag=True, help="Compare every event with the reference model.")
@click.option("--strict", is_flag=True, help="End at the first line that cannot be read.")
@click.option("--save", type=_FILE, help="Write the market updates as Parquet.")
@click.option("--events", type=_FILE, help="Write every best-price event as Parquet.")
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the HTML page into this folder.",
)
@json_option
def replay(
    captures: tuple[Path, ...],
    format_: str | None,
    device: str | None,
    preset: str | None,
    symbols: str | None,
    verify: bool,
    strict: bool,
    save: Path | None,
    events: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Run captured market data through the order-book engine.

    Prints each book's best bid and offer, the latency of every kind of update, and what was
    checked: the venue's own checksums and best prices where the capture has them, and every
    event against the reference model with --verify.

    Exit status: 0 all checks passed, 1 a check failed, 2 usage, 3 worth a retry.
    """
    wanted = None if symbols is None else [s.strip() for s in symbols.split(",") if s.strip()]
    if wanted == []:
        raise click.UsageError("--symbols must name at least one instrument, not none")
    options = RunOptions(verify=verify, report=report, events=events, save=save)
    with explained():
        with reporter() as progress:
            choice = chosen_device(device)
            if choice.note:
                progress.note(choice.note)
            progress.stage("measuring the captures")
            needs = measure(captures, format=format_, symbols=wanted)
            if not needs.updates:
                raise click.UsageError("the captures hold no market update of these instruments")
            with open_capture(captures, format=format_, symbols=wanted, strict=strict) as capture:
                try:
                    result = run(
                        capture,
                        names=[path.name for path in captures],
                        needs=needs,
                        device=choice.name,
                        parameters=choose_preset(needs, PRESETS, preset),
                        options=options,
                        progress=progress,
                    )
                except CaptureError as error:  # it opened well: a line was wrong, and strict
                    raise CliError(str(error), code="strict") from error
        show(result, options=options, as_json=as_json)
