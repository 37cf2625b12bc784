"""``tickgate risk set``."""

import copy
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from host.cli.output import CliError, Exit, json_option, print_json, print_note, print_table
from host.cli.risk.session import audit_log, confirmed, reason_option, session, told_unrecorded
from host.cli.risk.show import current_tree
from host.risk.diff import Change, limit_changes
from host.risk.image import limits_image
from host.risk.limits import load_document, parse_limits
from host.risk.record import careful

__all__ = ["change"]

_MOST_TOLD = 400  # changes written to the audit log, one line's worth


@click.command("set")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE...]")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Limits file; what it does not say is closed. Without it the limits in force are changed.",
)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option("--dry-run", is_flag=True, help="Check and show the difference, and change nothing.")
@reason_option
@json_option
def change(
    values: tuple[str, ...],
    path: Path | None,
    yes: bool,
    dry_run: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Set limits: those of a file, single ones such as instruments.ETH-USD.collar=3.00, or both.

    A whole number is in ticks, lots or ns; one with a point, or in quotes, in units of the venue.
    They come into force all at once, or, if anything is wrong, not at all.
    """
    if path is None and not values:
        raise click.UsageError("give --file, KEY=VALUE, or both")
    with session() as attached:
        document = load_document(path) if path is not None else attached.said().document
        if not document:
            raise CliError(
                "no limits were set yet, so that there is nothing to change",
                code="no_limits",
                suggestion="tickgate risk set --file LIMITS.toml",
            )
        limits = parse_limits(_changed(document, values))
        limits_image(limits, attached.gate.risk)  # what the device cannot hold is refused here
        changes = limit_changes(current_tree(attached), limits.tree)
        if not as_json:
            _print_changes(changes)
        result: dict[str, Any] = {"changes": [asdict(c) for c in changes], "committed": False}
        if not dry_run:
            confirmed(f"Bring {len(changes)} changes into force?", yes=yes, as_json=as_json)
            details = {"changes": [f"{c.path}: {c.old} -> {c.new}" for c in changes][:_MOST_TOLD]}
            with careful(audit_log(), "set", why=reason, details=details) as act:
                attached.gate.set_limits(limits.given, commits=attached.said().commits)
            result |= {"committed": True, **told_unrecorded(act)}
    if as_json:
        print_json(result)
    else:
        print_note("not changed: dry run" if dry_run else "in force")


def _print_changes(changes: list[Change]) -> None:
    if not changes:
        click.echo("Nothing changes.")
        return
    print_table(("limit", "in force", "new"), [(c.path, c.old, c.new) for c in changes])


def _changed(document: Any, values: tuple[str, ...]) -> dict[str, Any]:
    """Return a document with single values changed."""
    changed: dict[str, Any] = copy.deepcopy(document)
    for text in values:
        key, equals, value = text.partition("=")
        *where, last = key.split(".")
        if not equals or not where or not all((*where, last)):
            raise CliError(
                f"expected KEY=VALUE with a key such as box.max_gross, not {text!r}",
                code="usage",
                exit_code=Exit.USAGE,
            )
        place = changed
        for name in where:
            found = place.setdefault(name, {})
            if not isinstance(found, dict):
                raise CliError(f"{key}: {name} is a value", code="usage", exit_code=Exit.USAGE)
            place = found
        place[last] = _value(value)
    return changed


def _value(text: str) -> Any:
    """Read a value as TOML; a number with a point stays text, and so does what is no TOML."""
    try:
        return tomllib.loads(f"value = {text}", parse_float=str)["value"]
    except tomllib.TOMLDecodeError:
        return text
