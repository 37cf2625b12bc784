"""``tickgate exchange``: a simulated exchange on this machine, for any ITCH and OUCH client."""

import asyncio
import signal
from typing import Any, Final

import click

from host.cli.output import CliError, json_option, print_json, print_note, print_table
from sim.cli.failures import explained
from sim.exchange.accounts import Account
from sim.exchange.calibration import MIXES
from sim.exchange.day import DayOptions, serve_day
from sim.exchange.engine import Listing
from sim.exchange.feed import LineFaults
from sim.exchange.server import ExchangeServer, ServerOptions

__all__ = ["exchange"]

_SYMBOLS: Final = ("ALFA", "BRAVO", "CHARLIE", "DELTA")
_SHARE: Final = click.FloatRange(0, 1)
_PORT: Final = click.IntRange(0, 65_535)

_HELP: Final = """Run a simulated exchange until it is interrupted.

It matches orders by price and time. Orders come by OUCH 5.0 in SoupBinTCP on TCP; market data
leave as ITCH 5.0 in MoldUDP64 on two UDP lines; what a line loses can be asked for again on a
third port. Participants make a market, unless --rate is 0.

Nothing leaves this machine: without other options it listens and sends on 127.0.0.1 only.

Exit status: 0 the day is over, 1 it could not begin, 2 usage.
"""


def _address(_: click.Context, __: click.Parameter, value: str) -> tuple[str, int]:
    host, _colon, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise click.BadParameter(f"expected HOST:PORT, got {value!r}")
    return host, int(port)


def _accounts(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[Account]:
    found = []
    for value in values:
        if value.count(":") != 2:
            raise click.BadParameter(f"expected USER:PASSWORD:FIRM, got {value!r}")
        try:
            user, password, firm = value.split(":")
            found.append(Account(user, password, firm))
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return found


def _listings(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[Listing]:
    try:
        return [Listing(symbol=symbol) for symbol in dict.fromkeys(values)]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(help=_HELP)
@click.option(
    "--symbol",
    "listings",
    multiple=True,
    default=_SYMBOLS,
    show_default=True,
    callback=_listings,
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    default=("trader:trader:TGTE",),
    show_default=True,
    metavar="USER:PASSWORD:FIRM",
    callback=_accounts,
    help="Who may log on; again for each.",
)
@click.option(
    "--cancel-on-disconnect", is_flag=True, help="Cancel an account's orders when it goes."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--order-port", type=_PORT, default=26_400, show_default=True, help="TCP, OUCH.")
@click.option(
    "--snapshot-port", type=_PORT, default=26_404, show_default=True, help="TCP, GLIMPSE."
)
@click.option(
    "--request-port", type=_PORT, default=26_401, show_default=True, help="UDP, retransmission."
)
@click.option(
    "--line-a",
    default="127.0.0.1:26402",
    show_default=True,
    callback=_address,
    help="Where line A goes, unicast or multicast.",
)
@click.option("--line-b", default="127.0.0.1:26403", show_default=True, callback=_address)
@click.option("--loss", type=_SHARE, default=0.0, help="Share of packets that each line loses.")
@click.option("--duplicate", type=_SHARE, default=0.0, help="Share that comes twice.")
@click.option("--reorder", type=_SHARE, default=0.0, help="Share that is held back.")
@click.option("--delay-ms", type=click.FloatRange(0), default=0.0, help="Of every packet.")
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=1_000.0,
    show_default=True,
    help="Actions of the participants a second.",
)
@click.option("--mix", type=click.Choice(list(MIXES)), default="nasdaq", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(0), default=0.0, help="End the day by itself after so long."
)
@json_option
def exchange(as_json: bool, **given: Any) -> None:
    """Run a simulated exchange until it is interrupted."""
    options = _options(given)
    with explained():
        summary = asyncio.run(_run(options))
    if as_json:
        print_json(summary)
    else:
        _show(summary)


def _options(given: dict[str, Any]) -> DayOptions:
    faults = LineFaults(
        loss=given["loss"],
        duplication=given["duplicate"],
        reordering=given["reorder"],
        delay=given["delay_ms"] / 1000,
    )
    for account in given["accounts"]:
        account.cancel_on_disconnect = given["cancel_on_disconnect"]
    return DayOptions(
        listings=tuple(given["listings"]),
        accounts=tuple(given["accounts"]),
        server=ServerOptions(
            host=given["host"],
            order_port=given["order_port"],
            snapshot_port=given["snapshot_port"],
            request_port=given["request_port"],
            lines=[given["line_a"], given["line_b"]],
            faults=[faults, faults],
            seed=given["seed"],
        ),
        rate=given["rate"],
        mix=given["mix"],
        seed=given["seed"],
        seconds=given["seconds"],
    )


async def _run(options: DayOptions) -> dict[str, Any]:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        return await serve_day(options, stop=stop, ready=_announce)
    except OSError as error:
        raise CliError(f"the exchange cannot open its sockets: {error}", code="socket") from error


def _announce(server: ExchangeServer) -> None:
    (a, b), requests = server.options.lines, server.request_address
    print_note(f"orders {server.order_address[0]}:{server.order_address[1]}")
    print_note(f"lines {a[0]}:{a[1]} {b[0]}:{b[1]}, retransmission {requests[0]}:{requests[1]}")
    print_note(f"session {server.exchange.feed.session}")
    print_note(f"snapshots {server.snapshot_address[0]}:{server.snapshot_address[1]}")


def _show(summary: dict[str, Any]) -> None:
    rows: list[tuple[str, object]] = [
        (name.replace("_", " "), summary[name])
        for name in ("session", "requests", "messages", "crowd_actions", "retransmissions")
    ]
    for name, line in zip("AB", summary["lines"], strict=True):
        rows.append((f"line {name}", ", ".join(f"{v} {k}" for k, v in line.items())))
    for user, account in summary["accounts"].items():
        rows.append((f"account {user}", f"{account['told']} answers"))
    rows += sorted(summary["problems"].items())
    print_table(("the day", "count"), rows, right=("count",))
