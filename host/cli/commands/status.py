"""``tickgate status``."""

import time

import click

from host.cli.output import Exit, json_option, print_json, print_table
from host.folders import runtime_directory
from host.running import Running
from host.runtime import RuntimeFolderError

__all__ = ["status"]


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Say whether an appliance runs in the background, and how it is. Exit code 1 if none runs."""
    try:
        with Running() as running:
            facts, (worker,) = running.facts, running.status().workers
    except RuntimeFolderError as error:
        if as_json:
            print_json({"running": False, "detail": str(error)})
        else:
            click.echo(f"{error}; try: tickgate up")
        ctx.exit(Exit.FAILED)
    seconds = (time.time_ns() - facts.started_at) // 10**9
    result = {
        "running": True,
        "pid": facts.pid,
        "device": facts.device,
        "preset": facts.preset,
        "seconds": seconds,
        "worker": worker.state,
        "detail": worker.detail,
        "refused": worker.refused,
        "folder": str(runtime_directory()),
    }
    if as_json:
        print_json(result)
    else:
        print_table(("", "appliance"), result.items())
    ctx.exit(Exit.OK if worker.state == "ready" else Exit.FAILED)
