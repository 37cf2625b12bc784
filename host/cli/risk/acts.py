"""``tickgate risk arm``, ``disarm``, ``kill`` and ``hold``."""

import time
from pathlib import Path
from typing import Any, Final

import click

from host.cli.output import CliError, Exit, json_option, print_json, print_note
from host.cli.risk.session import (
    Session,
    audit_log,
    confirmed,
    key_of,
    reason_option,
    session,
    told_unrecorded,
)
from host.risk.arming import answer_challenge, give_key
from host.risk.limits import LimitsError
from host.risk.record import careful, prompt
from host.risk.registers import let_pass
from host.risk.state import GROUPS, gate_state, names_in
from hw.arming import Scope

__all__ = ["arm", "disarm", "enrol", "hold", "kill"]

_LEASE_NS: Final = 2_000_000_000
_RENEW_S: Final = 0.5
_CANCELLING: Final = 1 << 5  # of risk_status
_CANCEL_S: Final = 2.0
_SHOWS: Final = 64  # cycles, many more than it takes until a kill or a disarm shows
_WHAT: Final = ("box", *GROUPS)

_yes_option = click.option("--yes", is_flag=True, help="Do not ask; for scripts.")


@click.command()
@click.option(
    "--key",
    "path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your key file, mode 0600.",
)
@click.option("--clear-kill", is_flag=True, help="End the kill of the box.")
@click.option("--clear-groups", is_flag=True, help="End kills of venues, accounts and strategies.")
@click.option(
    "--clear-instrument",
    "cleared",
    multiple=True,
    metavar="NAME",
    help="End kill and halt of this instrument; may be repeated.",
)
@_yes_option
@reason_option
@json_option
def arm(
    path: Path,
    clear_kill: bool,
    clear_groups: bool,
    cleared: tuple[str, ...],
    yes: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Let new orders through: a challenge from the device, answered under your key.

    The first arming after a start needs --clear-kill: the deadman has killed the box.
    """
    key = key_of(path)
    with session() as attached:
        scope, mask = _scope(attached, clear_kill, clear_groups, cleared)
        _check_killed(attached, clear_kill)
        asked = scope.name or str(scope)
        confirmed(f"{asked} as operator {key.operator} ({key.name})?", yes=yes, as_json=as_json)
        details = {"operator": key.operator, "name": key.name, "scope": asked}
        if mask:
            details["instruments"] = names_in(attached.limits(), "instruments", mask)
        with careful(audit_log(), "arm", why=reason, details=details) as act:
            attached.gate.hold(_LEASE_NS)  # an expired deadman would kill again at once
            answer_challenge(attached.gate, key, scope=scope, instruments=mask)
            state = gate_state(attached.gate, attached.limits())
            act.details["armed"] = state["armed"]
            if not state["armed"]:
                causes = ", ".join(state["kill_causes"]) or "no cause"
                raise CliError(
                    f"granted, but the box is killed again: {causes}",
                    code="killed",
                    suggestion="tickgate risk show",
                )
        result = {"armed": True, "scope": asked, **told_unrecorded(act)}
    _print(result, "armed; keep the deadman alive: tickgate risk hold, or your strategy", as_json)


def _scope(
    attached: Session, clear_kill: bool, clear_groups: bool, cleared: tuple[str, ...]
) -> tuple[Scope, int]:
    scope, mask = Scope.ARM, 0
    if clear_kill:
        scope |= Scope.CLEAR_KILL
    if clear_groups:
        scope |= Scope.CLEAR_GROUPS
    for name in cleared:
        scope |= Scope.CLEAR_INSTRUMENTS
        mask |= 1 << _index(attached, "instrument", name)
    return scope, mask


def _check_killed(attached: Session, clear_kill: bool) -> None:
    state = gate_state(attached.gate, None)
    if state["killed"] and not clear_kill:
        raise CliError(
            f"the box is killed, by: {', '.join(state['kill_causes'])}",
            code="killed",
            suggestion="see why; then give --clear-kill too",
        )


def _index(attached: Session, group: str, name: str) -> int:
    """Return the row of a name, or of ``#<index>``."""
    try:
        limits = attached.limits()
    except LimitsError:  # a kill must not depend on them
        limits = None
    names = {} if limits is None else limits.names(GROUPS[group])
    if name in names:
        return names[name]
    rows = int(getattr(attached.gate.risk, GROUPS[group]))
    if name.startswith("#") and name[1:].isdecimal() and int(name[1:]) < rows:
        return int(name[1:])
    raise CliError(
        f"no {group} {name!r}: there are {', '.join(names) or 'no names'}, and #0 to #{rows - 1}",
        code="usage",
        suggestion="tickgate risk kill stops everything",
        exit_code=Exit.USAGE,
    )


@click.command()
@reason_option
@json_option
def disarm(reason: str, as_json: bool) -> None:
    """Deny new orders from now on; open orders stay."""
    with session() as attached:
        with prompt(audit_log(), "disarm", why=reason, details={}) as act:
            attached.gate.write("disarm", 1)
            let_pass(attached.gate, _SHOWS)
            act.details["armed"] = not attached.gate.read("disarm")
            if act.details["armed"]:
                raise CliError(
                    "the box is still armed", code="failed", suggestion="tickgate risk kill"
                )
        result = {"armed": False, **told_unrecorded(act)}
    _print(result, "disarmed; open orders stay", as_json)


@click.command()
@click.argument("what", type=click.Choice(_WHAT), default="box")
@click.argument("name", required=False)
@reason_option
@json_option
def kill(what: str, name: str | None, reason: str, as_json: bool) -> None:
    """Stop new orders and cancel the open ones, of the box or of what is named.

    It asks nothing. NAME is as in the limits file, or #0 and up.
    """
    if (what == "box") != (name is None):
        raise click.UsageError(f"{what} takes {'no name' if what == 'box' else 'a NAME'}")
    with session() as attached:
        register, mask = "kill", 1
        if name is not None:
            register, mask = f"kill_{GROUPS[what]}", 1 << _index(attached, what, name)
        details: dict[str, Any] = {"what": what, "name": name or ""}
        with prompt(audit_log(), "kill", why=reason, details=details) as act:
            attached.gate.write(register, mask)
            result = _killed(attached, register, mask)
            act.details.update(result)
        result |= told_unrecorded(act)
    text = f"killed: {what} {name or ''}".rstrip()
    cancels = "cancels are still being sent" if result["cancelling"] else "cancels sent for all"
    _print(result, f"{text}; open orders: {result['open_orders']}, {cancels}", as_json)


def _killed(attached: Session, register: str, mask: int) -> dict[str, Any]:
    """See that the kill stands and that its cancels have been made."""
    gate = attached.gate
    let_pass(gate, _SHOWS)
    deadline = time.monotonic() + _CANCEL_S
    while gate.read("risk_status") & _CANCELLING and time.monotonic() < deadline:
        pass
    stands = gate.read(register)
    if not (stands & mask if register != "kill" else stands):
        raise CliError("the kill does not stand", code="failed", suggestion="pull the kill pin")
    return {
        "killed": True,
        "cancelling": bool(gate.read("risk_status") & _CANCELLING),
        "open_orders": gate.read("open_orders"),
    }


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@reason_option
@json_option
def enrol(path: Path, reason: str, as_json: bool) -> None:
    """Give the gate the key of an operator: once for each number, until the device starts anew."""
    key = key_of(path)
    details = {"operator": key.operator, "name": key.name}
    with session() as attached:
        with careful(audit_log(), "enrol", why=reason, details=details) as act:
            give_key(attached.gate, key)
        result = {**details, **told_unrecorded(act)}
    _print(result, f"operator {key.operator} ({key.name}) may arm", as_json)


@click.command()
@click.option("--seconds", type=click.FloatRange(min=0), help="End after so long.")
@json_option
def hold(seconds: float | None, as_json: bool) -> None:
    """Keep the deadman alive while this runs; when it ends, however, the box is killed in time."""
    end = None if seconds is None else time.monotonic() + seconds
    with session() as attached:
        if not as_json:
            print_note("holding the deadman; interrupt to let go")
        try:
            while end is None or time.monotonic() < end:
                attached.gate.hold(_LEASE_NS)
                left = _RENEW_S if end is None else min(_RENEW_S, end - time.monotonic())
                time.sleep(max(0.0, left))
        finally:
            expired = attached.gate.read("deadman")
    _print({"expired": bool(expired)}, "let go", as_json)


def _print(result: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        click.echo(text)
