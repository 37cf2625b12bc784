"""``tickgate demo``: the whole path, without any data file."""

from pathlib import Path
from typing import Final

import click

from host.cli.output import json_option
from hw.presets import PRESETS
from sim.cli.failures import chosen_device, explained
from sim.cli.progress import reporter
from sim.cli.run import RunOptions, run, show
from sim.replay.demo_source import DemoSource

__all__ = ["demo"]

_PRESET: Final = "small"
_UPDATES: Final = 200_000


@click.command()
@click.option("--device", metavar="NAME", help="verilated or model; the first that can run here.")
@click.option(
    "--updates",
    type=click.IntRange(1_000, 10_000_000),
    default=_UPDATES,
    show_default=True,
    help="How much order flow to generate.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("tickgate-report"),
    show_default=True,
    help="Folder for the HTML page.",
)
@json_option
def demo(device: str | None, updates: int, seed: int, report: Path, as_json: bool) -> None:
    """Replay generated order flow, compare every event with the model, and write the report.

    Six books, two of them depth feeds, with bursts, snapshots and feed gaps. The same seed gives
    the same flow. The first run compiles the simulator, which takes a moment.

    Exit status: 0 all checks passed, 1 a check failed, 2 usage, 3 worth a retry.
    """
    options = RunOptions(verify=True, report=report)
    with explained():
        with reporter() as progress:
            choice = chosen_device(device)
            if choice.note:
                progress.note(choice.note)
            progress.stage("generating order flow")
            source = DemoSource(PRESETS[_PRESET], updates=updates, seed=seed)
            result = run(
                source,
                names=[f"generated order flow (seed {seed})"],
                needs=source.needs,
                device=choice.name,
                parameters=PRESETS[_PRESET],
                options=options,
                progress=progress,
            )
        show(result, options=options, as_json=as_json)
