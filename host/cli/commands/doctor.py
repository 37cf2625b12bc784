"""``tickgate doctor``."""

from collections import Counter
from dataclasses import asdict
from typing import Final

import click
from rich.text import Text

from host.cli.health import examine
from host.cli.output import Exit, json_option, print_json, print_table

__all__ = ["doctor"]

_STYLE: Final = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check this machine: what is installed, which devices can run, what to fix."""
    checks = examine()
    count = Counter(check.status for check in checks)
    if as_json:
        print_json({"ok": count["fail"] == 0, "checks": [asdict(check) for check in checks]})
    else:
        rows = [(c.name, Text(c.status, _STYLE[c.status]), c.detail, c.fix) for c in checks]
        print_table(("check", "status", "found", "what to do"), rows)
        click.echo(f"{count['ok']} ok, {count['warn']} warnings, {count['fail']} failures")
    ctx.exit(Exit.FAILED if count["fail"] else Exit.OK)
