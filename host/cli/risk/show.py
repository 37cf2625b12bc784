"""``tickgate risk show``."""

from typing import Any

import click
from rich.text import Text

from host.cli.output import json_option, print_json, print_table
from host.cli.risk.session import Session, session
from host.risk.diff import flat
from host.risk.image import limits_tree, read_image
from host.risk.limits import Limits, parse_limits
from host.risk.state import gate_state, open_orders, positions

__all__ = ["current_tree", "show"]

_NO_NAMES: dict[str, Any] = {"version": 1}


def current_tree(attached: Session) -> dict[str, Any]:
    """Return the limits in force under their names, from the registers if need be."""
    limits = attached.limits()
    if limits is not None and attached.said().in_force:
        return dict(limits.tree)
    names = limits or parse_limits(_NO_NAMES)
    return limits_tree(read_image(attached.gate), names, attached.gate.risk)


@click.command()
@click.option("--limits/--no-limits", "with_limits", default=True, help="Show the limits too.")
@json_option
def show(with_limits: bool, as_json: bool) -> None:
    """Show the gate's state, positions, open orders, denials and the limits in force."""
    with session() as attached:
        limits = attached.limits()
        state = gate_state(attached.gate, limits)
        read_out = attached.gate.audit()
        result = {
            "device": attached.gate.name,
            "state": state,
            "positions": positions(read_out, limits),
            "orders": open_orders(read_out, limits),
            "limits_set_here": limits is not None,
            "limits_as_set": attached.said().in_force,
            "limits": current_tree(attached) if with_limits else None,
        }
    if as_json:
        print_json(result)
        return
    _print_state(state)
    _print_holdings(result)
    if with_limits:
        _print_limits(result, limits)


def _print_state(state: dict[str, Any]) -> None:
    killed = ", ".join(state["kill_causes"]) if state["killed"] else ""
    rows: list[tuple[object, object]] = [
        ("armed", _good(state["armed"], "yes", "no: every new order is denied")),
        ("killed", _good(not state["killed"], "no", f"YES, by: {killed}")),
        ("deadman", _good(not state["deadman_expired"], "alive", "EXPIRED: the host is silent")),
    ]
    for name in ("killed_venues", "killed_accounts", "killed_instruments", "killed_strategies"):
        if state[name]:
            rows.append((name.replace("_", " "), Text(", ".join(state[name]), "bold red")))
    for name in ("halted", "reducing", "widened"):
        held = ", ".join(n for n in state[f"{name}_instruments"] if not n.startswith("#"))
        if held:  # rows without a name are closed anyway
            rows.append((f"{name} by the breaker", Text(held, "yellow")))
    for name, text in (
        ("limits_fault", "a write of limits was refused and is not dropped"),
        ("locked_out", "arming is locked out after refused answers"),
        ("cancelling", "cancels are being sent"),
    ):
        if state[name]:
            rows.append((name.replace("_", " "), Text(text, "yellow")))
    for name in ("open_orders", "orders_passed", "orders_denied", "report_faults"):
        rows.append((name.replace("_", " "), state[name]))
    print_table(("", "risk gate"), rows)
    if state["denials"]:
        denied = sorted(state["denials"].items(), key=lambda item: -item[1])
        print_table(("first check that failed", "orders"), denied, right=("orders",))


def _good(good: bool, yes: str, no: str) -> Text:
    return Text(yes, "green") if good else Text(no, "bold red")


def _print_holdings(result: dict[str, Any]) -> None:
    if result["positions"]:
        held = result["positions"].items()
        print_table(("instrument", "position [lots]"), held, right=("position [lots]",))
    if result["orders"]:
        columns = list(result["orders"][0])
        print_table(columns, [list(order.values()) for order in result["orders"]])


def _print_limits(result: dict[str, Any], limits: Limits | None) -> None:
    if limits is None:
        click.echo("No limits were set since the device started: every new order is denied.")
        return
    if not result["limits_as_set"]:
        click.echo("The limits of the device are NOT those that were set last with these commands.")
    print_table(("limit", "in force"), flat(result["limits"]).items())
