"""``tickgate risk trips``, ``audit`` and ``key``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from host.cli.output import CliError, Exit, json_option, print_json, print_note, print_table
from host.cli.risk.session import audit_log, explained, session
from host.protocol.risk_messages import Trip
from host.risk.audit_log import AuditLog
from host.risk.limits import Limits
from host.risk.operator_key import KeyFileError, make_key
from host.risk.state import name_of, names_in
from hw.breaker_detectors import BREAKER_DETECTORS
from hw.kill_causes import KILL_CAUSES
from hw.records import BREAKER_ACTION

__all__ = ["audit", "key", "trips"]

_OF_BREAKER: Final = ("tripped", "released")
_OF_OPERATOR: Final = ("armed", "refused")
_GROUP: Final = "kill_"


@click.command()
@json_option
def trips(as_json: bool) -> None:
    """Show the latest kills, trips of the breaker and armings that the device told, newest last."""
    with session() as attached:
        answer, limits = attached.gate.trips(), attached.limits()
    rows = [_as_object(trip, limits) for trip in answer.trips]
    if as_json:
        print_json({"trips": rows, "forgotten": answer.forgotten})
        return
    columns = ("seen (UTC)", "what", "of", "by", "box time [ns]", "cycle")
    cells = [
        (_text(t["seen_at"]), t["what"], t["of"], t["by"], t["time"], t["cycle"]) for t in rows
    ]
    print_table(columns, cells, right=("box time [ns]", "cycle"))
    if answer.forgotten:
        print_note(f"{answer.forgotten} older ones are forgotten")


def _as_object(trip: Trip, limits: Limits | None) -> dict[str, Any]:
    of, by = "box", ""
    if trip.what in _OF_BREAKER:
        of = name_of(limits, "instruments", trip.instrument)
        by = f"{BREAKER_ACTION.name_of(trip.action)} ({_bits(trip.mask, BREAKER_DETECTORS)})"
    elif trip.what in _OF_OPERATOR:
        by = f"operator {trip.operator}"
    elif trip.what.startswith(_GROUP):
        of, by = ", ".join(names_in(limits, trip.what.removeprefix(_GROUP), trip.mask)), "host"
    elif trip.mask:
        by = _bits(trip.mask, KILL_CAUSES)
    return {
        "seen_at": trip.seen_at, "what": trip.what, "of": of, "by": by, "time": trip.time,
        "cycle": trip.cycle,
    }  # fmt: skip


def _bits(mask: int, names: tuple[str, ...]) -> str:
    set_ = [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
    return ", ".join(names[bit] if bit < len(names) else f"bit {bit}" for bit in set_)


def _text(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


@click.command()
@click.option("--verify", is_flag=True, help="Check every line and the chain through all of them.")
@click.option("--last", type=click.IntRange(min=1), help="Show so many lines; all if not given.")
@json_option
def audit(verify: bool, last: int | None, as_json: bool) -> None:
    """Show the audit log: who did what, when and why, and what became of it. Needs no appliance."""
    log = audit_log()
    with explained():
        if verify:
            _verify(log, as_json)
            return
        entries = log.entries()[-(last or 0) :]
    if as_json:
        print_json({"path": str(log.path), "entries": [entry.model_dump() for entry in entries]})
        return
    columns = ("#", "when (UTC)", "who", "what", "outcome", "why", "details")
    rows = [
        (e.number, _text(e.at), e.who, e.what, e.outcome, e.why, _listed(e.details))
        for e in entries
    ]
    print_table(columns, rows, right=("#",))


def _listed(details: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {_short(value)}" for name, value in details.items())


def _short(value: Any) -> str:
    """Return a detail as one line; a whole limits file is in ``--json``."""
    if isinstance(value, dict):
        return "whole, see --json"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _verify(log: AuditLog, as_json: bool) -> None:
    verdict = log.verify()
    if verdict.problem:
        raise CliError(
            f"{log.path}: {verdict.problem}; the {verdict.lines} lines before it are right",
            code="audit_broken",
            suggestion="compare it with a copy that you kept",
        )
    if as_json:
        print_json({"ok": True, "lines": verdict.lines, "head": verdict.head})
    else:
        click.echo(f"{verdict.lines} lines, unbroken; the hash of the last is {verdict.head}")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Of the operator, for the audit log.")
@click.option("--operator", type=int, default=0, show_default=True, help="Number in the gate, 0-3.")
@json_option
def key(path: Path, name: str, operator: int, as_json: bool) -> None:
    """Make an operator's key file, mode 0600; `tickgate up --operator-key` gives it to the gate."""
    try:
        made = make_key(path, name=name, operator=operator)
    except KeyFileError as error:
        raise CliError(str(error), code="key_file", exit_code=Exit.USAGE) from error
    if as_json:
        print_json({"path": str(path), "name": made.name, "operator": made.operator})
    else:
        click.echo(f"{path}: key of operator {made.operator} ({made.name}), closed to others")
