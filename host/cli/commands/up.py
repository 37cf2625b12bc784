"""``tickgate up``."""

from pathlib import Path

import click

from host.cli.output import CliError, json_option, print_json, print_note
from host.cli.risk.session import audit_log, explained, key_of, told_unrecorded
from host.device.registry import choose
from host.folders import runtime_directory
from host.risk.arming import give_key
from host.risk.limits import Limits, load_limits
from host.risk.operator_key import OperatorKey
from host.risk.record import careful
from host.running import Running, start, stop
from host.runtime import RuntimeFolderError
from hw.presets import PRESETS

__all__ = ["up"]

_WHY = "tickgate up"
_START_S = 600.0  # the first start of a verilated device compiles
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--device", metavar="NAME", default="verilated_risk", show_default=True)
@click.option("--preset", type=click.Choice(list(PRESETS)), default="small", show_default=True)
@click.option("--limits", "path", type=_FILE, help="Limits file, set when the device is ready.")
@click.option(
    "--operator-key",
    "keys",
    type=_FILE,
    multiple=True,
    help="Key file of an operator who may arm; up to 4. Keys are set once after a start.",
)
@json_option
def up(device: str, preset: str, path: Path | None, keys: tuple[Path, ...], as_json: bool) -> None:
    """Start the appliance in the background; it stays until `tickgate down`."""
    operators = [key_of(key) for key in keys]
    numbers = [operator.operator for operator in operators]
    if len(set(numbers)) < len(numbers):
        raise CliError(f"two keys are of the same operator: {numbers}", code="key_file")
    with explained():
        limits = None if path is None else load_limits(path)
    # A path module:attribute is for devices under development, which no package declares.
    backend = device if ":" in device else choose(device).name
    try:
        facts = start(backend, PRESETS[preset])
    except RuntimeFolderError as error:
        raise CliError(str(error), code="cannot_start", suggestion="tickgate status") from error
    try:
        gate = _make_ready(operators, limits)
    except BaseException:
        _stop_again()
        raise
    result = {"pid": facts.pid, "device": backend, "preset": preset, "limits": path is not None}
    if as_json:
        print_json(result)
        return
    click.echo(f"up: {backend} ({preset}), process {facts.pid}, in {runtime_directory()}")
    if gate:
        click.echo("it is disarmed; next: tickgate risk show")


def _make_ready(operators: list[OperatorKey], limits: Limits | None) -> bool:
    """Wait for the device, give keys and limits; return whether it has a risk gate."""
    with Running() as running:
        running.wait_until_ready(timeout_s=_START_S, on_stage=_note)
        if not (operators or limits or running.has_gate()):
            return False
        with explained(), running.gate() as gate:
            for operator in operators:
                named = {"operator": operator.operator, "name": operator.name}
                with careful(audit_log(), "enrol", why=_WHY, details=named) as act:
                    give_key(gate, operator)
                told_unrecorded(act)
            if limits is not None:
                whole = {"document": dict(limits.given)}
                with careful(audit_log(), "set", why=_WHY, details=whole) as act:
                    gate.set_limits(limits.given, commits=gate.read("limits_commit"))
                told_unrecorded(act)
    return True


def _note(text: str) -> None:
    if text:
        print_note(text)


def _stop_again() -> None:
    print_note("stopping what was started")
    try:
        stop()
    except RuntimeFolderError:  # it has ended by itself
        return
