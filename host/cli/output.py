"""What every command prints, and how it fails.

Results go to standard output, logs and notes to standard error. With ``--json`` a command prints
one object and nothing else on standard output; a failure is an object too.
"""

import enum
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from host.device.base import DeviceError, DeviceLostError, DeviceMismatchError

__all__ = [
    "CliError",
    "Exit",
    "describe",
    "json_option",
    "print_error",
    "print_json",
    "print_note",
    "print_table",
    "stderr_console",
    "stdout_console",
]

_PIPE_WIDTH = 160  # columns where no terminal tells its own

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object instead of tables."
)


class Exit(enum.IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1  # a check failed, or something cannot work
    USAGE = 2  # the command line is wrong
    RETRY = 3  # the same command can succeed if it is run again
    INTERRUPTED = 130  # by the user


class CliError(Exception):
    """A failure to be shown to the user.

    Parameters
    ----------
    message : str
        What was expected and what came.
    code : str
        For programs, lower case with underscores.
    suggestion : str
        What to do about it.
    exit_code : Exit
        How the command ends.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "failed",
        suggestion: str = "",
        exit_code: Exit = Exit.FAILED,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.suggestion = suggestion
        self.exit_code = exit_code


def describe(error: Exception) -> CliError:
    """Return what to tell the user of an error, whatever raised it."""
    if isinstance(error, CliError):
        return error
    if isinstance(error, click.ClickException):
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
        return CliError(
            error.format_message(),
            code="usage",
            suggestion=f"{where or 'tickgate'} --help",
            exit_code=Exit.USAGE,
        )
    if isinstance(error, DeviceLostError):
        return CliError(
            str(error), code="device_lost", suggestion="Run it again.", exit_code=Exit.RETRY
        )
    if isinstance(error, DeviceMismatchError):
        return CliError(str(error), code="device_mismatch")
    if isinstance(error, DeviceError):
        return CliError(str(error), code="device", suggestion="tickgate doctor")
    return CliError(
        f"{type(error).__name__}: {error}",
        code="internal",
        suggestion="This is a defect: please report it with the log.",
    )


def stdout_console() -> Console:
    """Return a console for results."""
    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)


def stderr_console() -> Console:
    """Return a console for notes and progress bars."""
    return Console(stderr=True)


def print_json(value: Any) -> None:
    """Print one JSON object on one line of standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


def print_note(text: str) -> None:
    """Print a sentence for people on standard error."""
    click.echo(text, err=True)


def print_error(error: CliError, *, as_json: bool) -> None:
    """Print a failure: an object on standard output with ``as_json``, else standard error."""
    if as_json:
        body = {"code": error.code, "message": error.message, "suggestion": error.suggestion}
        print_json({"error": body})
        return
    print_note(f"error: {error.message}")
    if error.suggestion:
        print_note(f"  try: {error.suggestion}")


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str = "",
    right: Sequence[str] = (),
) -> None:
    """Print a table on standard output.

    Parameters
    ----------
    columns : sequence of str
        Heads.
    rows : iterable of sequences
        One cell a column; a ``rich.text.Text`` keeps its style.
    title : str
        Above the table.
    right : sequence of str
        Columns to align right, numbers mostly.
    """
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    stdout_console().print(table)
