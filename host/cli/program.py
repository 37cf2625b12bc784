"""The program ``tickgate``: its commands are the entry points of ``tickgate.commands``."""

import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Final

import click

from host.cli.output import CliError, Exit, describe, print_error

__all__ = ["GROUP", "CommandGroup", "main", "program"]

GROUP: Final = "tickgate.commands"
#: Extras, by what they bring that a command of the host may lack.
_BROUGHT_BY: Final = {"scipy": "compute"}

_log = logging.getLogger(__name__)


class CommandGroup(click.Group):
    """Commands of all installed packages; one that cannot be imported harms no other."""

    def _declared(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group=GROUP)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, whether they can be imported or not."""
        return sorted({*super().list_commands(ctx), *self._declared()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, one that explains itself where it cannot be imported, or None."""
        entry = self._declared().get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        try:
            command = entry.load()
        except (ImportError, AttributeError) as error:
            return _unavailable(entry, error)
        if not isinstance(command, click.Command):
            return _unavailable(entry, TypeError(f"{entry.value} is no click command"))
        return command


def _unavailable(entry: EntryPoint, error: Exception) -> click.Command:
    """Return a command in the place of one that cannot be imported."""
    lacks = (getattr(error, "name", None) or "").split(".")[0]
    extra = "sim" if entry.value.startswith("sim.") else _BROUGHT_BY.get(lacks)
    remedy = f"pip install 'tickgate[{extra}]'" if extra else "tickgate doctor"

    def explain() -> None:
        raise CliError(
            f"the command {entry.name} is not available: {error}",
            code="not_installed",
            suggestion=remedy,
        )

    return click.Command(
        entry.name,
        callback=explain,
        short_help=f"Not available ({error}); try: {remedy}",
        # Whatever was given, the answer is what to install.
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        try:
            text = version("tickgate")
        except PackageNotFoundError:
            text = "not installed"
        click.echo(f"tickgate {text}")
        ctx.exit()


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 ok, 1 a check failed, 2 wrong usage, 3 try again.",
)
@click.option("-v", "--verbose", count=True, help="Log more on standard error; twice for all.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
def program(verbose: int) -> None:
    """Tickgate: order books in gateware, on a board or in cycle-accurate simulation."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, format="%(name)s: %(message)s", stream=sys.stderr, force=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code (see ``host.cli.output.Exit``).

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = program.main(given, prog_name="tickgate", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        print_error(CliError("interrupted", code="interrupted"), as_json="--json" in given)
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough, as in ``tickgate ... | head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return Exit.USAGE
    except Exception as error:  # the last place where a failure can still be told in words
        shown = describe(error)
        if shown.code == "internal":
            _log.exception("internal error")
        print_error(shown, as_json="--json" in given)
        return shown.exit_code
    return result if isinstance(result, int) else Exit.OK
