"""``tickgate drill``: a bad day, played through the device with its risk gate."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from host.cli.output import CliError, Exit, json_option, print_json
from host.folders import data_directory
from hw.presets import PRESETS, BookParameters
from hw.risk_parameters import RiskParameters
from sim.cli.failures import explained
from sim.cli.progress import Reporter, reporter
from sim.devices.verilated_risk import VerilatedRiskDevice
from sim.drills.calm import calm_captures, run_calm
from sim.drills.crash import run_crash
from sim.drills.fat_finger import run_fat_finger
from sim.drills.gate import OpenDevice
from sim.drills.results import DrillResult, print_result
from sim.drills.runaway import run_runaway
from sim.drills.stuck_feed import run_stuck_feed

__all__ = ["drill"]

_PRESET: Final = "small"
#: Drills on the usual device, by name: given what opens it and a seed.
_DRILLS: Final[dict[str, Callable[[OpenDevice, int], DrillResult]]] = {
    "crash": lambda opens, seed: run_crash(opens, seed=seed),
    "fat-finger": lambda opens, _: run_fat_finger(opens),
    "stuck-feed": lambda opens, _: run_stuck_feed(opens),
    "runaway": lambda opens, _: run_runaway(opens),
}


_HELP: Final = """Play a bad day through the gateware with its risk gate, in simulation.

\b
crash       ETH-USD on GDAX, 2017-06-21, reconstructed from what is published
fat-finger  sizes and prices about every limit
stuck-feed  venues that fall silent, repeat themselves, lose updates or cross
runaway     strategies that loop
calm        recorded ordinary days, in which nothing should trip

Nothing is sent to any venue. The same seed gives the same drill. The first run of a size
compiles the simulator, which takes a minute or two.

Exit status: 0 as it should be, 1 a verdict was wrong or a crash not detected, 2 usage.
"""


@click.command(help=_HELP)
@click.argument("name", type=click.Choice([*_DRILLS, "calm"]))
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Of what is drawn at random: the crash, and calm flow where there is no capture.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of captures for calm. If not given: $TICKGATE_DATA, else ../shared/data.",
)
@json_option
def drill(name: str, seed: int, data: Path | None, as_json: bool) -> None:
    """Play a bad day through the gateware with its risk gate, in simulation."""
    with explained():
        with reporter() as progress:
            result = _run(name, seed, data, progress)
        if as_json:
            print_json(result.to_json())
        else:
            print_result(result)
    if result.failed:
        raise click.exceptions.Exit(Exit.FAILED)


def _run(name: str, seed: int, data: Path | None, progress: Reporter) -> DrillResult:
    """Run the drill of a name."""
    if lacking := VerilatedRiskDevice.missing():
        raise CliError("; ".join(lacking), code="device", suggestion="tickgate doctor")
    progress.stage(f"drill {name}")

    def sized(
        parameters: BookParameters, risk: RiskParameters | None = None
    ) -> VerilatedRiskDevice:
        return VerilatedRiskDevice(parameters, risk)

    if name != "calm":
        return _DRILLS[name](lambda: sized(PRESETS[_PRESET]), seed)
    folder = data or data_directory()
    captures = calm_captures(folder) if folder else []
    return run_calm(sized, captures, seed=seed, tell=progress.stage)
